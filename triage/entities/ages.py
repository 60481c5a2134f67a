"""Ages: "22 år", "22-årig", "22 y.o.", "Hun er 24,", "kun 21". A stretch of time is none: "i 22 år", "2 års garanti"."""

from __future__ import annotations

import re

from triage.entities.numerals import WORDS
from triage.entities.reading import Reading

_N = r"\d{1,2}(?: ?(?:-|til|to) ?\d{1,2})?"
_UNIT = (
    r"(?: ?-? ?(?:år|aar)(?: gammel| gamle| gammelt|\b)| ?-?(?:års)?-?(?:årig|aarig|års? alderen)\w{0,2}|"
    r" ?(?:y\.? ?/?o\.?(?![^\W_])|yrs?\b(?: old)?|years?[ -]old|years\b)|"
    r" ?-?(?:jahre|jährige?|ans|años|anos|lat|ani|years? of age)\b)"
)
_AGE = re.compile(rf"(?<![\w/+])(?<!\d[.,:-])(?P<n>{_N}){_UNIT}")
_BEFORE_LAST = re.compile(
    r"(?<![\w/+.,:-])(?P<first>\d{1,2})(?:, ?(?P<second>\d{1,2}))? ?(?P<joint>og|and|&|eller) ?\Z"
)
_BETWEEN = re.compile(r"(?<![^\W_])(?:mellem|between) (?:\d{1,2}) ?(?:og|and) ?\Z")
_PERSON = (
    r"(?:kvinder?|mand|mænd|herrer?|fyre?|\w{0,12}piger?|piger?ne|\w{0,8}dreng\w{0,3}|damer?|barn|\w{0,8}børn\w{0,3}|"
    r"datter|døtre|søn|sønner|"
    r"tvilling\w{0,4}|person\w{0,3}|borger\w{0,2}|folk|unge?|elever?|kunder?|gæster?|venner|par|mennesker|lad(?:y|ies)|"
    r"girls?|wom[ae]n|m[ae]n|"
    r"guys?|people|kids|children)"
)
_OF_PERSON = re.compile(
    rf"(?<![^\W_])(?:{_PERSON}|jeg|hun|han|de|være|er|skal være|fyldt)(?: \w{{2,9}})? (?:på|over|under|mindst|fyldt|fra|"
    rf"omkring|mellem|between|over the age of)"
    r"(?: ca\.?| cirka)? \Z"
)
_LIMIT = re.compile(r"(?<![^\W_])(?:under|u\.|u/|være mindst|er mindst|være over|over the age of|\+) ?\Z")
_NAMED_ON = re.compile(r"(?<![^\W_])[A-ZÆØÅ][^\W\d_]{1,19} på \Z")
_WORDED = re.compile(r" år(?: gammel| gamle)?(?!\w)| ?-?årige?(?!\w)| years? old(?!\w)")
_LAST_WORD = re.compile(r"(?<![^\W_])[^\W\d_]{3,30}\Z")
_SURE = re.compile(r"gam|old|rig|o\.?$|alder|jähr|of age")
_TWO = re.compile(r"(?<![\w/+])(?<!\d[.,:-])[1-9]\d(?:(?: ?- ?| og | and )[1-9]\d)?(?![\w%]|[.,:/-]\d)")
_ALTER = re.compile(r"(?<![^\W_])(?:alder|age|aged|ages|alter|alderen)(?: er| is)?[ :=-]{1,3}\Z|🎂 ?\Z")
_ADVERB = (
    r"(?:(?:kun|lige|blot|nu|about|ca\.|ca|cirka|only|just|allerede|fyldt|måske|vel|omkring|over|under|mindst|nok|"
    r"nærmere|snart|næsten|knap|"
    r"på|around|maybe) ){0,2}"
)
_IS = re.compile(
    rf"(?<![^\W_])(?<!-)(?:jeg er|hun er|han er|jeg bliver|hun bliver|hun var|han var|i am|i'm|i’m|im|she is|she's|"
    rf"he is|pt\.? er|fylder|(?<!det )blev|"
    rf"{_PERSON}|enke|enkemand|single|moden|ung|ældre|ingen|ikke),? {_ADVERB}\Z|, er {_ADVERB}\Z|\A\W{{0,4}}\w{{3,15}}, \Z"
)
_SAYS = re.compile(
    r"(?<![^\W_])(?:skriver|siger|påstår|oplyser|ligner|nærmere|mindst|says)(?: hun er| han er)? (?:kun |nok )?\Z"
)
_AFTER_IS = re.compile(
    r"\s*$|[,;!?)\n]|\.(?!\d)| og (?!\d\d(?!\d))| med | and (?!\d\d(?!\d))| fra | from | i | men | på søndag| søger |"
    r" privat | - |/"
)
_ONLY = re.compile(r"(?<![^\W_])(?:kun|only|blot|bare|just|ung|young|frisk|fyldt|moden|new|ny)(?: på)? \Z")
_AFTER_ONLY = re.compile(
    r"\s*(?:\Z|[^\w\s,.%:/-]|[!.,]+(?!\d)(?:\s|\Z))|\n| og lige| og meget| og ny| og sød|"
    r" and new"
)
_STRETCH_BEFORE = re.compile(
    r"(?:\bi|\bom|\bfor|\befter|\bgennem|\bigennem|\bover de sidste|\bsidste|\bseneste|\bnæste|\bfirste|\bover|"
    r"\bmed|\bcirka|\bca\.|\bknap|\bgodt|\bmere end|\bbinding|\bfem|\bin|\bfor over|"
    r"\bførst om|\bharde|\bhver|\bhvert|\bde|\bsamlet|\bmindst|\bafter|\bfirmaet er|\btilladelse|\bhalvandet|"
    r"\bnæsten|\bpå)(?: de| mere end| over| næsten| snart| cirka| ca\.)?[ ]$"
)
_STRETCH_AFTER = re.compile(
    r"s\b|[ ]?(?:siden|uden|i |som|erfaring|med erfaring|garanti|fængsel|experience|in |ago|endnu|tilbage|"
    r"senere|frem|ad gangen|på (?!vej)|hos|her)(?:(?<= )|(?![^\W_]))"
)
_YOUNGEST_BARE = 16
_NEAR = 30


