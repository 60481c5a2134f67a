"""The ways in which a run of digits and number words can be read."""

from __future__ import annotations

from dataclasses import replace

from triage.entities.digitruns import Token
from triage.entities.numerals import TALLIES, TENS_BEFORE_ONES, TENS_DA

_ARTICLES = frozenset("en et a to".split())  # noqa: SIM905


def readings_of(run: list[Token]) -> list[list[Token]]:
    """The ways to read a run: numbers joined or not, "tres" as sixty or the Spanish three, with a last "en" or without."""
    if any(x.word in TALLIES for x in run):
        run = _without_articles(run)
    ways = [_joined(run)]
    if len(ways[0]) != len(run):
        ways.append(run)
    if run[-1].word in _ARTICLES and run[-1].gap == " ":  # "... otte fire en time 600"
        ways += [x[:-1] for x in ways]
    if any(_is_echo(run, i) for i in range(1, len(run))):
        ways.append(_joined([x for i, x in enumerate(run) if not _is_echo(run, i)]))
    if run[0].is_plain and len(run) > 1 and run[1].gap == " ":  # "text to zero one ..."
        ways += [x[1:] for x in ways]
    if any(x.word == "tres" for x in run):
        ways.append([replace(x, digits="3") if x.word == "tres" else x for x in run])
    return ways


def _joined(run: list[Token]) -> list[Token]:
    """The run with "to og tyve" and "twenty two" as one number each."""
    found: list[Token] = []
    for token in run:
        before = found[-1] if found else None
        if before and before.kind == token.kind == "word" and len(before.digits) == 1 and token.word in TENS_DA:
            if token.gap == "&" or (before.word.endswith("og") and token.gap == " "):
                digits = str(int(token.digits) + int(before.digits))
                found[-1] = replace(before, end=token.end, digits=digits, word=token.word)
                continue
        elif (
            before
            and before.word in TENS_BEFORE_ONES
            and len(token.digits) == 1
            and token.kind == "word"
            and token.gap in " -"
        ):
            digits = str(int(before.digits) + int(token.digits))
            found[-1] = replace(before, end=token.end, digits=digits, word=token.word)
            continue
        found.append(token)
    return found


def _without_articles(run: list[Token]) -> list[Token]:
    """The run with "et ettal" and "en toer" as one digit each."""
    found: list[Token] = []
    for token in run:
        before = found[-1] if found else None
        if before and before.word in ("en", "et") and token.gap == " " and token.word in (*TALLIES, "nul"):
            found[-1] = replace(token, start=before.start, gap=before.gap)
        else:
            found.append(token)
    return found


def _is_echo(run: list[Token], i: int) -> bool:
    """Whether a token repeats in brackets what was just said: "nul en (01)", "4 (fire)"."""
    said = "".join(x.digits for x in run[max(0, i - 4) : i])
    return run[i].gap.endswith("(") and said.endswith(run[i].digits)
