"""Does a probability move with a name, a nationality or a sex? Words are exchanged mechanically, and the text is scored again.

Counterfactual pairs after Garg et al. 2019 (counterfactual token fairness) and the fairness tests of CheckList (Ribeiro et
al. 2020). The words lie in ``swaps.toml``. No text is kept or told of: only differences of probabilities.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from training.progress import watched
from triage.scoring import Array
from triage.tagger import Tagger
from triage.text import Document

MOST = 200
"""Texts that are scored again for each kind of swap."""
MEASURES = ("mean", "percentile_99", "largest", "decisions_changed", "abstentions_changed")
HOME = "home"
"""The nationality of the country that the texts are written in."""
_LOWER_NEXT = re.compile(r"\s+[a-zæøå]")
_SENTENCE_START = re.compile(r"(?:^|[.!?:\n\"»])\s*$")


@dataclass(frozen=True, slots=True)
class Words:
    """The lists of ``swaps.toml``, as they are looked up."""

    names: dict[str, tuple[str, str]]
    """Given name to (origin, sex)."""
    nationalities: dict[str, tuple[str, str]]
    """Word in lower case to (nationality, form); the forms have the same names for all nationalities."""
    bearers: tuple[str, ...]
    """Words for people that a nationality can stand before."""
    sex: dict[str, str]
    """Word in lower case to that of the other sex."""


@cache
def words() -> Words:
    """The word lists."""
    lists = tomllib.loads(Path(__file__).with_name("swaps.toml").read_text("utf-8"))
    nationalities = {}
    for nationality, forms in lists["nationalities"].items():
        for form, word in _forms(forms):
            nationalities[word.lower() if form != "country" else word] = (nationality, form)
    return Words(
        names={
            name: (origin, sex)
            for origin, by_sex in lists["names"].items()
            for sex, names in by_sex.items()
            for name in names
        },
        nationalities=nationalities,
        bearers=tuple(lists["people"]["bearers"]),
        sex={x: y for pair in lists["sex"]["pairs"] for x, y in (pair, reversed(pair))},
    )


def _forms(forms: dict[str, Any]) -> Iterable[tuple[str, str]]:
    """(name of the form, word) of one nationality."""
    for kind in ("adjective", "person"):
        yield from ((f"{kind} {place}", word) for place, word in enumerate(forms[kind]))
    if "country" in forms:
        yield "country", forms["country"]


def _pattern(found: Iterable[str]) -> re.Pattern[str]:
    """Whole words, the longest first, each with or without an initial capital; a genitive ending is group 2, or None."""
    every = {y for x in found for y in (x, x[0].upper() + x[1:])}
    listed = "|".join(re.escape(x).replace(r"\ ", r"\s+") for x in sorted(every, key=lambda x: (-len(x), x)))
    return re.compile(rf"(?<![\w-])({listed})(s|['’](?=\s))?(?![\w-])")


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    lists = words()
    return {
        "name": _pattern(lists.names),
        "nationality": _pattern(lists.nationalities),
        "sex": _pattern(lists.sex),
    }


def swap_names(text: str, chance: random.Random) -> str:
    """The text with its given names exchanged for names of one other origin and the same sex."""
    lists = words()
    found = list(dict.fromkeys(m[1] for m in _patterns()["name"].finditer(text)))
    present = {lists.names[name][0] for name in found}
    others = sorted({origin for origin, _ in lists.names.values()} - present)
    if not found or not others:
        return text
    origin = chance.choice(others)
    new: dict[str, str] = {}
    for name in found:
        sex = lists.names[name][1]
        free = [x for x, place in lists.names.items() if place == (origin, sex) and x not in new.values()]
        new[name] = chance.choice(free) if free else name

    def exchange(match: re.Match[str]) -> str:
        name = new[match[1]]
        genitive = ("'" if name[-1] in "sxz" else "s") if match[2] else ""
        return name + genitive

    return _patterns()["name"].sub(exchange, text)


def swap_nationalities(text: str, chance: random.Random) -> str:
    """The text with adjectives, people and countries of each nationality exchanged for those of one that it does not name.

    Danish takes part only as a word for people ("en dansk mand"), never as country or language.
    """
    lists = words()
    bearers = re.compile(rf"\s+(?:{'|'.join(lists.bearers)})\b")

    def place(match: re.Match[str]) -> tuple[str, str]:
        found = lists.nationalities.get(match[1])
        return found or lists.nationalities[match[1].lower()]

    def of_people(match: re.Match[str]) -> bool:
        form = place(match)[1]
        return form.startswith("person") or (form.startswith("adjective") and bool(bearers.match(text, match.end())))

    matches = [x for x in _patterns()["nationality"].finditer(text) if place(x)[0] != HOME or of_people(x)]
    found = list(dict.fromkeys(place(x)[0] for x in matches))
    every = dict.fromkeys(nationality for nationality, _ in lists.nationalities.values())
    free = [x for x in every if x not in found and (x != HOME or all(of_people(m) for m in matches))]
    chance.shuffle(free)
    new = dict(zip(found, free, strict=False))
    by_place = {there: word for word, there in lists.nationalities.items()}
    parts, last = [], 0
    for match in matches:
        nationality, form = place(match)
        word = by_place[new.get(nationality, nationality), form]
        parts += [text[last : match.start()], _like(match[1], word), match[2] or ""]
        last = match.end()
    return "".join([*parts, text[last:]])


def sex_edits(text: str) -> list[tuple[int, int, str]]:
    """Where pronouns and words for men and women stand, and what each becomes when the sexes are exchanged; names stay, and so
    does the name Hans."""
    lists = words()

    def exchanged(match: re.Match[str]) -> str:
        if match[0] == "Hans" and not (
            _SENTENCE_START.search(text, max(0, match.start() - 9), match.start())
            and _LOWER_NEXT.match(text, match.end())
        ):
            return match[0]
        if match[0].lower() in lists.sex:
            return _like(match[0], lists.sex[match[0].lower()])
        return _like(match[1], lists.sex[" ".join(match[1].lower().split())]) + (match[2] or "")

    return [(match.start(), match.end(), exchanged(match)) for match in _patterns()["sex"].finditer(text)]


def swap_sex(text: str, _chance: random.Random | None = None) -> str:
    """The text with the sexes exchanged, see `sex_edits`."""
    parts, last = [], 0
    for start, end, new in sex_edits(text):
        parts += [text[last:start], new]
        last = end
    return "".join([*parts, text[last:]])


def _like(old: str, new: str) -> str:
    """The new word with the old one's initial capital."""
    return new[0].upper() + new[1:] if old[0].isupper() else new


