"""From a document to the sequences that an encoder reads: tokens, units with their left context, groups of like length."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from triage.canonical import canonical
from triage.scoring import Offsets
from triage.text import Document, Span
from triage.units import split_units

TOKENIZER = "tokenizer.json"
_SPECIALS = "tokenizer_config.json"
Encoded = tuple[list[int], list[tuple[int, int]]]
"""Token ids of a text and the places of the tokens in it."""
Ids = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class TextTokenizer:
    """A tokenizer of the `tokenizers` library, with the special tokens that stand around a sequence."""

    backend: Tokenizer
    before: tuple[int, ...]
    after: tuple[int, ...]
    padding: int
    mask: int | None = None

    @classmethod
    def of(cls, tokenizer: Any) -> Self:
        """That of a fast tokenizer of `transformers`."""
        before = tokenizer.cls_token_id if tokenizer.cls_token_id is not None else tokenizer.bos_token_id
        after = tokenizer.sep_token_id if tokenizer.sep_token_id is not None else tokenizer.eos_token_id
        backend = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
        return cls._plain(backend, before, after, tokenizer.pad_token_id, tokenizer.mask_token_id)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """That of a folder written by `save_pretrained`; needs no `transformers`.

        Raises:
            ValueError, OSError, KeyError: the folder holds none.
        """
        backend = Tokenizer.from_str((folder / TOKENIZER).read_text("utf-8"))
        settings = json.loads((folder / _SPECIALS).read_text("utf-8"))

        def number(*names: str) -> int | None:
            for name in names:
                if (token := settings.get(name)) is not None:
                    return backend.token_to_id(token["content"] if isinstance(token, dict) else token)
            return None

        padding = number("pad_token")
        if padding is None:
            raise KeyError("pad_token")
        before, after = number("cls_token", "bos_token"), number("sep_token", "eos_token")
        return cls._plain(backend, before, after, padding, number("mask_token"))

    @classmethod
    def _plain(cls, backend: Tokenizer, before: int | None, after: int | None, padding: int, mask: int | None) -> Self:
        backend.no_truncation()
        backend.no_padding()
        return cls(backend, () if before is None else (before,), () if after is None else (after,), padding, mask)

    def __call__(self, texts: Sequence[str]) -> list[Encoded]:
        """Each text by itself, without special tokens."""
        return [(x.ids, x.offsets) for x in self.backend.encode_batch(list(texts), add_special_tokens=False)]


GROUP_COST = 48
"""What a group costs beside its tokens, in tokens: some 2.5 ms to 0.05 ms of a token, measured on one core with bfloat16."""


@dataclass(frozen=True, slots=True)
class Window:
    """How a text is cut into the sequences that the encoder sees."""

    head: str
    max_tokens: int
    context_units: int
    context_layer: int = 0
    """Layer of the encoder above which a unit sees its context, as the context is there when it is read by itself; 0 if both are
    one sequence from the first layer on."""

    @property
    def whole(self) -> bool:
        """Controls see as much of the text at once as fits; the design's heads see one unit and a little before it."""
        return self.head not in UNIT_HEADS


UNIT_HEADS = ("unit_evidence", "unit_soft")
"""Heads that read one unit at a time with a little context; the others read whole texts."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One input: token ids with special tokens, and which of them are the unit's own."""

    span: Span
    ids: list[int]
    first: int
    """Place of the first own token in `ids`."""
    offsets: Offsets
    """(n, 2): places of the own tokens in the text."""
    context: tuple[list[int], ...] = ()
    """Token ids of the sequences before it that it sees from a layer on."""


def cut(document: Document, tokenizer: TextTokenizer, window: Window, start: int = 0) -> list[Piece]:
    """The sequences of a document. Nothing outside a unit and its left context is in its sequence, or in those it sees.

    A unit of more tokens than fit becomes several, each with its own tokens, so that nothing is dropped. Units that end at
    `start` or before are context alone.
    """
    text = document.text
    units = split_units(document, whole=window.whole)
    if not units:
        return []
    room = window.max_tokens - len(tokenizer.before) - len(tokenizer.after)
    encoded = tokenizer([canonical(text[unit.start : unit.end]) for unit in units])
    found = []
    apart: list[list[int]] = []
    for index, unit in enumerate(units):
        ids = encoded[index][0]
        places = np.asarray(encoded[index][1], np.int64).reshape(-1, 2) + unit.start
        joined = [] if window.context_layer or window.whole else encoded[max(0, index - window.context_units) : index]
        context = [token for tokens, _ in joined for token in tokens]
        for first in range(0, max(1, len(ids)), room):
            own = ids[first : first + room]
            kept = context[max(0, len(context) - (room - len(own))) :] if len(own) < room else []
            sequence = [*tokenizer.before, *kept, *own, *tokenizer.after]
            if unit.end > start:
                offsets = places[first : first + room]
                span = unit if len(ids) <= room else Span(int(offsets[0, 0]), int(offsets[-1, 1]))
                seen = tuple(apart[max(0, len(apart) - window.context_units) :])
                found.append(Piece(span, sequence, len(tokenizer.before) + len(kept), offsets, seen))
            if window.context_layer:
                apart.append(sequence)
            else:
                context = own
    return found


def pad(sequences: Sequence[Piece], padding: int, *, rounded: bool = False) -> tuple[Ids, Mask, Mask]:
    """(B, T) ids, attention mask and own-token mask; T as `padded_length` has it, if it is to be rounded up."""
    longest = max(len(x.ids) for x in sequences)
    longest = padded_length(longest) if rounded else longest
    ids = np.full((len(sequences), longest), padding, np.int64)
    seen = np.zeros((len(sequences), longest), bool)
    own = np.zeros((len(sequences), longest), bool)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence.ids)] = sequence.ids
        seen[row, : len(sequence.ids)] = True
        own[row, sequence.first : sequence.first + len(sequence.offsets)] = True
    return ids, seen, own


def by_length(sequences: Sequence[Piece], tokens: int) -> Iterator[list[int]]:
    """Rows grouped by length, at most `tokens` padded tokens a group, so that the least is spent.

    A group costs `GROUP_COST` tokens beside those of its shape, and has one of few sizes and lengths; of all ways
    to cut the sorted rows into such groups, the cheapest is taken.
    """
    order = sorted(range(len(sequences)), key=lambda i: len(sequences[i].ids))
    least, sizes = [0], [0]
    for end in range(1, len(order) + 1):
        longest = padded_length(len(sequences[order[end - 1]].ids))
        most = min(end, max(1, tokens // longest))
        cost, size = min((least[end - size] + longest * size + GROUP_COST, size) for size in _sizes(most))
        least.append(cost)
        sizes.append(size)
    groups = []
    end = len(order)
    while end:
        groups.append(order[end - sizes[end] : end])
        end -= sizes[end]
    yield from reversed(groups)


def padded_length(tokens: int) -> int:
    """The length to which a sequence is padded where each new shape costs time, as it does on a processor.

    At multiples of 16 a sequence has the same scores at each of them, so it does not matter what it is read with. At others
    OpenVINO adds the last tokens in another order: with bfloat16 a logit moves by up to 0.1.
    """
    step = 16 if tokens <= 96 else 32 if tokens <= 160 else 64
    return -(-tokens // step) * step


def _sizes(most: int) -> list[int]:
    return [x for x in (1, 2, 3, 4, 6, 8, 12, 16) if x <= most] + list(range(32, most + 1, 16))
