"""Runs of digits, number words and letters for digits in a text, with nothing but separators between them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from triage.entities.digitgaps import GAP, OTHER, OTHERS, OVER, SEQUENCE, TIMES, TOLD, asides, most_digits, sign_of
from triage.entities.digitwords import NOISE, value_of, words
from triage.entities.numerals import PLAIN, PLURALS, WORDS
from triage.entities.reading import Reading
from triage.entities.spellings import spelled

_HEART = re.compile(r"(?<!\d)<\Z")
_HEARTS = 3
"""So many "<3" are hearts though digits stand before them."""
_LETTERS_APART = 24
_AFTER_ALL = re.compile(r" ?[,.;:)]| så ")
"""What follows "syv to gange", and not "to gange syv"."""


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
    word that stands for a sign or is one of several alike, `?` one of several that are not."""
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
    found = words(reading)
    remarks = dict(asides(reading, found))
    for i, match in enumerate(found):
        most = most_digits(match[0])
        if _is_heart(reading.lower, match):
            if part:
                signs[match.start()] = "*"
                part.append(match)
        elif part and match.start() in remarks:
            signs[match.start()] = remarks[match.start()]
            part.append(match)
        elif part and (sign := sign_of(reading, found, i, most)):
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
    start = match.start()
    return (
        match[0] == "3"
        and lower[start - 1 : start] == "<"
        and (_HEART.search(lower, max(0, start - 2), start) is not None or lower.count("<3") >= _HEARTS)
    )


def _runs_of(  # noqa: PLR0912
    reading: Reading, part: list[re.Match[str]], signs: Mapping[int, str]
) -> Iterator[list[Token]]:
    run: list[Token] = []
    times, filler = 0, ""
    edge = began = 0  # where the word before ended, and where a multiplier began
    for start, end, digits, kind, word in _numbers(reading, part):
        is_only_told = digits and filler and word not in TOLD and not filler.strip("~")
        if run and (is_only_told or start - edge > GAP or not reading.is_free(edge, end)):
            yield run
            run, times, filler = [], 0, ""
        if run and start in signs and len(filler) < 4:
            filler += signs[start]
        elif word == "tal" and run and run[-1].kind == "word" and reading.lower[edge:start] == "-":
            run[-1] = replace(run[-1], end=end, word=f"{run[-1].word}-tal")
        elif digits and not (filler and word in TOLD):
            if word in PLURALS and run and run[-1].digits in ("2", "3", "4") and not times and not filler:
                times, began = int(run[-1].digits), run.pop().start
            token = Token(start, end, digits, kind, "", word)
            if times and len(digits) <= 2:
                token = Token(began, end, digits * times, "word", "", word)
            gap = _filled(filler) or (_simple(reading.cased[run[-1].end : token.start]) if run else "")
            run.append(replace(token, gap=gap))
            times, filler = 0, ""
        elif word in TIMES:
            times, began = TIMES[word], start
        elif not run:
            times = 0
        elif word in OVER and len(run) > 1 and run[-1].gap == " " and _AFTER_ALL.match(reading.lower, end):
            many = run.pop()
            is_many = many.digits in ("2", "3", "4")
            run[-1] = replace(run[-1], end=end, digits=run[-1].digits * int(many.digits)) if is_many else many
        elif word in OVER and run[-1].digits in ("2", "3", "4"):
            times, began = int(run[-1].digits), run[-1].start
            run.pop()
        elif word in OTHERS and word not in OVER and len(filler) < 4:
            filler += _mark(word, filler)
        else:
            yield run
            run, times, filler = [], 0, ""
        edge = end
    if run:
        yield run


def _mark(word: str, filler: str) -> str:
    """What kind of word between two tokens it is: one for a sign, one that is only told, "derefter" and "og så", or "og"."""
    if word in NOISE or word in TOLD:
        return "*" if word in NOISE else "~"
    return ">" if word in SEQUENCE or (word == "så" and filler == "&") else "&"


def _filled(filler: str) -> str:
    """What words between two tokens make of their gap."""
    for sign in ("*", OTHER):
        if sign in filler:
            return sign
    return "&&" if ">" in filler else "&" if filler else ""


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
        yield start, end, *(("", "word") if word in SEQUENCE else value_of(reading, word, start, end)), word


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
