"""An encoder that reads each sequence by itself and lets a unit see its context from a layer on."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch.nn import functional
from transformers import BertModel

from triage.evidence import Head, HeadOutput


class LateNetwork(torch.nn.Module):
    """Encoder and head with a late context; inputs as `triage.layout.Flat` makes them.

    The lower layers read each sequence by itself. In the upper ones a unit also attends to the sequences before it, as they were
    when the lower layers had read them, marked with the encoder's second segment, as BERT marks another sentence. So a sequence
    is computed once, whether it is a unit, a context or both (cf. DeFormer, Cao et al. 2020).
    """

    def __init__(self, encoder: Any, head: Head, layer: int) -> None:
        """
        Args:
            encoder: a BERT of `transformers`, or what is built like it.
            layer: how many layers read a sequence by itself.

        Raises:
            ValueError: the encoder is built otherwise, or has no layer above.
        """
        super().__init__()
        if not isinstance(encoder, BertModel):
            raise ValueError("a late context (context_layer) needs a BERT encoder; with others set context_layer = 0")
        if layer >= (layers := len(encoder.encoder.layer)):
            raise ValueError(f"the encoder has {layers} layers; context_layer has to be below that")
        self.encoder, self.head, self.layer = encoder, head, layer

    def forward(
        self,
        ids: torch.Tensor,
        position: torch.Tensor,
        low_tokens: torch.Tensor,
        low_block: torch.Tensor,
        low_back: torch.Tensor,
        unit: torch.Tensor,
        high_tokens: torch.Tensor,
        high_block: torch.Tensor,
        high_back: torch.Tensor,
        beside_tokens: torch.Tensor,
        beside_block: torch.Tensor,
        own_tokens: torch.Tensor,
        own: torch.Tensor,
    ) -> HeadOutput:
        """
        Args:
            ids, position: (N,) tokens of all sequences, and their places in them.
            low_tokens, low_block, low_back: (R, L) tokens in rows of attention, the sequences they are of, and (N,) the way back.
            unit: (M,) tokens of the units among all.
            high_tokens, high_block, high_back: (R', L') and (M,), the same for the units.
            beside_tokens, beside_block: (R', C) tokens of the contexts among all, and the units that see them.
            own_tokens, own: (B, T) tokens of the units, and which may carry evidence.
        """
        table = self.encoder.embeddings
        kind = table.token_type_embeddings.weight
        hidden = table.word_embeddings(ids) + table.position_embeddings(position) + kind[0]
        hidden = table.dropout(table.LayerNorm(hidden))
        mask = _mask(low_block, low_block)
        for layer in self.encoder.encoder.layer[: self.layer]:
            hidden = _read(layer, hidden, hidden, low_tokens, low_tokens, mask, low_back)
        context = hidden + kind[1]
        hidden = _rows(hidden, unit)
        keys = torch.cat([high_tokens, beside_tokens + unit.shape[0]], dim=1)
        mask = _mask(high_block, torch.cat([high_block, beside_block], dim=1))
        for layer in self.encoder.encoder.layer[self.layer :]:
            hidden = _read(layer, hidden, torch.cat([hidden, context]), high_tokens, keys, mask, high_back)
        output: HeadOutput = self.head(_rows(hidden, own_tokens), own)
        return output


def _rows(table: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """The rows of a table at some places; as an embedding, whose gradient is quick to compute."""
    return functional.embedding(places, table)


def _mask(queries: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
    """(R, 1, L, C): what is added to attention so that blocks see only themselves."""
    return torch.where(queries[:, None, :, None] == keys[:, None, None, :], 0.0, -1e4)


def _read(
    layer: Any,
    hidden: torch.Tensor,
    seen: torch.Tensor,
    queries: torch.Tensor,
    keys: torch.Tensor,
    mask: torch.Tensor,
    back: torch.Tensor,
) -> torch.Tensor:
    """(M, H): one layer of a BERT over tokens without gaps.

    Args:
        hidden: (M, H); seen: (N, H) what there is to attend to.
        queries, keys: (R, L) and (R, C), which token stands where in the rows of attention.
        back: (M,) where in the rows each token stands.
    """
    attention = layer.attention.self
    heads, width = attention.num_attention_heads, attention.attention_head_size

    def rows(states: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        return _rows(states, places).view(places.shape[0], places.shape[1], heads, width).transpose(1, 2)

    query = rows(attention.query(hidden), queries)
    key, value = rows(attention.key(seen), keys), rows(attention.value(seen), keys)
    weights = (query @ key.transpose(2, 3)) * width**-0.5 + mask.to(query.dtype)
    weights = attention.dropout(weights.softmax(dim=-1, dtype=torch.float32).to(value.dtype))
    found = (weights @ value).transpose(1, 2).reshape(-1, heads * width)
    return cast(torch.Tensor, layer.feed_forward_chunk(layer.attention.output(_rows(found, back), hidden)))
