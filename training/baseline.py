"""Fits the linear family: TF-IDF n-grams, one logistic regression per indicator, one for the states (scikit-learn)."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

from training.experiment import LinearConfig
from triage.indicators import Scheme
from triage.linear import LinearScorer
from triage.ngrams import NgramSettings, fold, ngrams, tokenize
from triage.text import STATES, Document, Span
from triage.units import split_units


@dataclass(frozen=True)
class _Example:
    """A unit to learn from: K marks (1 speaks of it, 0 not) with weights, and its state or None."""

    text: str
    span: Span
    marks: np.ndarray
    weights: np.ndarray
    state: int | None


def _examples(documents: Sequence[Document], scheme: Scheme, config: LinearConfig) -> list[_Example]:
    found = []
    for document in documents:
        mentioned = {label.indicator for label in document.labels}
        for unit in split_units(document, whole=config.units == "text"):
            marks = np.zeros(len(scheme), bool)
            weights = np.ones(len(scheme), np.float32)
            states: Counter[str] = Counter()
            for code in mentioned:
                weights[scheme.position[code]] = config.unmarked_weight
            for label in document.labels:
                covered = sum(unit.overlap(span) for span in label.spans)
                if covered:
                    marks[scheme.position[label.indicator]] = True
                    weights[scheme.position[label.indicator]] = config.positive_weight
                    states[label.state] += covered
            state = STATES.index(states.most_common(1)[0][0]) if states else None
            found.append(_Example(document.text, unit, marks, weights, state))
        if config.spans_as_units and config.units == "sentence":
            found += _span_examples(document, scheme, config)
    return found


def _span_examples(document: Document, scheme: Scheme, config: LinearConfig) -> list[_Example]:
    found = []
    for label in document.labels:
        for span in label.spans:
            marks = np.zeros(len(scheme), bool)
            weights = np.ones(len(scheme), np.float32)
            for other in document.labels:
                covered = max((span.overlap(x) for x in other.spans), default=0)
                if covered * 2 >= span.end - span.start:
                    marks[scheme.position[other.indicator]] = True
                    weights[scheme.position[other.indicator]] = config.positive_weight
            found.append(_Example(document.text, span, marks, weights, STATES.index(label.state)))
    return found


def _vocabulary(
    examples: Sequence[_Example], settings: NgramSettings, config: LinearConfig
) -> tuple[list[str], np.ndarray]:
    """The kept n-grams, sorted, and their smoothed inverse document frequencies."""
    counts: Counter[str] = Counter()
    for example in examples:
        words = [fold(example.text[w.start : w.end]) for w in tokenize(example.text, example.span)]
        counts.update({name for name, _, _ in ngrams(words, settings)})
    frequent = sorted(
        (name for name, n in counts.items() if n >= config.min_count), key=lambda name: (-counts[name], name)
    )
    vocabulary = sorted(frequent[: config.max_features])
    document_counts = np.array([counts[name] for name in vocabulary])
    idf = np.log((1 + len(examples)) / (1 + document_counts)) + 1
    return vocabulary, idf.astype(np.float32)


def _fit_one(
    features: sparse.csr_matrix, target: np.ndarray, weights: np.ndarray, c: float, seed: int
) -> tuple[np.ndarray, float]:
    if not target.any():
        return np.zeros(features.shape[1], np.float32), -20.0  # nothing to learn from: never found
    model = LogisticRegression(C=c, solver="liblinear", random_state=seed, max_iter=1000)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        warnings.simplefilter("ignore", FutureWarning)
        model.fit(features, target, sample_weight=weights)
    return model.coef_[0].astype(np.float32), float(model.intercept_[0])


def fit_linear(documents: Sequence[Document], scheme: Scheme, config: LinearConfig, *, seed: int) -> LinearScorer:
    """Train a linear scorer on labelled documents.

    An indicator's target is "the unit speaks of it in any state"; a second, multinomial regression learns the state.

    Raises:
        ValueError: there are no texts, or none with a mark.
    """
    examples = _examples(documents, scheme, config)
    spoken = [i for i, example in enumerate(examples) if example.state is not None]
    if not spoken:
        raise ValueError("there is nothing to learn from: no training text has a mark")
    settings = NgramSettings(*config.word_ngrams, *config.char_ngrams)
    vocabulary, idf = _vocabulary(examples, settings, config)
    width, count = len(vocabulary), len(scheme)
    scorer = LinearScorer(
        vocabulary,
        idf,
        np.zeros((width, count), np.float32),
        np.zeros(count, np.float32),
        np.zeros((width, len(STATES)), np.float32),
        np.zeros(len(STATES), np.float32),
        settings=settings,
        whole=config.units == "text",
    )
    found = [scorer.features(example.text, example.span) for example in examples]
    starts = np.cumsum([0, *(len(x.columns) for x in found)])
    features = sparse.csr_matrix(
        (np.concatenate([x.values for x in found]), np.concatenate([x.columns for x in found]), starts),
        shape=(len(examples), width),
    )
    marks = np.stack([example.marks for example in examples])
    weights = np.stack([example.weights for example in examples])
    for index in tqdm(range(count), desc="indicators", unit="indicator", disable=None):
        scorer.weights[:, index], scorer.bias[index] = _fit_one(
            features, marks[:, index], weights[:, index], config.c, seed
        )
    states = np.array([examples[i].state for i in spoken])
    if len(set(states.tolist())) > 1:
        model = LogisticRegression(C=config.state_c, max_iter=2000, random_state=seed, class_weight="balanced")
        model.fit(features[spoken], states)
        if len(model.classes_) == 2:  # scikit-learn keeps one row for two classes
            scorer.state_weights[:, model.classes_[1]] = model.coef_[0]
            scorer.state_bias[:] = -20.0
            scorer.state_bias[model.classes_] = [0.0, model.intercept_[0]]
        else:
            scorer.state_bias[:] = -20.0
            scorer.state_weights[:, model.classes_] = model.coef_.T
            scorer.state_bias[model.classes_] = model.intercept_
    else:
        scorer.state_bias[:] = -20.0
        scorer.state_bias[states[0]] = 0.0
    return scorer
