"""Opening hours: "10-22", "kl. 9.00 til 17.30", "døgnåben", "24/7". The value is "10:00-22:00"."""

from __future__ import annotations

import re

from triage.entities.reading import Reading

_CLOCK = r"(?:[01]?\d|2[0-4])(?:[:.][0-5]\d)?"
_RANGE = re.compile(
    rf"(?<![\w/+.,:-])(?<!\d )(?P<kl>(?:fra |"
    rf"from )?(?:kl\.? ?)?)(?P<a>{_CLOCK})(?P<ap> ?[ap]\.?m\.?)?(?P<s> ?- ?| ?(?:til|to|og til|till|until|"
    rf"bis) ?)(?:kl\.? ?)?(?P<b>{_CLOCK})(?P<bp> ?[ap]\.?m\.?(?!\w))?"
    r"(?P<h> ?uhr(?![^\W_]))?(?![\w/%]|[.,:-]\d|\.[a-zæøå]| ?[-–] ?\d)"
)
_BETWEEN = re.compile(
    rf"(?<![^\W_])(?:mellem|between) (?:kl\.? ?)?(?P<a>{_CLOCK}) (?:og|"
    rf"and) (?:kl\.? ?)?(?P<b>{_CLOCK})(?![\w/%]|[.,:-]\d)"
)
_ALWAYS = re.compile(
    r"(?<![\w/])(?:24 ?/ ?7|(?<![.,:-])0?0(?:[:.]00)?-24(?:[:.]00)?(?![.,:-]\d)|"
    r"24 ?t(?:imer)?(?: i døgnet| /? ?7)?(?= åben|$|[\s.,!]*\n| i døgnet)|"
    r"24 ?h(?:ours)?(?: ?/ ?7(?: tage| days)?)?(?![^\W_])|24 timer i døgnet|døgnåbent?|døgn åbent?|døgnet rundt|"
    r"(?:åben |åbent )?(?:hele døgnet|hele døgn)|non[- ]?stop|around the clock|open all day and night|"
    r"åbent? dag og nat|24 hours|24-7)(?![\w/])"
)
_CUE = re.compile(
    r"åb[ne]|open|opening|kl\.? ?$|tid|træff|hver|dagligt?|daglig|hours|mandag|tirsdag|onsdag|torsdag|fredag|"
    r"lørdag|søndag|monday|tuesday|wednesday|thursday|friday|saturday|sunday|"
    r"weekend|hverdage|(?<![^\W_])(?:man|tir|tirs|ons|tor|tors|fre|lør|søn|mon|tue|wed|thu|fri|sat|sun|"
    r"alle dage|ring|mellem|vagt|arbejd\w{0,6}|dagvagt|nattevagt|nat|nights?|morgen\w{0,5}|aften\w{0,5}|svarer|vågen|"
    r"work|works|passer|frokost|tager imod|træffes)(?![^\W_])|[🕐-🕧⏰⌚]|"
    r"(?:\A|[\n,;/-] ?)(?:ma|ti|on|to|fr|lø|sø)[.:]? ?\Z"
)
_CUE_AFTER = re.compile(
    r"[ ,]{1,2}\(?(?:alle dage|hver dag|hverdage?|dagligt?|every ?day|daily|all days|mandag|tirsdag|onsdag|torsdag|"
    r"fredag|lørdag|søndag|"
    r"man-|ma-|man til|hele ugen|i weekenden|også)(?![^\W_])"
)
_ALONE = re.compile(r"(?:\A|\n|[^\w\s.,:;!?()'\"/&%+-])[^\w\n.,:;(]{0,3}\Z")
_ALONE_AFTER = re.compile(r" ?(?:\Z|\n|[^\w\s.,:;!?()'\"/&%+-])")
_PEOPLE = re.compile(
    r"(?:piger|damer|kvinder|mænd|mennesker|unge|børn|personer|women|men|girls|people|aged?|alder(?:en)?|er) \Z"
)
_UNIT = re.compile(
    r" ?(?:år|kr|mand|mænd|m2|m²|kg|cm|km|min|timer|dage|uger|gange|pers|stk|piger|damer|kunder|måned|mdr|plads|"
    r"procent|%|€|euro|år|gæster|værelser|meter|sal|\.? ?(?:januar|februar|marts|april|maj|juni|juli|august|"
    r"sept|okt|nov|dec))"
)
_NEAR = 32


