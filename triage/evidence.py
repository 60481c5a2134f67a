"""The heads: from an encoder's token states to scores that are sums over tokens. One interface for all of them.

For indicator k: attention ``a`` over tokens, value ``v = w_k . h_t``, contribution ``c = a * v``, score ``u = b_k + sum c``
with nothing after the sum, so the contributions are the explanation and are exact (label attention after Mullenbach et al.
2018; sparsemax after Martins and Astudillo 2016).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from triage.text import STATES


class HeadOutput(NamedTuple):
    """Scores of B sequences of T tokens for K indicators."""

    logits: Tensor
    """(B, K): bias plus the sum of contributions."""
    contributions: Tensor
    """(B, T, K): zero wherever `own` is false."""
    attention: Tensor
    """(B, T, K): non-negative, sums to 1 over own tokens."""
    states: Tensor
    """(B, K, 4): logits of the states in the order of `triage.text.STATES`."""


def sparsemax(scores: Tensor, mask: Tensor) -> Tensor:
    """Projection of scores onto the simplex along dimension 1: like softmax, but exactly zero where a score is low.

    Args:
        scores: (B, T, K); mask: (B, T), at least one true per row, or the row's result is zero.
    """
    scores = scores.float().masked_fill(~mask[..., None], -1e4)
    ordered, _ = scores.sort(dim=1, descending=True)
    total = ordered.cumsum(dim=1)
    rank = torch.arange(1, scores.shape[1] + 1, device=scores.device).view(1, -1, 1)
    kept = (1 + rank * ordered > total).sum(dim=1, keepdim=True)
    threshold = (total.gather(1, kept - 1) - 1) / kept
    return (scores - threshold).clamp(min=0) * mask[..., None]


class AttentionHead(nn.Module):
    """Attention per indicator, sparse or soft.

    Sparse attention (sparsemax) teaches only the few tokens it rests on; soft attention teaches all, and needs fewer texts.

    Token states are standardised with fixed numbers first: encoders whose states all point one way teach the head slowly.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, width: int, indicators: int, *, sparse: bool) -> None:
        super().__init__()
        self.sparse = sparse
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))
        self.query = nn.Parameter(torch.randn(indicators, width) / width**0.5)
        self.value = nn.Parameter(torch.randn(indicators, width) / width**0.5)
        self.bias = nn.Parameter(torch.full((indicators,), -2.0))
        self.states = nn.Sequential(nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, len(STATES)))

    def forward(self, hidden: Tensor, own: Tensor) -> HeadOutput:
        """
        Args:
            hidden: (B, T, H) token states; own: (B, T), the tokens that may carry evidence.
        """
        hidden = (hidden - self.mean) * self.scale
        scores = hidden @ self.query.T
        if self.sparse:
            attention = sparsemax(scores, own)
        else:
            attention = scores.float().masked_fill(~own[..., None], -1e4).softmax(dim=1) * own[..., None]
        contributions = attention * (hidden @ self.value.T).float()
        attended = torch.einsum("btk,bth->bkh", attention.to(hidden.dtype), hidden)
        weights = own[..., None].to(hidden.dtype)
        mean = (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)
        states = self.states(torch.cat([attended, mean[:, None].expand_as(attended)], dim=-1))
        return HeadOutput(self.bias + contributions.sum(dim=1), contributions, attention, states.float())

    @torch.no_grad()
    def doubt(self, amount: float) -> None:
        """Lower the logit of the state `stated` by an amount, for every indicator."""
        last = self.states[-1]
        assert isinstance(last, nn.Linear)
        last.bias[0] -= amount

    @torch.no_grad()
    def standardise(self, hidden: Tensor) -> None:
        """Take mean and scale from token states (N, H) as they are before training."""
        self.mean.copy_(hidden.mean(dim=0))
        self.scale.copy_(1 / hidden.std(dim=0).clamp(min=1e-3))


class ClsHead(nn.Module):
    """Control: a linear map of the first token's state. It has no evidence to show, so every token gets an equal share."""

    def __init__(self, width: int, indicators: int) -> None:
        super().__init__()
        self.score = nn.Linear(width, indicators)
        self.states = nn.Linear(width, indicators * len(STATES))
        self.bias = nn.Parameter(torch.zeros(indicators), requires_grad=False)

    def forward(self, hidden: Tensor, own: Tensor) -> HeadOutput:
        """As `AttentionHead.forward`."""
        first = hidden[:, 0]
        attention = own[..., None].float() / own.sum(dim=1).clamp(min=1)[:, None, None]
        contributions = attention * self.score(first).float()[:, None]
        states = self.states(first).float().view(len(hidden), -1, len(STATES))
        attention = attention.expand_as(contributions)
        return HeadOutput(self.bias + contributions.sum(dim=1), contributions, attention, states)

    @torch.no_grad()
    def doubt(self, amount: float) -> None:
        """As `AttentionHead.doubt`."""
        self.states.bias.view(-1, len(STATES))[:, 0] -= amount


Head = AttentionHead | ClsHead
HEADS = ("unit_evidence", "unit_soft", "label_attention", "cls")


def make_head(name: str, width: int, indicators: int) -> Head:
    """The head of a name in `HEADS`.

    Raises:
        ValueError: the name is not known.
    """
    if name == "cls":
        return ClsHead(width, indicators)
    if name != "cls" and name in HEADS:
        return AttentionHead(width, indicators, sparse=name == "unit_evidence")
    raise ValueError(f"unknown head {name!r}; heads are {', '.join(HEADS)}")


def hazards(logits: Tensor, states: Tensor) -> Tensor:
    """lambda = P(stated) * softplus(u), (B, K), from logits (B, K) and state logits (B, K, 4); see `triage.scoring`."""
    return states.softmax(dim=-1)[..., 0] * nn.functional.softplus(logits)
