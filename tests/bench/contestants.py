"""What Tegn is compared with: the usual ways to read the same texts."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from triage.text import Document
from triage.weights import ENCODER

Reader = Callable[[Sequence[Document]], float]
"""Reads documents; returns the seconds that took."""
LENGTH = 512
TRAINED_ON = 1_500


def bare_pipeline(encoder: Path, labels: int) -> Any:
    """`transformers.pipeline` in float32 on an encoder with a classification head, on all cores, no HTTP.

    The head has random weights: what it says means nothing, and takes as long as if it did.
    """
    import torch
    from transformers import AutoConfig, AutoModelForSequenceClassification, logging, pipeline

    from triage.network import read_encoder

    torch.manual_seed(1)
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    logging.set_verbosity_error()
    tokenizer, body = read_encoder(str(encoder), offline=True)
    config = AutoConfig.from_pretrained(str(encoder), local_files_only=True, num_labels=labels)
    model = AutoModelForSequenceClassification.from_config(config).float().eval()
    missing = model.base_model.load_state_dict(body.state_dict(), strict=False)
    if missing.unexpected_keys:
        raise RuntimeError(f"the pipeline would not read with the encoder's weights: {missing.unexpected_keys[:3]}")
    return pipeline("text-classification", model=model, tokenizer=tokenizer, top_k=None, device="cpu")


def pipeline_reader(pipe: Any, batch_size: int) -> Reader:
    """Reads with a pipeline, so many texts at once."""
    longest = min(LENGTH, pipe.model.config.max_position_embeddings)

    def read(documents: Sequence[Document]) -> float:
        began = time.perf_counter()
        said = pipe([x.text for x in documents], batch_size=batch_size, truncation=True, max_length=longest)
        assert len(said) == len(documents)
        return time.perf_counter() - began

    return read


def tfidf_reader(train: Sequence[Document], most: int = TRAINED_ON) -> Reader:
    """TF-IDF of words and pairs with one logistic regression a label, by scikit-learn; trained on some texts, for speed alone."""
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import make_pipeline

    known = list(train)[:most]
    codes = sorted({label.indicator for x in known for label in x.labels})
    truth = np.array([[code in x.stated() for code in codes] for x in known])
    truth = truth[:, truth.any(axis=0) & ~truth.all(axis=0)]
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), max_features=50_000, sublinear_tf=True),
        OneVsRestClassifier(LogisticRegression(solver="liblinear")),
    )
    model.fit([x.text for x in known], truth)

    def read(documents: Sequence[Document]) -> float:
        began = time.perf_counter()
        assert len(model.predict_proba([x.text for x in documents])) == len(documents)
        return time.perf_counter() - began

    return read


def encoder_of(model: Path, default: Path) -> Path:
    """The encoder of a model folder; that of another where it has none."""
    return model / ENCODER if (model / ENCODER).is_dir() else default
