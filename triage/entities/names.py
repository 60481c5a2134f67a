"""Names that a text gives of itself: "jeg hedder Maria", "Hi, I'm Anna", "Kh Anna", a title "Birthe, 62 år". Few and sure."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from triage.entities.reading import Reading

_WORD = r"[A-ZÆØÅÉÖÄÜŠŽŁĐÇ][^\W\d_]{1,19}(?:-[A-ZÆØÅ][^\W\d_]{1,19})?"
_NAME = rf"(?P<name>{_WORD}(?: (?!Og|And|På|Fra|I ){_WORD}){{0,2}})(?![\w@])"
_SELF = re.compile(
    rf"(?<![^\W_])(?:[Jj]eg hedder|[Jj]eg hed|[Mm]it navn er|MIT NAVN ER|JEG HEDDER|[Kk]ald mig|[Mm]y name is|"
    rf"[Mm]y name's|[Cc]all me|[Nn]ame is|[Hh]edder|[Nn]avn:|[Nn]ame:|"
    rf"[Ss]pørg efter|[Aa]sk for|[Ii]ch heiße|[Ii]ch bin die|[Mm]e llamo|[Ss]oy|[Mm]ă numesc|[Mm]am na imię|"
    rf"[Rr]ing til|[Rr]ing og spørg efter|[Ss]kriv til|[Bb]ook hos|[Hh]envend dig til|[Tt]al med|[Kk]ontakt|"
    rf"[Tt]elefonen passes af) {_NAME}"
)
_GREETING = re.compile(
    rf"(?<![^\W_])(?:[Hh]ej|[Hh]ej med dig|[Hh]i|[Hh]ello|[Hh]ey|[Hh]allo|[Hh]ej drenge|[Ss]awadee ka|"
    rf"[Hh]i guys|[Hh]ejsa|[Gg]oddag)[\s,.!:*~❤💋🌸-]{{1,4}}"
    rf"(?:(?:[Jj]eg er|[Jj]eg|[Ii] am|[Ii]['’]?m|[Dd]et er|[Mm]it navn|[Tt]his is|[Dd]et er mig,?) {_NAME}|"
    rf"(?P<name2>{_WORD}) (?:her|here)(?![^\W_]))"
)
_AM = re.compile(
    rf"(?<![^\W_])(?:I am|I['’]m|[Jj]eg er|[Dd]et er mig,?|[Dd]et er mig igen,?|"
    rf"[Ii]gen,) (?P<name>{_WORD})(?=[,.!]| og | and |\s+\d\d\b|\s*$|\s*\n)"
)
_SIGNED = re.compile(
    rf"(?<![^\W_])(?:[Kk]h|KH|[Kk]nus|[Kk]ys|[Hh]ilsen|[Mm]vh|MVH|[Mm]ed venlig hilsen|[Vv]enlig hilsen|"
    rf"[Kk]ærlig hilsen|[Kk]ind regards|[Bb]est regards|[Rr]egards|[Ll]ove|[Kk]isses|[Xx]oxo|"
    rf"[Hh]ilsner|[Mm]\.?v\.?h\.?|[Dd]e bedste hilsner|[Bb]h|[Gg]rüße|"
    rf"LG)(?: fra)?[\s,.:!-]{{1,3}}{_NAME}(?=[\s.,!)/&+-]*(?:\n|\Z|\+?\d|tlf|Tlf)| og |, )"
)
_LAST = re.compile(rf"(?:[.!?)] |\n\W{{0,4}})(?P<name>{_WORD}(?: {_WORD})?)[^\w.]{{0,4}}\Z")
_TITLE = re.compile(
    rf"\A\W{{0,8}}(?P<name>{_WORD}|[A-ZÆØÅ]{{3,12}})(?:,? | \(| - |: | \| |/)(?P<age>[1-7]\d)(?: ?år|[,.)\n!*]|"
    rf"\Z| -| [^\W\d_]| [^\w\s])"
)
_BEFORE_PHONE = re.compile(
    rf"(?:\A|[.!?\n] ?|, |[Rr]ing til |[Rr]ing |[Ss]ms |[Tt]il |mig, |"
    rf"[Hh]ilsen )(?P<name>{_WORD}(?: {_WORD})?)(?:,|:| på| -)? (?:på |tlf\.? |[📞☎] ?)?\Z"
)
_AFTER_PHONE = re.compile(rf"[,.!]? ?(?:\n|- |/ ?|\()?(?P<name>{_WORD})(?=[.!)]?\s*(?:\Z|\n)|\. [A-ZÆØÅ]|, )")
_GIVEN = re.compile(r"(?<![^\W_])(?P<first>[A-ZÆØÅ][^\W\d_]{1,15})(?:-[A-ZÆØÅ][^\W\d_]{1,15})?(?![\w@])")
_JOINT = re.compile(r"\s{0,2}(?:,|&|\+|/|og|and|eller|·|•|\||[^\w\s.,:;!?()'\"-]{1,3})\s{0,2}(?=[A-ZÆØÅ])")
_AGE = re.compile(r"(?:, ?| \(?|: )(?P<age>[1-7]\d)(?=[,.)!]\D|[,.)!]?\Z|\n| og | & | \+ | [^\w\s]|, )")
_NO_NAME_ENDINGS = ("en", "et", "else", "ing", "attest", "vej", "gade", "erne", "hus", "tid")
_HERE = re.compile(rf"(?<![^\W_])(?P<name>{_WORD}) (?:her|here)(?=[,.!:]| igen)")
_YOUNGEST = 18
_LOWER_SELF = re.compile(
    r"(?<![^\W_])(?:jeg hedder|mit navn er|my name is|"
    r"kald mig) (?P<name>[^\W\d_]{2,15})(?![\w@])"
)
_NO_LOWER = frozenset(
    "ikke noget det jo nu så bare også altså egentlig det samme som og en et den sådan hvad noget andet i på "  # noqa: SIM905
    "not a the what hemmelig ligegyldigt privat "
    "lige stadig hverken kun faktisk ham hende".split()
)


_GATES = (
    (
        _SELF,
        (
            "skriv til",
            "book hos",
            "henvend",
            "tal med",
            "hedder",
            "hed ",
            "navn",
            "name",
            "mig",
            "me ",
            "spørg",
            "ask",
            "hei",
            "ich",
            "soy",
            "numesc",
            "imię",
            "ring til",
            "kontakt",
            "passes",
        ),
    ),
    (_GREETING, ("hej", "hi", "hello", "hey", "hallo", "goddag", "sawadee")),
    (_AM, ("i am", "i'm", "i’m", "jeg er", "igen,", "mig,")),
    (_SIGNED, ("kh", "knus", "kys", "hils", "mvh", "regards", "love", "kiss", "xo", "m.v", "mv.", "bh", "grüße", "lg")),
    (_HERE, (" her", " here")),
    (_LAST, ("",)),
)
"""Each pattern with what is in every text it is in, in lower case."""


@cache
def _words(file: str) -> frozenset[str]:
    """The words of a list, in lower case."""
    lines = files("triage.entities").joinpath(file).read_text("utf-8").splitlines()
    return frozenset(name for line in lines if not line.startswith("#") for name in line.split())


def find(reading: Reading) -> None:
    """Claim names; a place is claimed before and stays one."""
    text, lower = reading.cased, reading.lower
    for pattern, signs in _GATES:
        if any(x in lower for x in signs):
            for match in pattern.finditer(text):
                group = "name" if match["name"] else "name2"
                if pattern is not _LAST or _is_given(match[group]) or (match[0][0] == "\n" and len(match[group]) > 3):
                    _claim(reading, *match.span(group))
    for match in _LOWER_SELF.finditer(lower):
        if match["name"] not in _NO_LOWER:
            _claim(reading, *match.span("name"))
    if (
        (title := _TITLE.match(text))
        and int(title["age"]) >= _YOUNGEST
        and (_is_given(title["name"]) or ("," in title[0] and not title["name"].endswith(_NO_NAME_ENDINGS)))
    ) and _claim(reading, *title.span("name")):
        reading.claim("age", *title.span("age"), title["age"])
    _find_by_phones(reading)
    _find_given(reading)


def _is_given(name: str) -> bool:
    return re.split("[ -]", name)[0].lower() in _words("given_names.txt")


def _find_by_phones(reading: Reading) -> None:
    """Claim names beside a phone."""
    text = reading.cased
    for kind, start, end in list(reading.claims):
        if kind != "phone":
            continue
        if before := _BEFORE_PHONE.search(text, max(0, start - 40), start):
            name = before["name"]
            if _is_given(name) or not name.endswith(_NO_NAME_ENDINGS):
                _claim(reading, *before.span("name"))
        if after := _AFTER_PHONE.match(text, end):
            name = after["name"]
            if _is_given(name) or not (name.endswith(_NO_NAME_ENDINGS) or text[after.end() :].strip(" .!)")):
                _claim(reading, *after.span("name"))


def _find_given(reading: Reading) -> None:
    """Claim given names of the list where they stand as a title, in a row of names, or beside an age or a place."""
    text = reading.cased
    places = {start for kind, start, _ in reading.claims if kind in ("place", "age", "phone")}
    chain: list[tuple[int, int, bool]] = []  # words joined as names in a row are, and whether each is in the list
    for match in _GIVEN.finditer(text):
        start, end = match.span()
        known = match["first"].lower() in _words("given_names.txt")
        joint = _JOINT.match(text, chain[-1][1]) if chain else None
        if joint is None or joint.end() != start:
            _claim_chain(reading, chain)
            chain = []
        chain.append((start, end, known))
        if not known:
            continue
        age = _AGE.match(text, end)
        is_title = (
            not text[max(0, start - 12) : start].strip(" .,*~-♡❤🌸💋👑\n")
            and start < 12
            and text[end : end + 1] in (",", ".", "\n", " ", "!", ":")
        )
        if age and int(age["age"]) >= _YOUNGEST and _claim(reading, start, end):
            reading.claim("age", *age.span("age"), age["age"])
        elif is_title or any(end + n in places and not text[end : end + n].strip(" ,:(-i") for n in (1, 2, 3, 4)):
            _claim(reading, start, end)
    _claim_chain(reading, chain)


def _claim_chain(reading: Reading, chain: list[tuple[int, int, bool]]) -> None:
    """Claim names in a row, if most of them are in the list."""
    known = sum(is_known for _, _, is_known in chain)
    if known > 1 and 2 * known >= len(chain):
        for start, end, _ in chain:
            _claim(reading, start, end)


def _claim(reading: Reading, start: int, end: int) -> bool:
    """Claim the words of a span up to the first that is no name."""
    words = reading.cased[start:end].split(" ")
    kept = []
    for word in words:
        if word.lower() in _words("not_names.txt") or not reading.is_free(start, start + len(word)):
            break
        kept.append(word)
    name = " ".join(kept)
    value = name.title() if name.isupper() or name.islower() else name
    return bool(name) and reading.claim("name", start, start + len(name), value)
