"""Pre-training: a vocabulary that loses nothing, batches that depend on the step alone, and runs that can be stopped."""

import json
import struct

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from tests.conftest import ROOT
from training import bundled, corpus, pretrain, start, vocabulary
from training.cli import app
from training.experiment import InvalidExperiment, Pretraining, read_pretraining
from triage.network import read_encoder

DANISH = [
    "Manden har taget hendes pas og siger, at hun skylder penge for rejsen.",
    "Kommunen har åbent mandag til torsdag, og kaffen er gratis for alle.",
    "Børnene går i skole i Ærø, og læreren ringer hjem hver fredag klokken ti.",
    "Der står tre senge i rummet, og lønnen bliver trukket for mad og vand.",
] * 30


def settings(folder, **changes):
    lines = "\n\n".join("\n".join(DANISH[i : i + 4]) for i in range(0, len(DANISH), 4))
    (folder / "text.txt").write_text(lines * 6, "utf-8")
    values = {
        "name": "small",
        "description": "A small run.",
        "start": {"kind": "random", "vocabulary": 1000, "layers": 1, "width": 32, "heads": 2},
        "corpus": [{"name": "text", "path": str(folder / "text.txt")}],
        "tokens": 6000,
        "sequence": 32,
        "batch_tokens": 256,
        "learning_rate": 3e-3,
        "report_every": 10,
        "save_minutes": 1e-9,
    }
    return Pretraining.model_validate({**values, **changes})


@pytest.mark.parametrize("path", sorted((ROOT / "experiments" / "pretraining").glob("*.toml")), ids=lambda x: x.name)
def test_every_committed_pretraining_file_loads(path):
    config = read_pretraining(path)
    assert (
        config.tokens > 0 or config.start.kind == "bundled"
    )  # nothing learnt is only a start if it was trained before


def test_a_learnt_vocabulary_gives_every_character_back_and_places_it():
    tokenizer = vocabulary.learn(DANISH, 600)
    text = "Æblegrød 80.000 kr. 😀 ቤት\u200d kl. 7"
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    assert tokenizer.unk_token_id not in encoded["input_ids"]
    covered = {i for start, end in encoded["offset_mapping"] for i in range(start, end)}
    assert {i for i, char in enumerate(text) if not char.isspace()} <= covered
    tokens = tokenizer.convert_ids_to_tokens(encoded["input_ids"])
    assert not any(sum(c.isdigit() for c in token) > 1 for token in tokens if not token.startswith("<0x"))


def test_a_trimmed_vocabulary_keeps_used_pieces_single_characters_and_order():
    pieces = [*vocabulary.SPECIALS, "▁pas", "▁passport", "a", "p", "s", "▁", "漢", "😀", "漢字"]
    scores = [0.0] * 5 + [-2.0, -3.0, -4.0, -4.0, -4.0, -4.0, -9.0, -9.0, -9.0]
    tokenizer, origin = vocabulary.trim(pieces, scores, ["pas pas passport"], len(vocabulary.BYTES) + 12)
    kept = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    assert "▁pas" in kept
    assert "😀" in kept
    assert "漢字" not in kept
    assert all(i == -1 or pieces[i] == kept[n] for n, i in enumerate(origin))
    assert tokenizer.tokenize("pas 漢") == ["▁pas", "▁", "<0xE6>", "<0xBC>", "<0xA2>"]


def test_batches_depend_on_seed_and_step_and_weights(tmp_path):
    tokenizer = vocabulary.learn(DANISH, 600)
    one = corpus.load_source("one", 1.0, DANISH, tokenizer, tmp_path)
    again = corpus.load_source("one", 1.0, [], tokenizer, tmp_path)
    assert np.array_equal(one.train, again.train)
    zeros = corpus.Source("zeros", 9.0, np.zeros_like(one.train), one.held_out)
    mixture = corpus.Mixture([one, zeros], 16, 0)
    assert np.array_equal(mixture.batch(3, 8, 1), mixture.batch(3, 8, 1))
    assert not np.array_equal(mixture.batch(3, 8, 1), mixture.batch(4, 8, 1))
    assert 0.8 < (mixture.batch(0, 400, 1)[:, 1:] == 0).all(axis=1).mean() < 0.98


