"""The losses of the encoder family, over the texts of a batch.

Binary cross-entropy of the text's probability; of each unit's score ("speaks of it", unmarked units of marked texts
counting less, as annotators mark enough, not all); attention mass on the marked words (only where words are marked); and
cross-entropy of the state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn import functional

from training.devices import autocast
from training.examples import Example
from training.experiment import EncoderConfig
from triage.evidence import hazards
from triage.layout import Layout
from triage.network import AnyNetwork
from triage.pieces import Piece, TextTokenizer

GROUP_TOKENS = {"cpu": 4096, "cuda": 16384}
"""Tokens of one pass of the encoder in training: what fits a processor's cache, what fills a GPU."""


def _texts(count: int, joining: float, device: torch.device) -> torch.Tensor:
    """(count,): which text each document of a batch is read as a part of.

    With probability `joining` documents are read as if several were one text. A long text has many units, each with a small
    doubt; only texts as long as that teach the doubts of what says nothing to add up to nothing.
    """
    size = int(2 ** torch.randint(1, 4, ())) if joining and float(torch.rand(())) < joining else 1
    return torch.arange(count, device=device) // size


@dataclass(frozen=True)
class _Scored:
    """What the losses need of N pieces, in order."""

    logits: torch.Tensor
    """(N, K)"""
    states: torch.Tensor
    """(N, K, 4)"""
    mass: torch.Tensor
    """(N, K): attention on marked words."""


def _forward(
    network: AnyNetwork,
    pieces: list[Piece],
    words: list[torch.Tensor],
    masking: float,
    tokens: TextTokenizer,
    layout: Layout,
    device: torch.device,
) -> _Scored:
    """Score pieces a group at a time; contributions and attention are not kept."""
    order: list[int] = []
    parts: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []
    read = _hidden(pieces, masking, tokens) if masking else pieces
    for rows in layout.groups(read, GROUP_TOKENS.get(device.type, 4096)):
        inputs = layout.inputs([read[i] for i in rows])
        output = network(**{name: torch.from_numpy(x).to(device) for name, x in inputs.items()})
        marked = torch.zeros(len(rows), *output.attention.shape[1:], dtype=torch.bool)
        for row, i in enumerate(rows):
            marked[row, pieces[i].first : pieces[i].first + len(words[i])] = words[i]
        order += rows
        mass = (output.attention[: len(rows)] * marked.to(device)).sum(dim=1)
        parts.append((output.logits[: len(rows)], output.states[: len(rows)], mass))
    back = torch.tensor(order).argsort().to(device)
    return _Scored(*(torch.cat(part)[back] for part in zip(*parts, strict=True)))


def _hidden(pieces: Sequence[Piece], share: float, tokens: TextTokenizer) -> list[Piece]:
    """The pieces with a share of their own tokens masked, in a sequence that others see as their context as well."""
    assert tokens.mask is not None  # see `load_encoder`
    masked: dict[int, list[int]] = {}
    for piece in pieces:
        ids = np.array(piece.ids)
        own = slice(piece.first, piece.first + len(piece.offsets))
        ids[own] = np.where(torch.rand(len(piece.offsets)).numpy() < share, tokens.mask, ids[own])
        masked[id(piece.ids)] = ids.tolist()
    return [
        replace(piece, ids=masked[id(piece.ids)], context=tuple(masked.get(id(x), x) for x in piece.context))
        for piece in pieces
    ]


def loss_of(
    network: AnyNetwork,
    batch: list[Example],
    config: EncoderConfig,
    tokens: TextTokenizer,
    layout: Layout,
    device: torch.device,
) -> torch.Tensor:
    """The loss of a batch of at least one example: a scalar, a text's mean.

    Args:
        layout: makes the network's inputs.
    """
    pieces = [piece for example in batch for piece in example.pieces]
    words = [marked for example in batch for marked in example.words]
    owner = torch.tensor([i for i, example in enumerate(batch) for _ in example.pieces], device=device)
    with autocast(device):  # around all groups, so that weights are converted once
        scored = _forward(network, pieces, words, config.token_masking, tokens, layout, device)
    lambdas = hazards(scored.logits, scored.states)
    text = _texts(len(batch), config.joining, device)
    count = int(text[-1]) + 1
    total = torch.zeros(count, lambdas.shape[1], device=device).index_add(0, text[owner], lambdas)
    stated = torch.stack([x.stated for x in batch]).to(device)
    stated = torch.zeros(count, stated.shape[1], device=device).index_add(0, text, stated).clamp(max=1)
    # log P = log(1 - exp(-total)) and log(1 - P) = -total, without leaving the log domain.
    log_present = torch.log(-torch.expm1(-total.clamp(min=1e-6)))
    loss = -(stated * log_present - (1 - stated) * total).mean() * len(stated[0])
    marks = torch.cat([x.marks for x in batch]).to(device)
    weights = torch.cat([x.weights for x in batch]).to(device)
    if config.unit_weight:
        unit = functional.binary_cross_entropy_with_logits(scored.logits, marks, weights, reduction="sum")
        loss = loss + config.unit_weight * unit / len(batch)
    states = torch.cat([x.states for x in batch]).to(device)
    known = states >= 0
    if config.state_weight and bool(known.any()):
        state = functional.cross_entropy(scored.states[known], states[known], reduction="sum")
        loss = loss + config.state_weight * state / len(batch)
    if config.span_weight and config.head != "cls" and bool(known.any()):
        loss = loss + config.span_weight * -torch.log(scored.mass[known].clamp(min=1e-2)).sum() / len(batch)
    return loss
