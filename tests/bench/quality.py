"""What the engine that serves costs in quality, beside torch in float32."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tests.bench import sample
from tests.bench.plan import Plan
from training.evaluation import predictions
from training.metrics import macro_f1
from triage.loading import Inference, load


def measure(plan: Plan) -> dict[str, Any]:
    """Macro-F1 at the shipped thresholds on all test texts, and how far the answers agree."""
    from training.compile import agreement  # and with it torch

    documents = sample.texts("test", labelled=True)
    documents = documents[:24] if plan.quick else documents
    served, exact = load(plan.model, plan.inference), load(plan.model, Inference("torch"))
    scores = {name: 100 * macro_f1(predictions(x, documents)) for name, x in (("served", served), ("torch", exact))}
    precision = getattr(getattr(served.scorer, "forward", None), "precision", "f32")
    compared = agreement(exact, exact(documents), served(documents), precision)
    return {
        "macro_f1_drop": round(scores["torch"] - scores["served"], 3),
        "quality": {
            "macro_f1": {name: round(x, 3) for name, x in scores.items()},
            "engine": type(getattr(served.scorer, "forward", served.scorer)).__name__,
            "precision": precision,
            "agreement": asdict(compared),
            "texts": len(documents),
        },
    }
