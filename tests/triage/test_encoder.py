"""The encoder family, on a small random encoder made here: exact, local, indifferent to padding and neighbours."""

import numpy as np
import pytest
import torch

from tests.encoders import make_encoder
from triage.encoder import Familiarity
from triage.evidence import HEADS, AttentionHead, make_head, sparsemax
from triage.network import load_torch, make_network, torch_scorer
from triage.pieces import Window, cut
from triage.text import Document

TEXT = "Han skylder 30.000 kr. for rejsen. Formanden har taget passet 👩‍👧 og gemt det.\r\nHun bor i et skur. Slut her."


@pytest.fixture(scope="module", params=[*((head, 0) for head in HEADS), ("unit_soft", 1)])
def scorer(request, scheme, tmp_path_factory):
    tokenizer, encoder = make_encoder(tmp_path_factory.mktemp("encoder"))
    torch.manual_seed(3)
    name, layer = request.param
    head = make_head(name, encoder.config.hidden_size, len(scheme))
    if isinstance(head, AttentionHead):
        head.standardise(torch.randn(200, encoder.config.hidden_size) * 0.3 + 2)
    width = encoder.config.hidden_size
    familiarity = Familiarity(np.zeros(width, np.float32), np.ones(width, np.float32))
    window = Window(name, 48, 1, layer)
    return torch_scorer(make_network(encoder, head, window), tokenizer, window, familiarity)


def test_contributions_and_bias_sum_to_the_score(scorer):
    for unit in scorer.score([Document("a", "note", TEXT)])[0]:
        np.testing.assert_allclose(unit.contributions.sum(axis=0) + scorer.bias, unit.logits, atol=1e-4)


def test_tokens_lie_in_their_unit(scorer):
    for unit in scorer.score([Document("a", "note", TEXT)])[0]:
        assert unit.span.start <= unit.tokens.min()
        assert unit.tokens.max() <= unit.span.end


def test_every_word_of_the_text_is_somebodys_own_token(scorer):
    covered = np.zeros(len(TEXT), bool)
    for unit in scorer.score([Document("a", "note", TEXT)])[0]:
        for start, end in unit.tokens:
            covered[start:end] = True
    assert all(covered[i] or c.isspace() or not c.isalnum() for i, c in enumerate(TEXT))


def test_neighbours_in_the_batch_and_padding_change_nothing(scorer):
    alone = scorer.score([Document("a", "note", TEXT)])[0]
    many = scorer.score([Document("b", "note", "Kort."), Document("a", "note", TEXT), Document("c", "note", TEXT * 3)])[
        1
    ]
    for one, other in zip(alone, many, strict=True):
        np.testing.assert_allclose(one.logits, other.logits, atol=1e-4)


def test_text_outside_unit_and_context_cannot_change_its_contributions(scorer):
    if scorer.window.whole:
        pytest.skip("controls see the whole text on purpose")
    first, *_, last = scorer.score([Document("a", "note", TEXT)])[0]
    changed = TEXT.replace("30.000 kr. for rejsen", "ingen noget som helst")
    new_first, *_, new_last = scorer.score([Document("a", "note", changed)])[0]
    np.testing.assert_allclose(last.contributions, new_last.contributions, atol=1e-5)
    assert not np.allclose(first.logits, new_first.logits)


def test_a_unit_longer_than_the_window_loses_no_token(scorer):
    document = Document("a", "note", "ord " * 60)
    pieces = cut(document, scorer.tokenizer, scorer.window)
    ((whole, _),) = scorer.tokenizer([document.text.strip()])
    assert sum(len(x.offsets) for x in pieces) == len(whole)
    assert all(len(x.ids) <= scorer.window.max_tokens for x in pieces)


def test_a_scorer_saved_and_loaded_says_the_same_up_to_half_precision(scorer, tmp_path):
    settings, files = scorer.save(tmp_path)
    assert all((tmp_path / name).is_file() for name in files)
    again = load_torch(tmp_path, settings)
    for one, other in zip(*(x.score([Document("a", "note", TEXT)])[0] for x in (scorer, again)), strict=True):
        np.testing.assert_allclose(one.logits, other.logits, atol=2e-2)


def test_an_empty_text_has_no_units(scorer):
    assert scorer.score([Document("a", "note", " ")]) == [[]]


def test_sparsemax_is_a_distribution_with_exact_zeros():
    scores = torch.tensor([[[2.0], [1.9], [-3.0], [9.0]]])
    mask = torch.tensor([[True, True, True, False]])
    weights = sparsemax(scores, mask)[0, :, 0]
    torch.testing.assert_close(weights, torch.tensor([0.55, 0.45, 0.0, 0.0]))


def test_sparsemax_of_nothing_is_nothing():
    assert sparsemax(torch.zeros(1, 3, 2), torch.zeros(1, 3, dtype=torch.bool)).sum() == 0


def test_an_unknown_head_is_refused():
    with pytest.raises(ValueError, match="heads are"):
        make_head("magic", 8, 3)


def test_standardised_states_have_no_common_direction_left():
    torch.manual_seed(1)
    hidden = torch.randn(500, 16) * 0.1 + 3
    head = AttentionHead(16, 2, sparse=True)
    head.standardise(hidden)
    seen = (hidden - head.mean) * head.scale
    assert seen.mean(dim=0).abs().max() < 1e-4
    assert torch.allclose(seen.std(dim=0), torch.ones(16), atol=1e-3)


@pytest.mark.parametrize("name", HEADS)
def test_doubt_lowers_what_is_stated_and_nothing_else(name):
    torch.manual_seed(1)
    head = make_head(name, 16, 5)
    hidden, own = torch.randn(2, 7, 16), torch.ones(2, 7, dtype=torch.bool)
    before = head(hidden, own)
    head.doubt(1.5)
    after = head(hidden, own)
    assert torch.allclose(before.states[..., 0] - 1.5, after.states[..., 0], atol=1e-5)
    assert torch.equal(before.states[..., 1:], after.states[..., 1:])
    assert torch.equal(before.logits, after.logits)
