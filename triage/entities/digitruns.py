"""Runs of digits, number words and letters for digits in a text, with nothing but separators between them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from triage.entities.digitwords import value_of
from triage.entities.numerals import LOOKS_LIKE_DIGIT, PLAIN, PLURALS, WORDS, may_be_number, misspelled, spelled
from triage.entities.reading import Reading

_WORD = re.compile(r"(?<![^\W_])(?:pluss?|tlf|tel|telefon|mob|mobil|nr|ring|sms|wa|whatsapp|call)(?=\d)|[^\W_]+")
_SEQUENCE = frozenset("then derefter dernæst herefter derpå bagefter efterfulgt".split())  # noqa: SIM905
_LINKS = _SEQUENCE | frozenset(
    "og å ogh så saa and sidst slut plus pluss y e und och sen i luego sidste øh øhm hm eh vistnok".split()  # noqa: SIM905
)
_TOLD = frozenset("til du man det er die kommer slutter med af efter tallet tallene årstallet cifret cifrene".split())  # noqa: SIM905
"""Words that go on with a run only beside one of the others: "og til sidst", "så kommer"; "10 til 22" are hours."""
_NOISE = frozenset(
    "bindestreg streg skråstreg punktum prik komma kolon mellemrum pause hjerte hjerter stjerne blomst smiley "  # noqa: SIM905
    "dash dot star heart space slash "
    "flower bindestrek underscore stop gap kys kiss knus kram smil smile taster tast trykker tryk".split()
)
"""Words for what else would stand between digits: nobody writes them but to hide a number."""
_TIMES = {"dobbelt": 2, "dobbel": 2, "double": 2, "doppel": 2, "dubbel": 2, "triple": 3, "tripel": 3, "treble": 3}
_OVER = frozenset("gange x times mal gånger".split())  # noqa: SIM905
_OTHERS = {**dict.fromkeys([*_LINKS, *_NOISE, *_TOLD], 0), **dict.fromkeys([*_TIMES, *_OVER], 4)}
"""Words that go on with a run, and how many digits more one of them may make of it."""
_UNITS = frozenset(
    "kr kroner dkk eur euro min minut minutter t time timer dag dage uge uger mdr md år år. stk cm mm m m2 kg km g "  # noqa: SIM905
    "kvm pers personer mand x gange procent pct kl nr".split()
)
"""Words that recur between numbers without hiding one."""
_OPENED, _CLOSED = re.compile(r"[(\[{][^()\[\]{}\d\n]*\Z"), re.compile(r"[^()\[\]{}\d\n]*[)\]}]")
_HEART = re.compile(r"(?<!\d)<\Z")
_GAP = 20
"""Most characters between two tokens."""
_LETTERS_APART = 24
_ALIKE_MOST = 16


@dataclass(frozen=True, slots=True)
class Token:
    """Digits, however they are written."""

    start: int
    end: int
    digits: str
    kind: str
    """`digit`; `sign` for digits in emoji and the like; `word`; `look` for letters that look like digits."""
    gap: str = ""
    """What stands between it and the one before: white space as one space or line end; `&` is "og", `&&` is "derefter", `*` a
    word that stands for a sign or is one of several alike."""
    word: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether it is a word that is as likely no number."""
        return self.kind == "word" and self.word in PLAIN


def runs(reading: Reading, digits: int) -> Iterator[list[Token]]:
    """All runs that may have that many digits, in order; a run does not go on over what was found before."""
    part: list[re.Match[str]] = []
    signs: dict[int, str] = {}
    count = 0
    found = list(_WORD.finditer(reading.lower))
    for i, match in enumerate(found):
        most = _most_digits(match[0])
        if _is_heart(reading.lower, match):
            if part:
                signs[match.start()] = "*"
                part.append(match)
        elif part and (sign := _sign(reading, found, i, most)):
            signs[match.start()] = sign
            part.append(match)
        elif most >= 0:
            part.append(match)
            count += most
        elif part:
            if count >= digits:
                yield from _runs_of(reading, part, signs)
            part, count = [], 0
    if count >= digits:
        yield from _runs_of(reading, part, signs)


def _is_heart(lower: str, match: re.Match[str]) -> bool:
    """Whether a 3 is half of "<3"."""
    return match[0] == "3" and _HEART.search(lower, max(0, match.start() - 2), match.start()) is not None


def _sign(reading: Reading, found: Sequence[re.Match[str]], i: int, most: int) -> str:
    """What a word after a number makes of the gap if it goes on with the run only here: "01 (kun sms) 23", "1 hop 2 hop 3"."""
    word, (start, end) = found[i][0], found[i].span()
    if not word.isalpha() or not (most < 0 or word in _TOLD or _is_other(reading, found[i])):
        return ""
    if _OPENED.search(reading.lower, max(0, start - _GAP), start) and _CLOSED.match(reading.lower, end, end + _GAP):
        return "&"
    if not _is_number(found, i + 1):
        return ""
    first = last = i
    while i - first < _ALIKE_MOST and first > 1 and found[first - 2][0] == word and _is_number(found, first - 1):
        first -= 2
    while (
        last - i < _ALIKE_MOST and [x[0] for x in found[last + 2 : last + 3]] == [word] and _is_number(found, last + 1)
    ):
        last += 2
    return "*" if word not in _UNITS and last - first > 3 and _is_number(found, last + 1) else ""


