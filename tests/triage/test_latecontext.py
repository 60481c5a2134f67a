"""A late context: each sequence is read once by itself, and a unit sees those before it from a layer on."""

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel, DistilBertConfig, DistilBertModel

from triage.evidence import make_head
from triage.latecontext import LateNetwork
from triage.layout import Flat
from triage.network import Network
from triage.pieces import Piece, pad
from triage.text import Span

WIDTH, LAYERS, LAYER = 32, 4, 2


@pytest.fixture(scope="module")
def network() -> LateNetwork:
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=90, hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=4, intermediate_size=64,
        initializer_range=0.3,
    )  # fmt: skip
    encoder = BertModel(config, add_pooling_layer=False)
    return LateNetwork(encoder, make_head("unit_soft", WIDTH, 5), LAYER).eval()


def piece(ids: list[int], *context: list[int]) -> Piece:
    return Piece(Span(0, 1), ids, 1, np.zeros((len(ids) - 2, 2), np.int64), context)


def sequences(count: int, seed: int = 1) -> list[list[int]]:
    draw = np.random.default_rng(seed)
    return [[1, *draw.integers(5, 90, int(draw.integers(1, 60))).tolist(), 2] for _ in range(count)]


def computed(network: LateNetwork, pieces: list[Piece]):
    inputs = {name: torch.from_numpy(x) for name, x in Flat(0).inputs(pieces).items()}
    with torch.inference_mode():
        output = network(**inputs)
    return [
        (output.logits[i], output.contributions[i, x.first : x.first + len(x.offsets)], output.states[i])
        for i, x in enumerate(pieces)
    ]


def by_hand(network: LateNetwork, x: Piece) -> tuple[torch.Tensor, ...]:
    """One piece, one sequence at a time, with the layers of `transformers` below and their parts above."""
    encoder = network.encoder

    def lower(ids: list[int]) -> torch.Tensor:
        hidden = encoder.embeddings(input_ids=torch.tensor([ids]))
        for layer in encoder.encoder.layer[:LAYER]:
            hidden = layer(hidden)
        return hidden

    with torch.inference_mode():
        hidden = lower(x.ids)
        context = [lower(ids) + encoder.embeddings.token_type_embeddings.weight[1] for ids in x.context]
        for layer in encoder.encoder.layer[LAYER:]:
            attention = layer.attention.self
            seen = torch.cat([hidden, *context], dim=1)
            query, key, value = (
                part(states).view(len(states[0]), 4, -1).transpose(0, 1)
                for part, states in ((attention.query, hidden), (attention.key, seen), (attention.value, seen))
            )
            found = torch.nn.functional.scaled_dot_product_attention(query, key, value)
            found = found.transpose(0, 1).reshape(1, -1, WIDTH)
            hidden = layer.feed_forward_chunk(layer.attention.output(found, hidden))
        own = torch.zeros(1, len(x.ids), dtype=torch.bool)
        own[0, x.first : x.first + len(x.offsets)] = True
        output = network.head(hidden, own)
    return output.logits[0], output.contributions[0, x.first : x.first + len(x.offsets)], output.states[0]


def test_it_computes_what_is_computed_sequence_by_sequence(network):
    every = sequences(30)
    pieces = [piece(ids, *every[max(0, i - i % 3) : i]) for i, ids in enumerate(every)]
    for one, other in zip(computed(network, pieces), (by_hand(network, x) for x in pieces), strict=True):
        for x, y in zip(one, other, strict=True):
            torch.testing.assert_close(x, y, atol=2e-5, rtol=1e-4)


def test_without_a_context_it_is_the_plain_network(network):
    pieces = [piece(ids) for ids in sequences(7)]
    ids, seen, own = (torch.from_numpy(x) for x in pad(pieces, 0))
    with torch.inference_mode():
        plain = Network(network.encoder, network.head)(ids, seen, own)
    for i, (logits, _, states) in enumerate(computed(network, pieces)):
        torch.testing.assert_close(logits, plain.logits[i], atol=2e-5, rtol=1e-4)
        torch.testing.assert_close(states, plain.states[i], atol=2e-5, rtol=1e-4)


def test_the_context_counts(network):
    first, second, third = sequences(3)
    seen = [computed(network, [x])[0][0] for x in (piece(third), piece(third, second), piece(third, first))]
    assert not torch.allclose(seen[0], seen[1], atol=1e-3)
    assert not torch.allclose(seen[1], seen[2], atol=1e-3)


def test_a_sequence_that_is_unit_and_context_is_read_once():
    first, second, third = sequences(3)
    inputs = Flat(0).inputs([piece(first), piece(second, first), piece(third, second), piece(second, first)])
    assert (inputs["ids"] > 0).sum() == len(first) + len(second) + len(third)
    assert inputs["own"].sum() == len(first) + 2 * len(second) + len(third) - 8


@pytest.mark.parametrize("tokens", [10, 100, 1000])
def test_groups_hold_each_piece_once_and_no_more_tokens_than_asked_for(tokens):
    every = sequences(40)
    pieces = [piece(ids, *every[max(0, i - 1) : i]) for i, ids in enumerate(every)]
    groups = list(Flat(0).groups(pieces, tokens))
    assert [i for rows in groups for i in rows] == list(range(40))
    for rows in groups:
        read = {tuple(x) for i in rows for x in (pieces[i].ids, *pieces[i].context)}
        assert len(rows) == 1 or sum(map(len, read)) <= tokens


def test_shapes_are_few():
    shapes = set()
    for seed in range(200):
        every = sequences(int(np.random.default_rng(seed).integers(1, 40)), seed)
        pieces = [piece(ids, *every[max(0, i - 1) : i]) for i, ids in enumerate(every)]
        for rows in Flat(0).groups(pieces, 512):
            inputs = Flat(0).inputs([pieces[i] for i in rows])
            shapes.add((len(inputs["ids"]), len(inputs["unit"])))
    assert len(shapes) <= 30


def test_an_encoder_that_cannot_is_refused(network):
    head = make_head("unit_soft", WIDTH, 5)
    with pytest.raises(ValueError, match="needs a BERT"):
        LateNetwork(DistilBertModel(DistilBertConfig(vocab_size=9, dim=WIDTH, n_layers=1, n_heads=2)), head, 1)
    with pytest.raises(ValueError, match=f"has {LAYERS} layers"):
        LateNetwork(network.encoder, head, LAYERS)
