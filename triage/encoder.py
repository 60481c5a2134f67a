"""The encoder family: a `transformers` encoder under one of the heads of `triage.evidence`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel, AutoTokenizer

from triage.canonical import canonical
from triage.evidence import UNIT_HEADS, Head, HeadOutput, make_head
from triage.scoring import Array, Offsets, UnitScores
from triage.text import Document, Span
from triage.units import split_units
from triage.weights import is_compact, load_weights, save_weights

ENCODER = "encoder"
WEIGHTS = "model.safetensors"
HEAD = "head.safetensors"
FAMILIAR = "familiar.safetensors"
BATCH_TOKENS = 2048
"""Padded tokens scored in one go."""


@dataclass(frozen=True, slots=True)
class Window:
    """How a text is cut into the sequences that the encoder sees."""

    head: str
    max_tokens: int
    context_units: int

    @property
    def whole(self) -> bool:
        """Controls see as much of the text at once as fits; the design's head sees one unit and a little before it."""
        return self.head not in UNIT_HEADS


@dataclass(frozen=True, slots=True)
class Piece:
    """One input: token ids with special tokens, and which of them are the unit's own."""

    span: Span
    ids: list[int]
    first: int
    """Place of the first own token in `ids`."""
    offsets: Offsets
    """(n, 2): places of the own tokens in the text."""


def cut(document: Document, tokenizer: Any, window: Window) -> list[Piece]:
    """The sequences of a document. Nothing outside a unit and its left context is in its sequence.

    A unit of more tokens than fit becomes several, each with its own tokens, so that nothing is dropped.
    """
    text = document.text
    units = split_units(document, whole=window.whole)
    if not units:
        return []
    before, after = _specials(tokenizer)
    room = window.max_tokens - len(before) - len(after)
    encoded = tokenizer(
        [canonical(text[unit.start : unit.end]) for unit in units],
        add_special_tokens=False,
        return_offsets_mapping=True,
        return_attention_mask=False,
        verbose=False,
    )
    found = []
    for index, unit in enumerate(units):
        ids = encoded["input_ids"][index]
        places = np.asarray(encoded["offset_mapping"][index], np.int64).reshape(-1, 2) + unit.start
        context: list[int] = []
        for earlier in range(index - 1, index - 1 - window.context_units, -1):
            if window.whole or earlier < 0:
                break
            context = encoded["input_ids"][earlier] + context
        for start in range(0, max(1, len(ids)), room):
            own = ids[start : start + room]
            kept = context[max(0, len(context) - (room - len(own))) :] if len(own) < room else []
            offsets = places[start : start + room]
            span = unit if len(ids) <= room else Span(int(offsets[0, 0]), int(offsets[-1, 1]))
            found.append(Piece(span, [*before, *kept, *own, *after], len(before) + len(kept), offsets))
            context = own
    return found


def _specials(tokenizer: Any) -> tuple[list[int], list[int]]:
    """Special tokens before and after a sequence."""
    before = tokenizer.cls_token_id if tokenizer.cls_token_id is not None else tokenizer.bos_token_id
    after = tokenizer.sep_token_id if tokenizer.sep_token_id is not None else tokenizer.eos_token_id
    return ([] if before is None else [before]), ([] if after is None else [after])