def test_held_out_documents_are_not_trained_on():
    tokenizer = vocabulary.learn(DANISH, 600)
    documents = [f"tekst nummer {i}" for i in range(200)]
    source = corpus.load_source("x", 1.0, documents, tokenizer)
    for i, document in enumerate(documents):
        ids = np.array([*tokenizer(document, add_special_tokens=False)["input_ids"], tokenizer.sep_token_id], np.uint16)
        homes = ids.tobytes() in source.train.tobytes(), ids.tobytes() in source.held_out.tobytes()
        assert homes == ((False, True) if i % corpus.HELD_OUT_EVERY == corpus.HELD_OUT_EVERY - 1 else (True, False))


def test_masks_leave_special_tokens_alone_and_name_the_truth():
    tokenizer = vocabulary.learn(DANISH, 600)
    ids = np.array([[0, *tokenizer(DANISH[0], add_special_tokens=False)["input_ids"], 2]] * 50)
    hidden, places, truth = pretrain.mask(ids, tokenizer, 0.5, np.random.default_rng(1))
    chosen = torch.zeros(ids.size, dtype=torch.bool)
    chosen[places] = True
    assert len(places) == len(places.unique()) == round(0.5 * ids.size)
    chosen = chosen.view(ids.shape)
    assert not chosen[:, 0].any()
    assert not chosen[:, -1].any()
    assert torch.equal(truth, torch.from_numpy(ids)[chosen])
    assert torch.equal(hidden[~chosen], torch.from_numpy(ids)[~chosen])
    assert 0.7 < (hidden[chosen] == tokenizer.mask_token_id).float().mean() < 0.9


def test_learning_rate_rises_stays_and_falls(tmp_path):
    config = settings(tmp_path, warmup=0.1, decay=0.2)
    shares = [pretrain.learning_rate(step, 100, config) for step in range(100)]
    assert shares[0] == pytest.approx(0.1)
    assert shares[10:80] == [1.0] * 70
    assert shares[80:] == sorted(shares[80:], reverse=True)
    assert shares[-1] < 0.05


def test_training_lowers_perplexity_and_a_stopped_run_goes_on_to_the_same_end(tmp_path, monkeypatch):
    config = settings(tmp_path)
    first = pretrain.pretrain(config, tmp_path / "whole", tmp_path / "a", device="cpu")
    rows = [json.loads(line) for line in (tmp_path / "a" / "progress.jsonl").read_text().splitlines()]
    assert rows[-1]["text"] < 0.7 * rows[0]["text"]

    real, calls = pretrain.mask, []

    def stop(*arguments):
        calls.append(1)
        if len(calls) == 9:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(pretrain, "mask", stop)
    with pytest.raises(KeyboardInterrupt):
        pretrain.pretrain(config, tmp_path / "broken", tmp_path / "b", device="cpu")
    monkeypatch.setattr(pretrain, "mask", real)
    second = pretrain.pretrain(config, tmp_path / "broken", tmp_path / "b", device="cpu")
    # Two whole runs differ by a per cent or two as well: threads add up in another order each time.
    assert second["text"] == pytest.approx(first["text"], rel=0.05)
    tokenizer, encoder = read_encoder(str(tmp_path / "broken"), offline=True)
    assert encoder.config.vocab_size == len(tokenizer)


