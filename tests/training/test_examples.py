"""What an epoch reads, and which epoch is kept."""

import dataclasses

import numpy as np
import pytest

from tests.conftest import make_documents
from tests.encoders import make_encoder
from training import finetune
from training.examples import Cutter, set_aside
from training.experiment import EncoderConfig
from training.phrases import PHRASES
from triage.network import read_encoder
from triage.pieces import TextTokenizer, Window
from triage.text import Document


@pytest.fixture
def texts():
    """Natural texts, phrases that state something, and phrases that state nothing."""
    natural = make_documents(16)
    stating = [dataclasses.replace(x, id=f"s-{x.id}", source=PHRASES) for x in make_documents(64) if x.stated()]
    nothing = [Document(f"n-{i}", "note", f"Ingen gæld, sag {i}.", PHRASES, "da") for i in range(40)]
    return natural, stating, nothing


def test_an_epoch_leaves_out_some_of_the_phrases_that_state_nothing_and_nothing_else(tmp_path, scheme, texts):
    natural, stating, nothing = texts
    make_encoder(tmp_path)
    tokenizer, _ = read_encoder(str(tmp_path), offline=True)
    cutter = Cutter(
        TextTokenizer.of(tokenizer), Window("unit_evidence", 64, 0), scheme, 0.0, 0.0, np.random.default_rng(1)
    )
    every = natural + stating + nothing

    def read(share):
        return sum(len(batch) for batch in cutter.batches(every, share, 8))

    assert read(1.0) == len(every)
    assert read(0.0) == len(natural) + len(stating)
    first, second = read(0.5), read(0.5)
    assert len(natural) + len(stating) < min(first, second)
    assert max(first, second) < len(every)


def test_only_natural_texts_are_set_aside(texts):
    natural, stating, nothing = texts
    learnt, dev = set_aside(natural + stating + nothing, 0.25, np.random.default_rng(1))
    assert len(dev) == 4
    assert all(x.source != PHRASES for x in dev)
    assert {x.id for x in learnt} | {x.id for x in dev} == {x.id for x in natural + stating + nothing}
    assert len(learnt) + len(dev) == len(natural + stating + nothing)


@pytest.mark.parametrize("keep", ["best", "last"])
def test_the_best_or_the_last_epoch_is_kept(tmp_path, scheme, monkeypatch, keep):
    """Dev scores fall from the first epoch on: `best` keeps it and stops early, `last` reads on to the end."""
    make_encoder(tmp_path)
    config = EncoderConfig(
        family="encoder", encoder=str(tmp_path), max_tokens=64, epochs=4, batch_documents=16, patience=2, keep=keep
    )
    after = []

    def falling(scorer, *_):
        after.append(scorer.forward.network.head.query.detach().clone())
        return 1.0 / len(after)

    monkeypatch.setattr(finetune, "_dev_score", falling)
    scorer = finetune.fit_encoder(make_documents(32), scheme, config, seed=1, device="cpu")
    assert len(after) == {"best": 3, "last": 4}[keep]
    kept = after[0] if keep == "best" else after[-1]
    np.testing.assert_array_equal(scorer.forward.network.head.query.detach().numpy(), kept.numpy())
