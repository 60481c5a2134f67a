"""The ways in which a run of digits and number words can be read."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from triage.entities.digitruns import Token
from triage.entities.numerals import ONES_DA, TALLIES, TENS_BEFORE_ONES, TENS_DA, TENS_JOINED, WORDS

_TENS = frozenset("20 30 40 50 60 70 80 90".split())  # noqa: SIM905
_TENS_AND_ONES = {f"{ten}{one}": WORDS[ten][0] + str(n) for ten in TENS_DA for one, n in ONES_DA.items()}
"""What is else read as three digits: "tredveseks"."""
_ARTICLES = frozenset("en et a to".split())  # noqa: SIM905


def readings_of(run: list[Token]) -> list[list[Token]]:
    """The ways to read a run: numbers joined or not, "tres" as sixty or the Spanish three, with a last "en" or without."""
    if any(_is_tally(x) for x in run):
        run = _without_articles(run)
    ways = [_joined(run)]
    if len(ways[0]) != len(run):
        ways.append(run)
    if run[-1].word == "to" and len(run) > 1 and run[-2].word in TENS_DA:  # "halvfems to"
        ways.append(_joined(run, TENS_BEFORE_ONES | TENS_DA))
    if run[-1].word in _ARTICLES and run[-1].gap == " ":  # "... otte fire en time 600"
        ways += [x[:-1] for x in ways]
    if run[-1].word == "nul" and run[-1].gap == " ":  # "... og et nul foran"
        ways.append(_joined(_without_articles(run)))
    if len(heard := _without_echoes(run)) != len(run):
        ways.append(_joined(heard))
    if any(x.word == "tres" for x in run):
        ways.append([replace(x, digits="3") if x.word == "tres" else x for x in run])
    if run[0].is_plain and len(run) > 1 and run[1].gap == " " and run[-1].gap[:1] != "&":  # "text to zero one ..."
        ways += [x[1:] for x in ways]
    if any(x.word in TENS_DA and len(y.digits) == 1 for x, y in pairwise(run)):
        ways.append(_joined(run, TENS_BEFORE_ONES | TENS_DA))
    if any(x.word in _TENS_AND_ONES for x in run):
        ways.append([replace(x, digits=_TENS_AND_ONES.get(x.word, x.digits)) for x in run])
    if any(_is_sum(x, y) for x, y in pairwise(run)):
        ways.append(_summed(run))
    return ways


def _joined(run: list[Token], tens: frozenset[str] = TENS_BEFORE_ONES) -> list[Token]:
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
            and before.word in tens
            and len(token.digits) == 1
            and token.kind == "word"
            and (
                token.gap in (" ", "-") or (token.gap == "&" and (before.word in TENS_DA or before.word in TENS_JOINED))
            )
        ):
            digits = str(int(before.digits) + int(token.digits))
            found[-1] = replace(before, end=token.end, digits=digits, word=token.word)
            continue
        found.append(token)
    return found


def _is_sum(one: Token, ten: Token) -> bool:
    """Whether two tokens are "4 og 70"."""
    return ten.gap == "&" and len(one.digits) == 1 and one.digits != "0" and ten.digits in _TENS


def _summed(run: list[Token]) -> list[Token]:
    """The run with "4 og 70" as one number each."""
    found: list[Token] = []
    for token in run:
        if found and _is_sum(found[-1], token):
            one = found.pop()
            found.append(replace(one, end=token.end, digits=token.digits[0] + one.digits, kind="word"))
        else:
            found.append(token)
    return found


def _without_articles(run: list[Token]) -> list[Token]:
    """The run with "et ettal" and "en toer" as one digit each."""
    found: list[Token] = []
    for token in run:
        before = found[-1] if found else None
        if before and before.word in ("en", "et") and token.gap == " " and (_is_tally(token) or token.word == "nul"):
            found[-1] = replace(token, start=before.start, gap=before.gap)
        else:
            found.append(token)
    return found


def _is_tally(token: Token) -> bool:
    """Whether it is a digit as a noun: "ettal", "en toer", "et to-tal"."""
    return token.word in TALLIES or token.word.endswith("-tal")


def _without_echoes(run: list[Token]) -> list[Token]:
    """The run without what repeats in brackets what was just said: "nul en (01)", "4 (fire)", "14 (en fire)"."""
    found: list[Token] = []
    i = 0
    while i < len(run):
        last = i + 1
        if run[i].gap.endswith("("):
            while last < len(run) and not run[last].gap.startswith(")"):
                last += 1
        echo = "".join(x.digits for x in run[i:last])
        if not run[i].gap.endswith("(") or not "".join(x.digits for x in found[-4:]).endswith(echo):
            found += run[i:last]
        i = last
    return found