def find(reading: Reading) -> None:
    """Claim all ages."""
    text = reading.lower
    for match in _AGE.finditer(text):
        if _is_age(reading, match):
            _claim_with_those_before(reading, match)
    if "år" in text or "old" in text:
        for match in _WORDED.finditer(text):
            word = _LAST_WORD.search(text, max(0, match.start() - 30), match.start())
            number = WORDS.get(word[0]) if word and len(word[0]) > 4 else None
            if word and number and int(number) >= _YOUNGEST_BARE and not _is_stretch(text, word.start(), match.end()):
                reading.claim("age", word.start(), match.end(), number)
    for match in _TWO.finditer(text):
        start, end = match.span()
        near = max(0, start - _NEAR)
        first, _, second = re.sub(r"[^\d]+", "-", match[0]).partition("-")
        is_young = 18 <= int(first) < 30 and not second
        if second and (int(first) < 18 or text[max(0, start - 4) : start] == "søn "):  # hours of a Sunday
            continue
        if (
            _ALTER.search(text, near, start)
            or (
                _AFTER_IS.match(text, end)
                and (
                    _IS.search(text, near, start)
                    or (16 <= int(first) < 40 and _SAYS.search(text, near, start))
                    or (second and _OF_PERSON.search(text, near, start))
                )
            )
            or (
                (is_young or text[max(0, start - 6) : start] == "moden ")
                and _AFTER_ONLY.match(text, end)
                and _ONLY.search(text, near, start)
            )
        ):
            reading.claim("age", start, end, f"{first}-{second}" if second else first)


def _claim_with_those_before(reading: Reading, match: re.Match[str]) -> None:
    """Claim an age, and the ages that share its word: "2, 5 og 8 år", "mellem 20 og 30 år"."""
    start, end = match.span()
    value = re.sub(r" ?(?:-|til|to) ?", "-", match["n"])
    others = _BEFORE_LAST.search(reading.lower, max(0, start - 14), start) if "-" not in value else None
    if others and _BETWEEN.search(reading.lower, max(0, start - 20), start):
        reading.claim("age", others.start("first"), end, f"{others['first']}-{value}")
        return
    reading.claim("age", start, end, value)
    for group in ("first", "second") if others else ():
        if others and others[group]:
            reading.claim("age", *others.span(group), others[group])


def _is_stretch(text: str, start: int, end: int) -> bool:
    near = max(0, start - _NEAR)
    return _STRETCH_AFTER.match(text, end) is not None or (
        _STRETCH_BEFORE.search(text, near, start) is not None
        and _OF_PERSON.search(text, near, start) is None
        and _LIMIT.search(text, near, start) is None
        and not text.endswith("en på ", near, start)
    )


def _is_age(reading: Reading, match: re.Match[str]) -> bool:
    text, start = reading.lower, match.start()
    if _SURE.search(match[0]):
        return True
    near = max(0, start - _NEAR)
    before = text[near:start]
    is_of = (
        _NAMED_ON.search(reading.cased, near, start)
        or _OF_PERSON.search(before)
        or (_LIMIT.search(before) and not before.endswith("på under "))
    )
    if _STRETCH_AFTER.match(text, match.end()) and not (
        is_of and text[match.end() : match.end() + 4] in (" som", " i ", " på ")
    ):
        return False
    if is_of:
        return True
    if _is_stretch(text, start, match.end()):
        return False
    first = int(re.match(r"\d+", match["n"])[0])  # type: ignore[index]
    if first >= _YOUNGEST_BARE:
        return True
    return re.search(r"(?:\ber|\bfyldt|\bbliver|,|\(|\d og|\d,) ?$", before) is not None and first > 0
