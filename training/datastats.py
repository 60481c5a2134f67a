"""Statistics of a data set: counted, never typed. Printed, kept as ``stats.json``, and written into the card."""

from __future__ import annotations

import re
import statistics
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training import similarity
from training.dataset import SPLITS, Dataset
from training.markup import WrittenText
from training.plots import bar_plot
from triage import language
from triage.indicators import Scheme
from triage.text import STATES, Document

_QUOTE = re.compile(r"[\"“”„»«]([^\"“”„»«\n]{8,200})[\"“”„»«]")
LENGTHS = ((0, 40), (40, 120), (120, 250), (250, 350), (350, 800), (800, 10**9))


def describe(dataset: Dataset, scheme: Scheme) -> dict[str, Any]:
    """Counts per split, indicator, state, source and length, and measures of variety."""
    every = [text for split in SPLITS for text in dataset.texts[split]]
    everything = [text.document for text in every]
    return {
        "name": dataset.name,
        "splits": {split: _counts(dataset.documents(split), scheme) for split in SPLITS},
        "sources": dict(Counter(document.source for document in everything).most_common()),
        "functions": dict(Counter(text.headers["function"] for text in every if "function" in text.headers)),
        **describe_texts(every, natural=dataset.natural),
    }


def describe_texts(texts: Sequence[WrittenText], *, natural: bool) -> dict[str, Any]:
    """Lengths, variety, languages and, of natural texts, repeats: what is counted of any texts, whatever is marked in them."""
    documents = [text.document for text in texts]
    return {
        "lengths": _lengths(documents),
        "variety": _variety(documents),
        "foreign": sum(speaks_another_language(document.text) for document in documents),
        "repeats": _repeats(texts) if natural else {},
    }


def _counts(documents: Sequence[Document], scheme: Scheme) -> dict[str, Any]:
    stated = Counter(code for document in documents for code in document.stated())
    marks = Counter(label.state for document in documents for label in document.labels for _ in label.spans)
    return {
        "texts": len(documents),
        "notes": sum(document.kind == "note" for document in documents),
        "ads": sum(document.kind == "ad" for document in documents),
        "without_indicator": sum(not document.stated() for document in documents),
        "hard_without_indicator": sum(not document.stated() and bool(document.labels) for document in documents),
        "indicators": {code: stated[code] for code in scheme.codes},
        "marks": {state: marks[state] for state in STATES},
    }


def _lengths(documents: Sequence[Document]) -> dict[str, Any]:
    words = sorted(len(document.text.split()) for document in documents)
    if not words:
        return {}
    return {
        "shortest": words[0],
        "median": statistics.median(words),
        "mean": round(statistics.mean(words), 1),
        "longest": words[-1],
        "spread": {
            f"{low}-{high - 1 if high < 10**9 else ''}": sum(low <= n < high for n in words) for low, high in LENGTHS
        },
    }


def _variety(documents: Sequence[Document]) -> dict[str, float]:
    """Distinct n-gram ratios (Li et al. 2016) and how often two texts open with the same two words."""
    grams: dict[int, list[tuple[str, ...]]] = {1: [], 2: [], 3: []}
    openings: Counter[tuple[str, ...]] = Counter()
    for document in documents:
        words = document.text.lower().split()
        openings[tuple(words[:2])] += 1
        for size, found in grams.items():
            found += [tuple(words[i : i + size]) for i in range(len(words) - size + 1)]
    measures = {f"distinct_{size}": round(len(set(g)) / max(1, len(g)), 3) for size, g in grams.items()}
    measures["distinct_openings"] = round(len(openings) / max(1, len(documents)), 3)
    return measures


def _repeats(texts: Sequence[WrittenText]) -> dict[str, int]:
    """Texts of one scenario may repeat each other (contrast pairs), and do not count."""
    documents = [text.document for text in texts]
    scenario = {text.document.id: text.scenario for text in texts}
    pairs = {
        "near_duplicates": [(one, other) for one, other, _ in similarity.near_duplicates(documents)],
        "shared_sentences": similarity.shared_sentences(documents),
    }
    return {name: sum(scenario[one] != scenario[other] for one, other in found) for name, found in pairs.items()}


