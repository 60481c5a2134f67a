"""Given names of the list wherever they stand as a name does, with the surname after them; and rows of names: "Pim, Dao og Nok".

Names that are words too ("Hans", "Line") count within a sentence, beside an age or a place, as a title or in a row. What the text
has as a name once is one again. A firm's ("Salon Louise", "Lotte Massage") and a street's are none.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from triage.entities.reading import Reading

WORD = r"[A-ZÆØÅÉÖÄÜŠŽŁĐÇ][^\W\d_]{1,19}(?:-[A-ZÆØÅ][^\W\d_]{1,19})?"
_GIVEN = re.compile(rf"(?<![\w@.-]){WORD}(?![\w@]|[.-]\w)")
_SURNAME = re.compile(rf" (?:(?:von|van|de|al) )?{WORD}(?![\w@])")
WORDS_TOO = frozenset(
    "ane august bee bo comfort else elif finn flora frede gift grace hans hope jade joy lan line lis loan love lykke "  # noqa: SIM905
    "mae may nok palle "
    "patience per precious rob roman rose sten sune thi tilde tom tord tore trang iris blessing mai max robin".split()
)
_FIRM_BEFORE = re.compile(
    r"(?:salon|klinik|hotel|hotellet|café|cafe|restaurant|kro|bar|butik|studio|clinic|firmaet|sankt|sct\.?|skt\.?|st\.|"
    r"dronning) \Z"
)
_FIRM_AFTER = re.compile(
    r"(?:['’]?s)? (?:Massage|Wellness|Salon|Klinik|Clinic|Spa|Studio|Shop|Rengøring|Bar|Caf[eé]|Beauty|Hair|Frisør|"
    r"Negle|Nails|Vej|"
    r"Gade|Allé|Plads|Kirke|Skole|ApS|A/S|I/S)(?![^\W_])"
)
_JOINT = re.compile(r"\s{0,2}(?:,|&|\+|/|og|and|eller|·|•|\||[^\w\s.,:;!?()'\"-]{1,3})\s{0,2}(?=[A-ZÆØÅ])")
_CLOSE = re.compile(r"\s{0,2}(?:&|\+|/|og|and) ?\Z")
_AGE = re.compile(
    r"(?:, ?| \(?| ?: ?| ?- ?|\s{0,2}[^\w\s!-/:-@\[-`{-~§°«»…]{1,3}\s{0,2})(?P<age>[1-7]\d)(?=[,.)!]\D|[,.)!]?\Z|\n|"
    r" og | & | \+ |"
    r" ?[^\w\s.,:/%-]| - |, | [a-zæøå]{4})"
)
_WITHIN = re.compile(r"[a-zæøå]{2},? \Z")
_ROLE = re.compile(r"([^\W\d_]+\.?),? \Z")
_ROLES = frozenset(
    "borger borgeren beboer beboeren klient klienten lejer lejeren udlejer ejer ejeren nabo naboen chef chefen "  # noqa: SIM905
    "bogholderen læge dr. "
    "doktor advokat advokaten pastor præst præsten murer tømrer maler bager slagter gartner frisør frisøren massør vært "
    "konsulent assistent betjent "
    "bogholder kok kokken chauffør mand mor far søn datter bror søster veninde ven onkel tante kone kæreste sister "
    "brother husband "
    "wife friend boss manager fru hr hr. frk frk. mr mr. mrs mrs. ms ms. miss".split()
)
_ROLE_ENDINGS = (
    "leder",
    "lærer",
    "behandler",
    "person",
    "mester",
    "terapeut",
    "formand",
    "vært",
    "lederen",
    "læreren",
    "behandleren",
)
_IN_BRACKETS = re.compile(r" ?\((?:1[89]|[2-5]\d)(?: ?år)?\)")
_MOST_JOINED = 8
YOUNGEST = 18


@cache
def words(file: str) -> frozenset[str]:
    """The words of a list, in lower case."""
    lines = files("triage.entities").joinpath(file).read_text("utf-8").splitlines()
    return frozenset(name for line in lines if not line.startswith("#") for name in line.split())


def is_given(name: str) -> bool:
    """Whether the first of some words is a given name of the list."""
    return re.split("[ -]", name, maxsplit=1)[0].lower() in words("given_names.txt")


def claim(reading: Reading, start: int, end: int) -> bool:
    """Claim the words of a span from the first that may be a name up to the next that is none."""
    kept, at = [], start
    for word in reading.cased[start:end].split(" "):
        is_none = word.lower() in words("not_names.txt") or not reading.is_free(at, at + len(word))
        at += len(word) + 1
        if not is_none:
            kept.append(word)
        elif kept:
            break
        else:
            start = at
    name = " ".join(kept)
    value = name.title() if name.isupper() or name.islower() else name
    return bool(name) and reading.claim("name", start, start + len(name), value)


def find(reading: Reading) -> None:
    """Claim names of the list, and again what was claimed as a name before."""
    text = reading.cased
    beside = {start for kind, start, _ in reading.claims if kind in ("place", "age", "phone")}
    known = {text[start:end].split(" ")[0] for kind, start, end in reading.claims if kind == "name"}
    row: list[tuple[int, int, bool]] = []  # words joined as names in a row are, and whether each is known as a name
    for match in _GIVEN.finditer(text):
        start, end = match.span()
        word = match[0]
        is_known = (
            word in known or is_given(word) or _has_role(reading, start) or _IN_BRACKETS.match(text, end) is not None
        )
        joint = _JOINT.match(text, row[-1][1]) if row else None
        if joint is None or joint.end() != start:
            _claim_row(reading, row)
            row = []
        row.append((start, end, is_known))
        if not is_known or _is_firms(reading, start, end):
            continue
        age = _AGE.match(text, end)
        is_claimed = not reading.is_free(start, end)
        if age and int(age["age"]) >= YOUNGEST and (is_claimed or claim(reading, start, end)):
            reading.claim("age", *age.span("age"), age["age"])
        elif (
            ((word in known or not is_given(word)) and len(word) > 2)
            or word.lower() not in WORDS_TOO
            or _WITHIN.search(text, max(0, start - 4), start)
            or _is_title(text, start, end)
            or any(end + n in beside and not text[end : end + n].strip(" ,:(-i") for n in (1, 2, 3, 4))
        ):
            whole = _with_surname(reading, start, end)
            if claim(reading, start, whole):
                age = _AGE.match(text, whole)
                if age and whole > end and int(age["age"]) >= YOUNGEST:
                    reading.claim("age", *age.span("age"), age["age"])
                row[-1] = (start, whole, True)
                known.add(word)
    _claim_row(reading, row)


def _has_role(reading: Reading, start: int) -> bool:
    """Whether the word before says that somebody's name follows: "lejer", "klasselærer", "Dr."."""
    before = _ROLE.search(reading.lower, max(0, start - 20), start)
    return before is not None and (before[1] in _ROLES or before[1].endswith(_ROLE_ENDINGS))


