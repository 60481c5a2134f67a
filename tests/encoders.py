"""A small random encoder with a tokenizer of its own, made in the tests: nothing is downloaded."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from tests.conftest import make_documents


def _vocabulary() -> dict[str, int]:
    """Special tokens, the words of the test documents, and every character alone: the same in every run."""
    words = {word for x in make_documents(64) for word in re.findall(r"\w+|[^\w\s]", x.text.lower())}
    characters = {c for word in words for c in word} | set("abcdefghijklmnopqrstuvwxyzæøå0123456789")
    pieces = sorted(words | characters | {"##" + c for c in characters})
    return {piece: i for i, piece in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *pieces])}


def make_encoder(folder: Path) -> tuple[Any, Any]:
    """(tokenizer, encoder), also saved into `folder` for `from_pretrained`."""
    torch.manual_seed(1)
    raw = Tokenizer(models.WordPiece(_vocabulary(), unk_token="[UNK]", max_input_chars_per_word=1000))
    raw.normalizer = normalizers.Lowercase()
    raw.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw,
        pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]",
    )  # fmt: skip
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=128,
    )  # fmt: skip
    encoder = BertModel(config, add_pooling_layer=False).eval()
    encoder.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return tokenizer, encoder
