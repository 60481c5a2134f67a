"""Words between digits: whether a run of digits goes on over them, and what they make of the gap."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator, Sequence

from triage.entities.digitwords import NOISE, UNITS
from triage.entities.numerals import LOOKS_LIKE_DIGIT, PLAIN, WORDS
from triage.entities.reading import Reading
from triage.entities.spellings import may_be_number, misspelled, spelled

GAP = 20
"""Most characters between two tokens."""
OTHER = "?"
"""A gap with a word of its own in it, as each gap between four pairs: "12 glad 35 rolig 04 sød 68"."""
SEQUENCE = frozenset("then derefter dernæst herefter derpå bagefter efterfulgt".split())  # noqa: SIM905
_LINKS = SEQUENCE | frozenset(
    "et și og å ogh så saa and sidst slut plus pluss y e und och sen i luego sidste øh øhm hm eh vistnok".split()  # noqa: SIM905
)
TOLD = frozenset(
    "til du man det er die kommer slutter med af på mere igen bare efter tallet tallene årstallet cifret cifrene".split()  # noqa: SIM905
)
"""Words that go on with a run only beside one of the others: "og til sidst", "så kommer"; "10 til 22" are hours."""
TIMES = {"dobbelt": 2, "dobbel": 2, "double": 2, "doppel": 2, "dubbel": 2, "triple": 3, "tripel": 3, "treble": 3}
OVER = frozenset("gange x times mal gånger".split())  # noqa: SIM905
OTHERS = {"tal": 0, **dict.fromkeys([*_LINKS, *NOISE, *TOLD], 0), **dict.fromkeys([*TIMES, *OVER], 4)}
"""Words that go on with a run, and how many digits more one of them may make of it."""
_CALENDAR = frozenset(
    "jan feb mar apr maj may jun jul aug sep okt oct nov dec man tir ons tor fre lør søn mon tue wed thu fri sat sun uge".split()  # noqa: SIM905
)
"""How months and weekdays begin."""
_OPENED, _CLOSED = re.compile(r"[(\[{][^()\[\]{}\d\n]*\Z"), re.compile(r"[^()\[\]{}\d\n]*[)\]}]")
_ASIDE = re.compile(r"\([^()\[\]{}\d\n]{3,60}\)")
_OF_NUMBER = frozenset(
    "byt omvendt baglæns bagfra minus læg tal tallet tallene cifre cifret ciffer swap digits".split()  # noqa: SIM905
)
"""Words of a remark that is needed to read the number."""
_NO_OTHERS = UNITS | _LINKS | TOLD
_ALIKE_MOST = 16
_GROUP = 5
_CHINESE = "\u2e80"
_STOP = re.compile(r"[^\w\s]")


def asides(reading: Reading, found: Sequence[re.Match[str]]) -> Iterator[tuple[int, str]]:
    """Where each word of a remark in brackets begins, and what it makes of the gap: "(vent, find en blyant)"."""
    for aside in _ASIDE.finditer(reading.lower):
        first, last = (bisect(found, place, key=re.Match.start) for place in aside.span())
        words = found[first:last]
        is_of_number = any(
            x[0] in _OF_NUMBER or (x[0] in WORDS and x[0] not in PLAIN and not x[0].endswith("tallet")) for x in words
        )
        if len(words) > 2 and not is_of_number and any(most_digits(x[0]) < 0 or x[0] in NOISE for x in words):
            yield from ((x.start(), "" if i else "&") for i, x in enumerate(words))


def sign_of(reading: Reading, found: Sequence[re.Match[str]], i: int, most: int) -> str:
    """What a word after a number makes of the gap if it goes on with the run only here: "01 (kun sms) 23", "1 hop 2 hop 3"."""
    word, (start, end) = found[i][0], found[i].span()
    if not word.isalpha() or not (most < 0 or word in TOLD or word == "x" or _is_other(reading, found[i])):
        return ""
    if _OPENED.search(reading.lower, max(0, start - GAP), start) and _CLOSED.match(reading.lower, end, end + GAP):
        return "&"
    if not _is_number(found, i + 1):
        return ""
    return "*" if _recurs(found, i) else OTHER if _is_between(reading.lower, found, i) else ""


def _recurs(found: Sequence[re.Match[str]], i: int) -> bool:
    """Whether a word stands between all numbers around it, and hides them: "1 hop 2 hop 3 hop 4"."""
    word, places = found[i][0], [i]
    while (
        len(places) < _ALIKE_MOST and (before := _next(found, places[0], -1)) is not None and found[before][0] == word
    ):
        places.insert(0, before)
    while len(places) < _ALIKE_MOST and (after := _next(found, places[-1], 1)) is not None and found[after][0] == word:
        places.append(after)
    if places[-1] == len(found) - 1 or not _is_number(found, places[-1] + 1):
        places.pop()
    if word == "x":
        return len(places) > 4
    return len(places) > 2 and word not in UNITS


def _is_between(lower: str, found: Sequence[re.Match[str]], i: int) -> bool:
    """Whether a word stands between two of four pairs of digits, or of eight digits, that have one word each between them."""
    size = len(_value(found[i - 1][0]))
    if size not in (1, 2) or i + 1 == len(found) or len(_value(found[i + 1][0])) != size:
        return False
    length = 16 // size - 1
    for first in range(i - 1, max(-1, i - length), -2):
        part = found[first : first + length]
        numbers = [_value(x[0]) for x in part[::2]]
        if len(part) < length or any(len(x) != size for x in numbers) or numbers == sorted(numbers):
            continue
        words = [x[0] for x in part[1::2]]
        if (
            all(len(x) > 1 and x.isalpha() and x not in _NO_OTHERS and x[:3] not in _CALENDAR for x in words)
            and not all(map(_value, words))
            and not _STOP.search(lower, part[0].start(), part[-1].end())
        ):
            return True
    return False


def _value(word: str) -> str:
    """The digits of a word that is written as a number in the usual way, none of another."""
    return word if word.isdigit() else WORDS.get(word, "")


def _next(found: Sequence[re.Match[str]], i: int, step: int) -> int | None:
    """The place of the word after the numbers that follow one (or before those before it); None if there are none or many."""
    j = i + step
    while 0 <= j < len(found) and abs(j - i) < _GROUP and found[j][0] != found[i][0] and _is_number(found, j):
        j += step
    return j if 0 <= j < len(found) and abs(j - i) > 1 else None


def _is_other(reading: Reading, match: re.Match[str]) -> bool:
    """Whether a word that is quickly taken for a number is none: "sol", "bil"."""
    word = match[0]
    if len(word) < 3 or word in OTHERS or not reading.cased[match.start() : match.end()].islower():
        return False
    return spelled(word) is None and misspelled(word) is None


def _is_number(found: Sequence[re.Match[str]], i: int) -> bool:
    """Whether there is a word there that may be a number."""
    return i < len(found) and found[i][0] not in OTHERS and most_digits(found[i][0]) > 0


def most_digits(word: str) -> int:
    """How many digits a word may stand for at most, seen quickly; -1 if it ends a run."""
    if (value := WORDS.get(word)) is not None:
        return 2 * len(value)
    length = len(word)
    if length == 1 or not word.isalpha() or (length < 5 and LOOKS_LIKE_DIGIT.issuperset(word)):
        return length
    if (most := OTHERS.get(word)) is not None:
        return most
    return (length if word[0] > _CHINESE else length // 2) if may_be_number(word) else -1