def packed_file(path, layers=2, width=64):
    """A file of the bundled format with a tiny vocabulary; weights count up in blocks."""
    pieces = [*vocabulary.SPECIALS[:4], *"abcdefgh", "▁", "▁pas", "▁har", "<mask>"]
    names = [("emb.word", len(pieces) * width), ("emb.pos", 512 * width), ("emb.type", 2 * width)]
    names += [("emb.ln.w", width), ("emb.ln.b", width)]
    for layer in range(layers):
        for short in bundled._LAYER:
            inner = 4 * width if short == "fi" else width
            count = width if short.endswith("ln") else 4 * width * width if short in ("fi", "fo") else width * width
            names += [(f"l{layer}.{short}.w", count), (f"l{layer}.{short}.b", inner)]
    blob = "".join(pieces).encode()
    ends = np.cumsum([0, *[len(p.encode()) for p in pieces]]).astype("<u4")
    head = b"E5S1" + struct.pack("<I7ifi", 1, width, layers, 2, 4 * width, len(pieces), 512, 2, 1e-12, 32)
    head += struct.pack("<5iQ", len(pieces), 0, 2, 1, 3, len(blob)) + ends.tobytes()
    head += (
        np.array([-1.0 if len(piece) > 1 else -5.0 for piece in pieces], "<f4").tobytes()
        + blob
        + struct.pack("<iI", 0, 0)
    )
    bodies, offset, directory = [], 0, b""
    for name, count in names:
        packed = name == "emb.word" or (name.endswith(".w") and "ln" not in name)
        block = struct.pack("<e", 0.5) + bytes(range(16))
        body = block * (count // 32) if packed else np.full(count, 0.25, "<f4").tobytes()
        bodies.append((name, packed, count, offset, body))
        offset += len(body)
    start = len(head) + 4 + sum(2 + len(name) + 1 + 4 + 16 for name, *_ in bodies)
    for name, packed, count, at, body in bodies:
        directory += (
            struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", packed, count, start + at, len(body))
        )
    path.write_bytes(head + struct.pack("<i", len(bodies)) + directory + b"".join(body for *_, body in bodies))
    return pieces


def test_the_bundled_format_is_read_and_cut_to_the_texts(tmp_path, monkeypatch):
    pieces = packed_file(tmp_path / "small.bin")
    found = bundled.read_bundled(tmp_path / "small.bin")
    assert found.pieces == pieces
    assert found.config["num_hidden_layers"] == 2
    row = found.weights["embeddings.word_embeddings.weight"][0, :32]
    # Byte j holds number j in its low half and number j + 16 in its high half, each less 8, times the scale.
    assert row.tolist() == [0.5 * ((j & 15) - 8) for j in range(16)] + [0.5 * ((j >> 4) - 8) for j in range(16)]
    monkeypatch.setattr(start, "locate", lambda: tmp_path / "small.bin")
    config = settings(tmp_path, start={"kind": "bundled", "vocabulary": 1000, "layers": 1}, tokens=256)
    prepared = start.prepare(config, tmp_path / "work")
    assert prepared.encoder.config.num_hidden_layers == 1
    assert prepared.tokenizer.tokenize("pas har") == ["▁pas", "▁har"]


def test_bad_input_is_told_with_what_to_do(tmp_path):
    (tmp_path / "cut.bin").write_bytes(b"E5S1\x01")
    with pytest.raises(bundled.NoBundledEncoder, match="known format"):
        bundled.read_bundled(tmp_path / "cut.bin")
    with pytest.raises(corpus.NoCorpus, match="name text files"):
        list(corpus.read_documents(tmp_path / "absent.txt.xz"))
    (tmp_path / "broken.txt.xz").write_bytes(b"not xz")
    with pytest.raises(corpus.NoCorpus, match="cannot be read"):
        list(corpus.read_documents(tmp_path / "broken.txt.xz"))
    (tmp_path / "bad.toml").write_text('name = "x"\ndescription = "y"\ntokens = 0\n[start]\nkind = "zero"\n')
    with pytest.raises(InvalidExperiment, match="start"):
        read_pretraining(tmp_path / "bad.toml")
    result = CliRunner().invoke(app, ["pretrain", str(tmp_path / "bad.toml"), "-o", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "valid experiment" in result.output
