"""Tokenizers: a new one learnt from Danish text, or the Danish part of one that covers a hundred languages.

Both are SentencePiece-style unigram models (Kudo 2018) that keep case, have a piece for every digit, and write characters they
do not know as bytes, so that no character of a text is lost and every token knows its place in the raw text.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

SPECIALS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
BYTES = tuple(f"<0x{value:02X}>" for value in range(256))
_CHARACTERS = 0x3000
"""Single characters below this code point stay (Latin, Greek, Cyrillic, Arabic, Thai, signs); above it only emoji do."""
_EMOJI = 0x1F000
_CHUNK = 2000


def _finished(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    start, end = (tokenizer.token_to_id(name) for name in ("<s>", "</s>"))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", start), ("</s>", end)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        cls_token="<s>",  # noqa: S106
        bos_token="<s>",  # noqa: S106
        sep_token="</s>",  # noqa: S106
        eos_token="</s>",  # noqa: S106
        pad_token="<pad>",  # noqa: S106
        unk_token="<unk>",  # noqa: S106
        mask_token="<mask>",  # noqa: S106
    )


def _unigram(pieces: Sequence[tuple[str, float]]) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram(list(pieces), unk_id=SPECIALS.index("<unk>"), byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return tokenizer


def learn(texts: Iterable[str], size: int) -> PreTrainedTokenizerFast:
    """A tokenizer of `size` pieces learnt from texts, special tokens and bytes included."""
    tokenizer = _unigram([(name, 0.0) for name in SPECIALS])
    # Digits alone, so that sums, hours and disguised numbers are read the same however they are grouped.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.Metaspace()]
    )
    trainer = trainers.UnigramTrainer(
        vocab_size=size - len(BYTES),
        special_tokens=list(SPECIALS),
        unk_token="<unk>",  # noqa: S106
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    learnt = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    names = [name for name, _ in learnt if name not in SPECIALS and name not in BYTES]
    scores: dict[str, float] = dict(json.loads(tokenizer.to_str())["model"]["vocab"])
    lowest = min(scores[name] for name in names)
    pieces = (
        [(name, 0.0) for name in SPECIALS] + [(name, lowest - 10) for name in BYTES] + [(x, scores[x]) for x in names]
    )
    finished = _unigram(pieces)
    finished.pre_tokenizer = tokenizer.pre_tokenizer
    return _finished(finished)


def trim(
    pieces: Sequence[str], scores: Sequence[float], texts: Iterable[str], size: int
) -> tuple[PreTrainedTokenizerFast, list[int]]:
    """The `size` pieces of a large vocabulary that Danish text uses most, and single characters of many scripts.

    Returns:
        The tokenizer, and for each of its pieces the index in the large vocabulary (-1 for bytes, which are new).
    """
    known = {name: index for index, name in enumerate(pieces)}
    full = _unigram([(name, float(score)) for name, score in zip(pieces, scores, strict=True)])
    counts: Counter[int] = Counter()
    for chunk in _chunks(texts, _CHUNK):
        for encoding in full.encode_batch(chunk, add_special_tokens=False):
            counts.update(encoding.ids)
    kept = {known[name] for name in SPECIALS if name in known}
    kept |= {index for name, index in known.items() if _stays(name)}
    for index, _ in counts.most_common():
        if len(kept) >= size - len(BYTES):
            break
        kept.add(index)
    ordered = [known[name] for name in SPECIALS]
    ordered += sorted(kept - set(ordered))
    lowest = float(np.min([scores[index] for index in ordered]))
    chosen = [(pieces[i], float(scores[i])) for i in ordered[: len(SPECIALS)]]
    chosen += [(name, lowest - 10) for name in BYTES]
    chosen += [(pieces[i], float(scores[i])) for i in ordered[len(SPECIALS) :]]
    origin = [*ordered[: len(SPECIALS)], *[-1] * len(BYTES), *ordered[len(SPECIALS) :]]
    return _finished(_unigram(chosen)), origin


def _stays(piece: str) -> bool:
    bare = piece.removeprefix("▁")
    return piece == "▁" or (len(bare) == 1 and (ord(bare) < _CHARACTERS or ord(bare) >= _EMOJI))


def _chunks(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    rest = iter(texts)
    while chunk := list(islice(rest, size)):
        yield chunk


def encode(tokenizer: Any, texts: Iterable[str]) -> Iterator[list[int]]:
    """Token ids of each text, without special tokens."""
    for chunk in _chunks(texts, _CHUNK):
        yield from tokenizer(chunk, add_special_tokens=False, verbose=False)["input_ids"]
