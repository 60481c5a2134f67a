"""SHAP and LIME over the tagger's own probabilities, with the budgets that people use."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from triage.tagger import Tagger
from triage.text import Document

WORDS = r"\W+"
_AT_ONCE = 50


def probabilities_of(tagger: Tagger, kind: str, indicators: Sequence[int]) -> Callable[[Sequence[str]], Any]:
    """(N, len(indicators)): what the tagger says of some indicators in texts of a kind."""
    places = list(indicators)

    def ask(texts: Sequence[str]) -> Any:
        documents = [Document(str(i), kind, str(x)) for i, x in enumerate(texts)]
        scored = zip(documents, tagger.scorer.score(documents), strict=True)
        return np.stack([tagger.probabilities(document, units)[places] for document, units in scored])

    return ask


def shap_seconds(tagger: Tagger, document: Document, indicators: Sequence[int], evaluations: int) -> float:
    """Seconds that `shap.Explainer` takes to explain some indicators of a text, all in one go.

    Raises:
        ModuleNotFoundError: shap is not installed; `make bench` installs it.
    """
    import shap

    ask = probabilities_of(tagger, document.kind, indicators)
    explainer = shap.Explainer(ask, shap.maskers.Text(WORDS), output_names=[str(x) for x in indicators])
    began = time.perf_counter()
    explainer([document.text], max_evals=evaluations, batch_size=_AT_ONCE, silent=True)
    return time.perf_counter() - began


def lime_seconds(tagger: Tagger, document: Document, indicators: Sequence[int], samples: int) -> float:
    """Seconds that LIME takes to explain some indicators of a text, all from the same samples.

    Raises:
        ModuleNotFoundError: lime is not installed; `make bench` installs it.
    """
    from lime.lime_text import LimeTextExplainer

    ask = probabilities_of(tagger, document.kind, indicators)
    explainer = LimeTextExplainer(class_names=[str(x) for x in indicators], random_state=1)
    began = time.perf_counter()
    explainer.explain_instance(document.text, ask, labels=range(len(indicators)), num_samples=samples)
    return time.perf_counter() - began