def speaks_another_language(text: str) -> bool:
    """Whether a text quotes another language: letters of another script, or a quotation surely not Scandinavian."""
    if any(char.isalpha() and not unicodedata.name(char, "LATIN").startswith("LATIN") for char in text):
        return True
    quotes = [quote for quote in _QUOTE.findall(text) if len(quote.split()) >= 3]
    return any(language.is_foreign(Document("quote", "note", quote)) for quote in quotes)


def as_markdown(stats: dict[str, Any], scheme: Scheme) -> str:
    """The statistics as tables for people."""
    splits = stats["splits"]
    head = "| | " + " | ".join(SPLITS) + " |\n|---|" + "---:|" * len(SPLITS)
    rows = [
        f"| {label} | " + " | ".join(str(splits[split][key]) for split in SPLITS) + " |"
        for key, label in (
            ("texts", "texts"),
            ("notes", "notes"),
            ("ads", "ads"),
            ("without_indicator", "without a stated indicator"),
            ("hard_without_indicator", "of these with a denied, asked or other person's mention"),
        )
    ]
    rows += [f"| marks: {s} | " + " | ".join(str(splits[split]["marks"][s]) for split in SPLITS) + " |" for s in STATES]
    rows += [
        f"| {code} | " + " | ".join(str(splits[split]["indicators"][code]) for split in SPLITS) + " |"
        for code in scheme.codes
        if any(splits[split]["indicators"][code] for split in SPLITS)
    ]
    return "\n".join(
        [
            "### Statistics",
            "",
            head,
            *rows,
            "",
            *prose(stats),
            *(
                [
                    f"{len(stats['functions'])} functions: "
                    + ", ".join(f"{name} {count}" for name, count in stats["functions"].items())
                    + ".",
                    "",
                ]
                if stats["functions"]
                else []
            ),
            "Sources: " + ", ".join(f"{source} {count}" for source, count in stats["sources"].items()) + ".",
            "",
            "![Texts per indicator](indicators.png)",
        ]
    )


def prose(stats: dict[str, Any]) -> list[str]:
    """Lengths, variety, languages and repeats in words, as lines."""
    lengths, variety, repeats = stats["lengths"], stats["variety"], stats["repeats"]
    lines = [
        f"Words per text: {lengths.get('shortest')} to {lengths.get('longest')}, median {lengths.get('median')}, mean "
        f"{lengths.get('mean')}; " + ", ".join(f"{k}: {v}" for k, v in lengths.get("spread", {}).items()) + ".",
        f"Variety: distinct 1/2/3-gram ratio {variety['distinct_1']}/{variety['distinct_2']}/{variety['distinct_3']}; "
        f"{variety['distinct_openings']:.1%} of the texts open with two words no other text opens with first.",
        f"Texts that quote another language, as counted by script and a language identifier: {stats['foreign']}.",
    ]
    if repeats:
        lines.append(
            "Repeats within and across splits, between texts of different scenarios: "
            f"{repeats['near_duplicates']} pairs of near-duplicates (Jaccard "
            f"similarity of character {similarity.SHINGLE}-grams from {similarity.NEAR}), "
            f"{repeats['shared_sentences']} pairs of texts that share a sentence of "
            f"{similarity.SENTENCE_WORDS} words or more."
        )
    return [x for line in lines for x in (line, "")]


def plot_indicators(stats: dict[str, Any], scheme: Scheme, path: Path) -> None:
    """Stacked bars: texts that state each indicator, by split."""
    codes = [c for c in scheme.codes if any(stats["splits"][s]["indicators"][c] for s in SPLITS)]
    series = {split: [stats["splits"][split]["indicators"][code] for code in codes] for split in SPLITS}
    bar_plot(codes, series, path, title=f"{stats['name']}: texts that state each indicator")
