"""How digits stand in a text, seen as a shape: grouped as a phone, as hours, apart from their neighbours."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from triage.entities.dates import is_date
from triage.entities.digitgaps import OTHER
from triage.entities.digitruns import Token

_GROUPINGS = {(8,), (2, 2, 2, 2), (4, 4), (2, 3, 3), (3, 2, 3), (3, 3, 2), (1,) * 8, (2, 6), (4, 2, 2), (2, 2, 4)}
_PICTURES = re.compile(r" ?[^\w\s!-~À-ÿ€“”’][^\w!-~À-ÿ€“”’]*")
_RANK = {"": 0, " ": 2, "&": 3, "&&": 3, "*": 3, OTHER: 3, "\n": 5}
_LINKS = {"&", "&&"}


def is_grouped(tokens: Sequence[Token], gaps: Sequence[str], digits: str) -> bool:  # noqa: PLR0911
    """Whether plain digits that nothing announces are grouped as phones are."""
    even = {_alike(x) for x in (gaps[1:] if gaps and gaps[0][:1] == ")" and len(gaps) > 2 else gaps)}
    if len(tokens) == len(digits):  # one by one, and perhaps in two halves
        is_listed = any("," in x for x in gaps) and (set(gaps) != {","} or sorted(digits) == list(digits))
        return len(even) <= 2 and not is_listed and digits != "12345678"
    if len(even) == 1 and len(tokens) > (4 if even == {"☺"} else 5) and even.isdisjoint((" ", ",", ", ")):
        return not _is_rising(tokens)
    if len(even) > 1 or tuple(len(x.digits) for x in tokens) not in _GROUPINGS or _is_listed(tokens, gaps):
        return False
    if len(tokens) == 1:
        years = (digits[:4], digits[4:])
        calendar = is_date(f"{digits[:2]}.{digits[2:4]}.{digits[4:]}") or is_date(
            f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
        )
        return not (calendar and any("1900" <= x <= "2099" for x in years)) and not digits.endswith("00000")
    if len(tokens) == 2:
        first, second = (x.digits for x in tokens)
        if gaps[0] in ("-", "/") and "1990" <= first <= "2039":  # "2024-0187": the year's 187th case
            return False
        return not all("1500" <= x <= "2099" for x in (first, second)) and not (
            first.endswith("00") and second.endswith("00")
        )
    return digits != "12345678" and not is_hours(tokens, gaps)


def _alike(gap: str) -> str:
    """A gap as it is told apart from others: "(01) 23" has that of "01 23", and one picture is as good as another."""
    return "☺" if _PICTURES.fullmatch(gap) else gap.strip("()[]{}") or " "


def _is_listed(tokens: Sequence[Token], gaps: Sequence[str]) -> bool:
    """Whether numbers are counted or listed: "11 12 13 14", "23-24-25-26", "36,38,40,42"; no list has "07" out of order."""
    numbers = [int(x.digits) for x in tokens]
    if len(numbers) > 2 and all(after - before == 1 for before, after in pairwise(numbers)):
        return True
    is_spaced = any("," in x for x in gaps) and (set(gaps) != {","} or len(numbers) != 4)
    return is_spaced or ("," in gaps and numbers == sorted(numbers) and not any(x.digits[0] == "0" for x in tokens))


def is_hours(tokens: Sequence[Token], gaps: Sequence[str]) -> bool:
    """Whether digits are two times of day or the like: "10-22 12-20", "10:00-22:00", "10.30-18.00"."""
    if tuple(len(x.digits) for x in tokens) != (2, 2, 2, 2) or gaps[0] != gaps[2] or gaps[0] == gaps[1]:
        return False
    small = all(int(x.digits) <= 24 for x in tokens)
    clock = gaps[0] in (":", ".") and all(int(x.digits) <= 24 for x in tokens[::2])
    clock = clock and all(int(x.digits) < 60 for x in tokens[1::2])
    return (small and gaps[0].strip() in ("-", "til")) or clock


def is_told(tokens: Sequence[Token], gaps: Sequence[str], is_cued: bool) -> bool:
    """Whether plain digits with words between them are given as one number: "01 og 23 og 45 og 67", "0123, derefter 4567"."""
    lengths = [len(x.digits) for x in tokens]
    if not _LINKS.issuperset(gaps):
        return False
    if not is_cued:
        is_sure = set(gaps) == {"&&"} or ("&&" in gaps and any(x.digits[0] == "0" for x in tokens))
        return lengths == [2, 2, 2, 2] and is_sure and not _is_rising(tokens)
    if len(lengths) > 4 and max(lengths) < 3:  # "1, så 84, så 15, så 32, så 6"
        return not _is_rising(tokens)
    return lengths == [2, 2, 2, 2] or (lengths in ([4, 4], [2, 6], [6, 2]) and set(gaps) == {"&&"})


def _is_rising(tokens: Sequence[Token]) -> bool:
    """Whether numbers grow, as those do that count something."""
    return all(int(a.digits) < int(b.digits) for a, b in pairwise(tokens))


def is_disguised(tokens: Sequence[Token], gaps: Sequence[str], is_cued: bool) -> bool:  # noqa: PLR0911
    """Whether digits of which some are disguised are a phone."""
    words = [x for x in tokens if x.kind == "word"]
    digits = "".join(x.digits for x in tokens)
    if all(x.kind in ("digit", "sign") for x in tokens):
        if OTHER in gaps:
            return "*" in gaps or is_cued or any(x.digits[0] == "0" for x in tokens)
        is_even = len({_alike(x) for x in gaps}) <= 2 and not any(x.strip() == "," for x in gaps)
        return is_cued or "*" in gaps or is_even or any(x.kind == "sign" for x in tokens[1:])
    if not words:  # letters that look like digits
        if sum(x.word[-1:] == "g" for x in tokens) > 1:  # grams
            return False
        is_paired = [len(x.digits) for x in tokens] == [2, 2, 2, 2] and set(gaps) == {" "}
        if is_cued and is_paired:
            return True
        if not _LINKS.isdisjoint(gaps) and not (is_cued and len(tokens) > 3):  # "150S og 173E"
            return False
        written = sum(
            len(x.digits) for x in tokens if x.kind in ("digit", "sign") or (x.kind == "look" and not x.word.isalpha())
        )
        return written >= 3 and (is_cued or len(tokens) <= 8)
    if len(tokens) == 1:
        return len(tokens[0].word) > (8 if tokens[0].word.isascii() else 7)  # eight Chinese digits
    # "19.30-22. Tolv unge", "9.00-22.30, seks dage"
    is_time = len(words) == 1 and "-" in gaps and any(x in (".", ":") for x in gaps)
    is_counted = set(gaps) == {"&"} or (_LINKS.issuperset(gaps) and _is_rising(tokens)) or digits == "12345678"
    return is_cued or (not (is_counted or is_time) and _is_worded(tokens, words))


def _is_worded(tokens: Sequence[Token], words: Sequence[Token]) -> bool:
    """Whether digits of which some are words are enough of a number without a word that announces one."""
    sure = sum(not x.is_plain for x in words)
    if sure:
        return sure >= 2 or not any(x.kind == "digit" and len(x.digits) > 2 for x in tokens)
    disguised = len(words) + sum(x.kind not in ("digit", "word") for x in tokens)
    return disguised >= 3 and all(len(x.digits) <= 2 for x in tokens)


def stands_apart(run: Sequence[Token], i: int, j: int, has_plus: Callable[[int], bool]) -> bool:
    """Whether the tokens from i to before j belong closer together than with their neighbours in the run."""
    inside = {x.gap for x in run[i + 1 : j]}
    lengths = {len(x.digits) for x in run[i:j]}
    is_worded = any(x.kind == "word" for x in run[i:j])

    def is_edge(gap: str, neighbour: Token) -> bool:
        if neighbour.is_plain and not is_worded:
            return True
        if len(gap.strip()) == 0 and len(lengths) == 1 and len(neighbour.digits) not in lengths and gap:
            return True
        widest = max(map(rank, inside), default=0)
        return rank(gap) > widest or (rank(gap) == widest and gap not in inside and widest > 1)

    start = run[i].start
    begins = i == 0 or has_plus(start) or is_edge(run[i].gap, run[i - 1])
    return begins and (j == len(run) or is_edge(run[j].gap, run[j]) or has_plus(run[j].start))


def rank(gap: str) -> int:
    """How wide a gap is."""
    if gap in _RANK:
        return _RANK[gap]
    return 4 if "\n" in gap else 3 if " " in gap or len(gap) > 2 else 1