def pad(sequences: Sequence[Piece], padding: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(B, T) ids, attention mask and own-token mask."""
    longest = max(len(x.ids) for x in sequences)
    ids = torch.full((len(sequences), longest), padding)
    seen = torch.zeros(len(sequences), longest, dtype=torch.bool)
    own = torch.zeros(len(sequences), longest, dtype=torch.bool)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence.ids)] = torch.tensor(sequence.ids)
        seen[row, : len(sequence.ids)] = True
        own[row, sequence.first : sequence.first + len(sequence.offsets)] = True
    return ids, seen, own


class Network(torch.nn.Module):
    """Encoder and head."""

    def __init__(self, encoder: torch.nn.Module, head: Head) -> None:
        super().__init__()
        self.encoder, self.head = encoder, head

    def forward(self, ids: torch.Tensor, seen: torch.Tensor, own: torch.Tensor) -> HeadOutput:
        """(B, T) inputs as from `pad`."""
        hidden = self.encoder(input_ids=ids, attention_mask=seen.long()).last_hidden_state
        output: HeadOutput = self.head(hidden, own)
        return output


@dataclass(frozen=True)
class Familiarity:
    """Where the encoder places texts before it is fine-tuned: a mean and a whitening of its mean-pooled token embeddings.

    Only the embedding layer is used: it costs nothing, and fine-tuning with frozen embeddings leaves it as it was.
    """

    mean: Array
    """(H,)"""
    scale: Array
    """(H,): 1 / standard deviation."""

    def distance(self, vector: Array) -> float:
        """Root mean square of the standardised difference."""
        return float(np.sqrt((((vector - self.mean) * self.scale) ** 2).mean()))


class EncoderScorer:
    """Scores units with a fine-tuned encoder, in evaluation mode."""

    family = "encoder"

    def __init__(self, network: Network, tokenizer: Any, window: Window, familiarity: Familiarity) -> None:
        self.network = network.eval()
        self.tokenizer, self.window, self.familiarity = tokenizer, window, familiarity
        self.context_units = 0 if window.whole else window.context_units
        self.bias: Array = network.head.bias.detach().float().cpu().numpy()

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.network.head.bias.device

    def score(self, documents: Sequence[Document]) -> list[list[UnitScores]]:
        cuts = [cut(document, self.tokenizer, self.window) for document in documents]
        every = [sequence for sequences in cuts for sequence in sequences]
        scores: list[UnitScores | None] = [None] * len(every)
        for rows in by_length(every, BATCH_TOKENS):
            for row, unit in zip(rows, self._score([every[i] for i in rows]), strict=True):
                scores[row] = unit
        done = iter(scores)
        return [[x for _ in sequences if (x := next(done)) is not None] for sequences in cuts]

    @torch.inference_mode()
    def _score(self, sequences: list[Piece]) -> list[UnitScores]:
        ids, seen, own = (x.to(self.device) for x in pad(sequences, self.tokenizer.pad_token_id))
        output = self.network(ids, seen, own)
        contributions = output.contributions.cpu().numpy()
        logits = output.logits.cpu().numpy()
        states = output.states.softmax(dim=-1).cpu().numpy()
        return [
            UnitScores(
                span=x.span,
                tokens=x.offsets,
                contributions=contributions[row, x.first : x.first + len(x.offsets)],
                logits=logits[row],
                states=states[row],
            )
            for row, x in enumerate(sequences)
        ]

    def novelty(self, document: Document) -> float:
        return self.familiarity.distance(embed(document, self.tokenizer, self.network.encoder))

    def save(self, folder: Path) -> tuple[dict[str, Any], list[str]]:
        place = folder / ENCODER
        save_encoder(place, self.tokenizer, self.network.encoder)
        save_file({name: x.contiguous() for name, x in self.network.head.state_dict().items()}, folder / HEAD)
        save_file(
            {"mean": torch.from_numpy(self.familiarity.mean), "scale": torch.from_numpy(self.familiarity.scale)},
            folder / FAMILIAR,
        )
        files = sorted(path.relative_to(folder).as_posix() for path in place.iterdir())
        return {"window": asdict(self.window), "indicators": len(self.bias)}, [*files, HEAD, FAMILIAR]

    @classmethod
    def load(cls, folder: Path, settings: dict[str, Any]) -> EncoderScorer:
        """The scorer that `save` wrote into `folder`; never asks a network."""
        tokenizer, encoder = read_encoder(str(folder / ENCODER), offline=True)
        window = Window(**settings["window"])
        head = make_head(window.head, encoder.config.hidden_size, settings["indicators"])
        head.load_state_dict(load_file(folder / HEAD))
        familiar = load_file(folder / FAMILIAR)
        return cls(
            Network(encoder, head), tokenizer, window, Familiarity(familiar["mean"].numpy(), familiar["scale"].numpy())
        )


def save_encoder(place: Path, tokenizer: Any, encoder: Any) -> None:
    """Write a folder that `read_encoder` reads."""
    place.mkdir(parents=True, exist_ok=True)
    encoder.config.save_pretrained(place)
    tokenizer.save_pretrained(place)
    save_weights(place / WEIGHTS, encoder.state_dict())


def read_encoder(name: str, *, offline: bool) -> tuple[Any, Any]:
    """(tokenizer, encoder) in float32 of a folder by `save_encoder`, of any folder in the Hub's layout, or of a name on the Hub.

    Raises:
        OSError, ValueError: there is none, as `transformers` says it.
    """
    tokenizer = AutoTokenizer.from_pretrained(name, local_files_only=offline)
    weights = Path(name) / WEIGHTS
    if is_compact(weights):
        encoder = AutoModel.from_config(AutoConfig.from_pretrained(name, local_files_only=True))
        _without_pooler(encoder).load_state_dict(load_weights(weights))
    else:
        encoder = _without_pooler(AutoModel.from_pretrained(name, local_files_only=offline, dtype=torch.float32))
    return tokenizer, encoder


def _without_pooler(encoder: Any) -> Any:
    """Some encoders bring a layer on top that is never used here."""
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None
    return encoder


def by_length(sequences: Sequence[Piece], tokens: int) -> Iterator[list[int]]:
    """Rows grouped by length, at most `tokens` padded tokens a group, so that little is padded."""
    batch: list[int] = []
    longest = 0
    for row in sorted(range(len(sequences)), key=lambda i: len(sequences[i].ids)):
        longest = len(sequences[row].ids)
        if batch and longest * (len(batch) + 1) > tokens:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


@torch.inference_mode()
def embed(document: Document, tokenizer: Any, encoder: Any, most: int = 2000) -> Array:
    """(H,): mean of the input embeddings of a text's first tokens."""
    ids = tokenizer(canonical(document.text[: 8 * most]), add_special_tokens=False, verbose=False)["input_ids"][:most]
    table = encoder.get_input_embeddings().weight
    if not ids:
        return np.zeros(table.shape[1], np.float32)
    vector: Array = table[torch.tensor(ids, device=table.device)].mean(dim=0).float().cpu().numpy()
    return vector