def _is_title(text: str, start: int, end: int) -> bool:
    return (
        start < 12 and not any(c.isalnum() for c in text[:start]) and text[end : end + 1] in (",", ".", "\n", "!", ":")
    )


def _is_firms(reading: Reading, start: int, end: int) -> bool:
    """Whether a firm or a street is named so."""
    before = reading.lower[max(0, start - 12) : start]
    return _FIRM_BEFORE.search(before) is not None or _FIRM_AFTER.match(reading.cased, end) is not None


def _with_surname(reading: Reading, start: int, end: int) -> int:
    """The end of a given name with at most two more words that may be of the name."""
    if reading.cased[start:end].isupper():
        return end
    for _ in range(2):
        more = _SURNAME.match(reading.cased, end)
        if (
            more is None
            or more[0].isupper()
            or not reading.is_free(*more.span())
            or more[0].split(" ")[-1].lower() in words("not_names.txt")
            or _FIRM_AFTER.match(reading.cased, end)
        ):
            break
        end = more.end()
    return end


def _claim_row(reading: Reading, row: list[tuple[int, int, bool]]) -> None:
    """Claim names in a row: if most of them are known, or one of two that "og" or the like joins."""
    known = sum(x for _, _, x in row)
    text = reading.cased
    is_close = len(row) > 1 and _CLOSE.search(text, row[-2][1], row[-1][0]) is not None
    if (
        known
        and len(row) <= _MOST_JOINED
        and ((known > 1 and 2 * known >= len(row)) or (is_close and 3 * known >= len(row)))
    ):
        for start, end, _ in row:
            if not _is_firms(reading, start, end):
                claim(reading, start, end)