def _is_other(reading: Reading, match: re.Match[str]) -> bool:
    """Whether a word that is quickly taken for a number is none: "sol", "bil"."""
    word = match[0]
    if len(word) < 3 or word in _OTHERS or not reading.cased[match.start() : match.end()].islower():
        return False
    return spelled(word) is None and misspelled(word) is None


def _is_number(found: Sequence[re.Match[str]], i: int) -> bool:
    """Whether there is a word there that may be a number."""
    return i < len(found) and found[i][0] not in _OTHERS and _most_digits(found[i][0]) > 0


def _most_digits(word: str) -> int:
    """How many digits a word may stand for at most, seen quickly; -1 if it ends a run."""
    if (value := WORDS.get(word)) is not None:
        return 2 * len(value)
    length = len(word)
    if length == 1 or not word.isalpha() or (length < 5 and LOOKS_LIKE_DIGIT.issuperset(word)):
        return length
    if (most := _OTHERS.get(word)) is not None:
        return most
    return length // 2 if may_be_number(word) else -1


def _runs_of(reading: Reading, part: list[re.Match[str]], signs: Mapping[int, str]) -> Iterator[list[Token]]:
    run: list[Token] = []
    times, filler = 0, ""
    edge = began = 0  # where the word before ended, and where a multiplier began
    for start, end, digits, kind, word in _numbers(reading, part):
        is_only_told = digits and filler and word not in _TOLD and not filler.strip("~")
        if run and (is_only_told or start - edge > _GAP or not reading.is_free(edge, end)):
            yield run
            run, times, filler = [], 0, ""
        if run and start in signs and len(filler) < 4:
            filler += signs[start]
        elif digits and not (filler and word in _TOLD):
            if word in PLURALS and run and run[-1].digits in ("2", "3", "4") and not times and not filler:
                times, began = int(run[-1].digits), run.pop().start
            token = Token(start, end, digits, kind, "", word)
            if times and len(digits) <= 2:
                token = Token(began, end, digits * times, "word", "", word)
            gap = _filled(filler) or (_simple(reading.cased[run[-1].end : token.start]) if run else "")
            run.append(replace(token, gap=gap))
            times, filler = 0, ""
        elif word in _TIMES:
            times, began = _TIMES[word], start
        elif not run:
            times = 0
        elif word in _OVER and run[-1].digits in ("2", "3", "4"):
            times, began = int(run[-1].digits), run[-1].start
            run.pop()
        elif word in _OTHERS and word not in _OVER and len(filler) < 4:
            filler += "*" if word in _NOISE else "~" if word in _TOLD else ">" if word in _SEQUENCE else "&"
        else:
            yield run
            run, times, filler = [], 0, ""
        edge = end
    if run:
        yield run


def _filled(filler: str) -> str:
    """What words between two tokens make of their gap."""
    return "*" if "*" in filler else "&&" if ">" in filler else "&" if filler else ""


def _simple(gap: str) -> str:
    """A gap with each run of white space as one space, or one line end if there is one in it."""
    return re.sub(r"\s+", lambda white: "\n" if "\n" in white[0] else " ", gap)


def _numbers(reading: Reading, found: list[re.Match[str]]) -> Iterator[tuple[int, int, str, str, str]]:
    """Each word with its offsets, its digits (none if it is no number), how they are written, and itself in lower case."""
    skip = tried = 0
    for i, match in enumerate(found):
        word = match[0]
        start, end = match.span()
        if i < skip:
            continue
        if len(word) == 1 and i >= tried and word.isalpha():
            last = _letters_apart(found, i, reading.cased)
            joined = "".join(x[0] for x in found[i:last])
            digits = spelled(joined) if last - i > 2 else WORDS.get(joined)
            if last - i > 1 and digits is not None:
                skip = last
                yield start, found[last - 1].end(), digits, "word", joined
                continue
            tried = max(last - 1, i + 1)  # the last may begin others: "I-I-s e k s"
        yield start, end, *value_of(reading, word, start, end), word


def _letters_apart(found: list[re.Match[str]], i: int, cased: str) -> int:
    """The place after the last of single letters that all have the same gap between them."""
    gap, last = "", i + 1
    while last < len(found) and last - i < _LETTERS_APART:
        between = cased[found[last - 1].end() : found[last].start()]
        is_letter = found[last].end() - found[last].start() == 1 and found[last][0].isalpha()
        if not is_letter or len(between) > 2 or (last > i + 1 and between != gap):
            break
        gap, last = between, last + 1
    return last
