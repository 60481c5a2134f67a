"""What pre-training starts from: tokenizer, encoder and tokenised text of an experiment, kept in its work folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import BertConfig, BertModel

from training import vocabulary
from training.bundled import locate, read_bundled
from training.corpus import Mixture, NoCorpus, Source, load_source, read_documents
from training.dataset import read_folder
from training.experiment import InvalidExperiment, Pretraining
from training.finetune import load_encoder
from triage.network import save_encoder


@dataclass(frozen=True)
class Prepared:
    """What training starts from."""

    tokenizer: Any
    encoder: Any
    mixture: Mixture


def _documents(config: Pretraining) -> Iterator[tuple[str, float, list[str] | Iterator[str]]]:
    for source in config.corpus:
        yield source.name, source.weight, read_documents(Path(source.path))
    if config.sets:
        texts = [x.text for name in config.sets for x in read_folder(Path(name)).documents("train")]
        yield "own-texts", config.sets_weight, texts


def _sample(config: Pretraining) -> Iterator[str]:
    """Paragraphs to learn a vocabulary from: each source's first share, own texts whole."""
    for name, _, documents in _documents(config):
        budget = config.vocabulary_characters if name != "own-texts" else 10**12
        for document in documents:
            yield from document.split("\n")
            budget -= len(document)
            if budget <= 0:
                break


def prepare(config: Pretraining, work: Path) -> Prepared:
    """Tokenizer, encoder and data of an experiment; the tokenizer and tokenised corpora are cached in `work`.

    Raises:
        InvalidExperiment, NoCorpus, NoBundledEncoder, NoEncoder: with what to do.
    """
    torch.manual_seed(config.seed)
    start = config.start
    place = work / "start"
    if not (place / "config.json").is_file():
        if start.kind == "random":
            tokenizer = vocabulary.learn(_sample(config), start.vocabulary)
            shape = BertConfig(
                vocab_size=len(tokenizer),
                hidden_size=start.width,
                num_hidden_layers=start.layers,
                num_attention_heads=start.heads,
                intermediate_size=4 * start.width,
                max_position_embeddings=512,
                pad_token_id=tokenizer.pad_token_id,
            )
            encoder: Any = BertModel(shape, add_pooling_layer=False)
        elif start.kind == "bundled":
            tokenizer, encoder = _from_bundled(config)
        else:
            tokenizer, encoder = load_encoder(start.encoder)
        save_encoder(place, tokenizer, encoder)
    tokenizer, encoder = load_encoder(str(place))
    if len(tokenizer) > np.iinfo(np.uint16).max:
        raise InvalidExperiment("the vocabulary has more than 65,535 pieces; cut it first with start.kind = 'bundled'")
    sources: list[Source] = [
        load_source(name, weight, documents, tokenizer, work / "tokens" if name != "own-texts" else None)
        for name, weight, documents in _documents(config)
    ]
    if not any(len(source.train) for source in sources):
        raise NoCorpus("there is no text to learn from; name files under [[corpus]] or folders under sets")
    return Prepared(tokenizer, encoder, Mixture(sources, config.sequence, tokenizer.cls_token_id))


def _from_bundled(config: Pretraining) -> tuple[Any, Any]:
    """The bundled encoder with its vocabulary cut to Danish, and layers left out evenly if fewer are wanted."""
    bundled = read_bundled(locate())
    tokenizer, origin = vocabulary.trim(
        bundled.pieces, bundled.scores.tolist(), _sample(config), config.start.vocabulary
    )
    weights = {name: torch.from_numpy(x) for name, x in bundled.weights.items()}
    table = weights["embeddings.word_embeddings.weight"]
    unknown = table[bundled.pieces.index("<unk>")]
    rows = torch.stack([table[i] if i >= 0 else unknown + 0.02 * torch.randn_like(unknown) for i in origin])
    weights["embeddings.word_embeddings.weight"] = rows
    had = int(bundled.config["num_hidden_layers"])
    kept = np.unique(np.linspace(0, had - 1, min(config.start.layers, had)).round().astype(int))
    moved = {f"encoder.layer.{old}.": f"encoder.layer.{new}." for new, old in enumerate(kept)}
    chosen = {}
    for name, value in weights.items():
        prefix = ".".join(name.split(".")[:3]) + "."
        if name.startswith("encoder.layer."):
            if prefix in moved:
                chosen[name.replace(prefix, moved[prefix])] = value
        else:
            chosen[name] = value
    shape = BertConfig(**{**bundled.config, "vocab_size": len(rows), "num_hidden_layers": len(kept)}, pad_token_id=1)
    encoder = BertModel(shape, add_pooling_layer=False)
    encoder.load_state_dict(chosen)
    return tokenizer, encoder