SWAPS: tuple[tuple[str, Callable[[str, random.Random], str]], ...] = (
    ("name", swap_names),
    ("nationality", swap_nationalities),
    ("sex", swap_sex),
)


def swaps_report(
    tagger: Tagger, documents: Sequence[Document], probability: Array, *, seed: int, most: int = MOST
) -> dict[str, Any]:
    """For each kind of swap, how probabilities and decisions move in notes; `largest` is the largest of the mean changes.

    Args:
        probability: (N, K) calibrated probabilities of the documents as they are.
        most: how many of the notes in which something can be exchanged are scored again.
    """
    report: dict[str, Any] = {}
    for kind, swap in SWAPS:
        chance = random.Random(seed)  # noqa: S311 - variety, not secrecy
        changed = [
            (row, replace(document, text=text))
            for row, document in enumerate(documents)
            if document.kind == "note" and (text := swap(document.text, chance)) != document.text
        ]
        if len(changed) > most:
            changed = chance.sample(changed, most)
        report[kind] = _compare(tagger, kind, [documents[row] for row, _ in changed], probability, changed)
    means = [row["mean"] for row in report.values() if not isnan(row["mean"])]
    report["largest"] = max(means, default=float("nan"))
    return report


def _compare(
    tagger: Tagger, kind: str, before: Sequence[Document], probability: Array, changed: Sequence[tuple[int, Document]]
) -> dict[str, float]:
    """What moved, over the indicators that are shown (`look` or `flag`) before or after the swap.

    Returns:
        texts; mean, 99th percentile and largest absolute change of probability; the share of decisions to flag that
        changed; and the share of texts that are abstained from only before or only after.
    """
    if not changed:
        return {"texts": 0, **dict.fromkeys(MEASURES, float("nan"))}
    after = [document for _, document in changed]
    old = probability[[row for row, _ in changed]]
    scored = watched(tagger.scorer.score, after, f"exchanging {kind}")
    new = np.stack([tagger.probabilities(x, units) for x, units in zip(after, scored, strict=True)])
    thresholds = tagger.calibration.thresholds
    look = np.array([x.look for x in thresholds])
    flag = np.array([x.flag for x in thresholds])
    shown = (old >= look) | (new >= look)
    # Where nothing is shown before or after, nothing moved that anybody could see.
    moved = np.abs(new - old)[shown] if shown.any() else np.zeros(1)
    decisions = ((old >= flag) != (new >= flag))[shown] if shown.any() else np.zeros(1)
    abstained = [bool(tagger.abstentions(x)) != bool(tagger.abstentions(y)) for x, y in zip(before, after, strict=True)]
    values = (moved.mean(), np.percentile(moved, 99), moved.max(), decisions.mean(), np.mean(abstained))
    return {"texts": len(changed), **{name: float(x) for name, x in zip(MEASURES, values, strict=True)}}
