"""The digits of a word: of a number word, of several run together, and of one that is misspelled."""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby, product

from triage.entities.numerals import DIGITS, NOT_BY_SOUND, ONES_DA, TEENS, TENS, WORDS

_ONES = {digit: word for word, digit in reversed(WORDS.items()) if word in ONES_DA}
_JOINED = WORDS.keys() - frozenset(f"{DIGITS['th']} {DIGITS['tl']} {DIGITS['et']} {DIGITS['fi']} saba tisa".split())
"""Words that numbers run together are made of: "haha" is laughter."""
_MOST = 80
"""Letters of the longest word that is read."""
_LONGEST = max(map(len, WORDS))
_SOUND = {"w": "v", "z": "s", "c": "k", "x": "ks"}
_SOUND |= {chr(x): _SOUND.get(base := unicodedata.normalize("NFD", chr(x))[0], base) for x in range(0xC0, 0x250)}
_SOUND |= {"æ": "e", "ä": "e", "å": "o"}
_SOUNDED = str.maketrans(_SOUND)


def _sound(word: str) -> str:
    """A lower-case word by its sound, without accents: "åtte" and "ohtte" are "ote", "sexten" and "sékstèn" are "seksten"."""
    short = "".join(c for c, _ in groupby((word[:1] + word[1:].replace("h", "")).translate(_SOUNDED)))
    return short.replace("ds", "s").replace("ts", "s").replace("vf", "f")


_SOUNDS = {_sound(word): digits for word, digits in sorted(WORDS.items()) if word not in NOT_BY_SOUND}
for _word in f"{TEENS['da']} {TENS['da']}".split():
    # A letter left out: "fjoten". Without its last one "femten" would be "femte"; what is shorter is often another word.
    _slips = (_sound(_word[:i] + _word[i + 1 :]) for i in range(1, len(_word) - 1))
    _SOUNDS |= {x: WORDS[_word] for x in _slips if len(x) > 4 and x not in _SOUNDS}
_SUM = re.compile(r"(?P<one>[1-9])(?:og|å)(?P<ten>[2-9])0")
_ALIKE = {"v": "vw", "s": "sz", "k": "kc"}
_BEGINNINGS = {
    "".join(letters)
    for word in {*WORDS, *_SOUNDS}
    if len(word) > 1
    for beginning in (
        word[:3],
        2 * word[0] + word[1],
        word[0] + 2 * word[1],
        3 * word[0],
        f"{word[:2]}h",
        f"{word[0]}h{word[1]}",
    )
    if len(beginning) > 2
    for letters in product(*(_ALIKE.get(c, c) for c in beginning))
}
_SHORT_BEGINNINGS = frozenset("en et to ti ni én ét oh".split())  # noqa: SIM905
_LEET = [str.maketrans("01345", x) for x in ("oieas", "oleas")]
_AMID = {
    f"{word[:i]}{digit}{word[i + 1 :]}": digit
    for name in ("da", "en")
    for word in DIGITS[name].split()
    if (digit := WORDS[word]) and len(word) > 2
    for i in range(len(word))
}
"""The digit in place of one letter of its word: "4our", "s7v"."""
_CHINESE = dict(zip(DIGITS["zh"].split(), "0123456789", strict=True))


def may_be_number(word: str) -> bool:
    """Whether a lower-case word begins as number words do: seen quickly, and true of some other words."""
    return (
        word[:3] in _BEGINNINGS
        or word[0] in _CHINESE
        or word[:2] in _SHORT_BEGINNINGS
        or (not word.isascii() and word.translate(_SOUNDED)[:3] in _BEGINNINGS)
    )


def spelled(word: str) -> str | None:
    """The digits of a lower-case word that is a number or several run together: "femogtyve", "nultre"; None if it is none."""
    if (digits := WORDS.get(word)) is not None:
        return digits
    if len(word) > _MOST or not may_be_number(word):
        return None
    if all(c in _CHINESE for c in word):
        return "".join(_CHINESE[c] for c in word)
    return _cut(word) if len(word) > 3 else None


def _cut(word: str) -> str | None:
    """Numbers that a word is made of without a rest, the longest first; no place is tried twice."""
    dead: set[int] = set()
    path: list[tuple[int, int]] = []  # (where a number begins, how long it is)
    start, length = 0, _LONGEST
    while start < len(word):
        length = min(length, len(word) - start)
        while length and (start + length in dead or word[start : start + length] not in _JOINED):
            length -= 1
        if length:
            path.append((start, length))
            start, length = start + length, _LONGEST
        else:
            dead.add(start)
            if not path:
                return None
            start, length = path.pop()
            length -= 1
    return "".join(WORDS[word[a : a + n]] for a, n in path)


def misspelled(word: str) -> str | None:
    """The digits of a lower-case number word with digits for letters ("s3ks", "6ogtyve") or as it sounds ("nuuul", "syw")."""
    if any(c.isdigit() for c in word):
        for table in _LEET:
            letters = word.translate(table)
            if (digits := WORDS.get(letters) or _SOUNDS.get(_sound(letters))) is not None:
                return digits
        if joined := _SUM.fullmatch(word):
            return joined["ten"] + joined["one"]
        if digits := _AMID.get(word):
            return digits
        return WORDS.get(_ONES[word[0]] + word[1:]) if word[0] in _ONES else None
    short = _sound(word)
    return _SOUNDS.get(short) if len(short) > 2 or len(word) > 2 else None
