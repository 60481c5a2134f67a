"""One network from several trainings: the mean of their weights (model soups, Wortsman et al. 2022)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch

from triage.encoder import EncoderScorer
from triage.network import TorchForward, torch_scorer


def averaged(scorers: Sequence[EncoderScorer]) -> EncoderScorer:
    """The first scorer with the mean weights of all, at the cost of one when it reads.

    Args:
        scorers: at least one, by `training.finetune.fit_encoder`, differing in `member` alone; the first one's network changes.
    """
    first = scorers[0]
    trained = [cast(TorchForward, scorer.forward) for scorer in scorers]
    states = [forward.network.state_dict() for forward in trained]
    mean = {
        name: torch.stack([state[name] for state in states]).mean(dim=0) if value.is_floating_point() else value
        for name, value in states[0].items()
    }
    trained[0].network.load_state_dict(mean)
    return torch_scorer(trained[0].network, trained[0].tokenizer, first.window, first.familiarity)