def find(reading: Reading) -> None:
    """Claim hours; a bare "10-22" only where the words before it are about time."""
    text = reading.lower
    for match in _ALWAYS.finditer(text):
        reading.claim("hours", *match.span(), "00:00-24:00")
    for match in _RANGE.finditer(text):
        if _is_hours(text, match):
            first = match["bp"] if _needs_half(match) else match["ap"]
            value = f"{_time(match['a'], first)}-{_time(match['b'], match['bp'])}"
            reading.claim("hours", match.start("a"), match.end(), value)
    for match in _BETWEEN.finditer(text):
        near = text[max(0, match.start() - _NEAR) : match.start()]
        if (
            int(re.split(r"[:.]", match["a"])[0]) < 24
            and not _UNIT.match(text, match.end())
            and ("kl" in match[0] or _CUE.search(near) or "ring" in near or _is_told(text, match))
        ):
            reading.claim(
                "hours", match.start("a"), match.end(), f"{_time(match['a'], None)}-{_time(match['b'], None)}"
            )


def _needs_half(match: re.Match[str]) -> bool:
    """Whether "1-5 pm" means that both are in the afternoon."""
    return (
        not match["ap"]
        and bool(match["bp"])
        and int(re.split(r"[:.]", match["a"])[0]) < int(re.split(r"[:.]", match["b"])[0])
    )


def _is_hours(text: str, match: re.Match[str]) -> bool:
    if match["kl"] or match["h"] or match["bp"]:
        return True
    if all(re.search(r"[:.]", match[x]) for x in "ab"):
        return True
    if _UNIT.match(text, match.end()) or match["a"] == match["b"]:
        return False
    line = text.rfind("\n", 0, match.start()) + 1
    near = max(0, line - 1, match.start() - _NEAR)
    return (
        _CUE.search(text, near, match.start()) is not None
        or _CUE_AFTER.match(text, match.end()) is not None
        or _looks_like_hours(match)
        or (_ALONE.search(text, max(0, match.start() - 5), match.start()) and _ALONE_AFTER.match(text, match.end()))
        is not None
    )


def _is_told(text: str, match: re.Match[str]) -> bool:
    """Whether "mellem 18 og 20" ends a part of a sentence and is about no people."""
    near = max(0, match.start() - 20)
    ends = text[match.end() : match.end() + 1] in ("", ".", ",", "\n", "!", ")") or text.startswith(
        (" på", " alle", " hver"), match.end()
    )
    return ends and _PEOPLE.search(text, near, match.start()) is None


def _looks_like_hours(match: re.Match[str]) -> bool:
    """Whether "20-05" or "10-17.30" is written as times are: over midnight with a nought, or with quarters of an hour."""
    first, second = match["a"], match["b"]
    quarters = [re.search(r"[:.](?:00|15|30|45)\Z", x) for x in (first, second)]
    others = [x for x, quarter in zip((first, second), quarters, strict=True) if not quarter]
    if any(quarters) and all(x.isdigit() for x in others):
        return True
    return re.fullmatch("0[1-6]", second) is not None and first in ("18", "19", "20", "21", "22", "23")


def _time(clock: str, half: str | None) -> str:
    hour, minute = (*re.split(r"[:.]", clock), "00")[:2]
    number = int(hour)
    if half and "p" in half and number < 12:
        number += 12
    return f"{number:02}:{minute}"
