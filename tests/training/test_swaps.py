"""Names, nationalities and sex are exchanged word by word; a model that minds them shows it."""

import random
from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import make_documents
from tests.planted import planted
from training.swaps import HOME, SWAPS, swap_names, swap_nationalities, swap_sex, swaps_report, words
from triage.text import Document

NOTES = [
    Document(f"n-{n}", "note", f"Hanne talte med {name} fra Rumænien. Han skylder {n} kr. for rejsen hertil.")
    for n, name in enumerate(["Mihai", "Sorin", "Florin", "Bogdan"] * 10)
]


def chance():
    return random.Random(1)


def _report(tagger, documents=NOTES, **settings):
    probability = np.stack(
        [
            tagger.probabilities(x, units)
            for x, units in zip(documents, tagger.scorer.score(documents), strict=True)
        ]
    )  # fmt: skip
    return swaps_report(tagger, documents, probability, **{"seed": 1, **settings})


def test_a_model_that_minds_a_name_shows_a_gap(tagger):
    """It wants debt and a Romanian name: where another name stands, the flag is gone."""
    names = {"mihai", "sorin", "florin", "bogdan"}
    report = _report(planted(tagger, lambda word: 0.3 * (word == "skylder") + 0.7 * (word in names)), [
        replace(x, text=x.text.replace("Rumænien. Han", "Rumænien, og han")) for x in NOTES
    ])  # fmt: skip
    assert report["name"]["texts"] == len(NOTES)
    assert report["name"]["mean"] > 0.4
    assert report["name"]["largest"] == pytest.approx(report["largest"], abs=0.1)
    assert report["name"]["decisions_changed"] > 0.9
    assert report["nationality"]["mean"] == report["sex"]["mean"] == 0


def test_a_model_that_minds_none_of_it_shows_none(tagger):
    report = _report(planted(tagger, lambda word: float(word == "skylder")))
    for kind, _ in SWAPS:
        row = report[kind]
        assert row["texts"] == len(NOTES)
        assert row["mean"] == row["percentile_99"] == row["largest"] == row["decisions_changed"] == 0
        assert row["abstentions_changed"] == 0
    assert report["largest"] == 0


@pytest.mark.parametrize(("kind", "word"), [("nationality", "rumænien"), ("sex", "han")])
def test_each_kind_is_measured_apart(tagger, kind, word):
    texts = [replace(x, text=x.text.replace("Rumænien. Han", "Rumænien, og han")) for x in NOTES]
    report = _report(planted(tagger, lambda x: 0.3 * (x == "skylder") + 0.7 * (x == word)), texts)
    assert report[kind]["mean"] == report["largest"] > 0.4
    assert all(report[other]["mean"] == 0 for other, _ in SWAPS if other != kind)


def test_an_indicator_that_appears_only_after_the_swap_counts(tagger):
    report = _report(planted(tagger, lambda word: float(word == "hun")))
    assert report["sex"]["largest"] > 0.9
    assert report["sex"]["decisions_changed"] == 1


def test_texts_are_drawn_with_the_seed_and_none_is_no_number(tagger):
    model = planted(tagger, lambda word: float(word == "skylder"))
    assert _report(model, most=7)["sex"]["texts"] == 7
    assert _report(model, most=7) == _report(model, most=7)
    nothing = _report(model, [Document("a", "ad", "Hanne og Mihai fra Rumænien, han og hun")])
    assert nothing["name"]["texts"] == 0
    assert np.isnan(nothing["largest"])


def test_the_trained_model_is_measured_on_sex(tagger):
    report = _report(tagger, make_documents(64, 3000))
    assert report["sex"]["texts"] > 30
    assert 0 <= report["sex"]["mean"] <= report["sex"]["largest"] <= 1


def test_names_change_origin_and_keep_sex_genitive_and_identity():
    places = words().names
    text = "Hanne ringede til Hannes søster. Jens' bil holdt her, og Mette-Marie blev hjemme. Hannesen kom."
    new = swap_names(text, chance())
    one, two = new.split()[0], new.split()[5]
    assert places[one][0] == places[two.rstrip("s'")][0] != "danish"
    assert (places[one][1], places[two.rstrip("s'")][1]) == ("female", "male")
    assert f"til {one}s søster" in new or f"til {one}' søster" in new
    assert new.endswith("og Mette-Marie blev hjemme. Hannesen kom.")
    assert swap_names("Der stod en and ved broen.", chance()) == "Der stod en and ved broen."


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("En rumænsk mand", "adjective 0"),
        ("Rumænske kvinder", "adjective 1"),
        ("en rumæner", "person 0"),
        ("to RUMÆNSKE rumænere", "person 2"),
        ("hjem til Rumænien", "country"),
    ],
)
def test_nationalities_keep_their_form_and_capital(text, shape):
    table = words().nationalities
    for seed in range(20):
        new = swap_nationalities(text, random.Random(seed))
        (old_word, word), *more = [(x, y) for x, y in zip(text.split(), new.split(), strict=True) if x != y]
        assert not more
        nationality, form = table.get(word) or table[word.lower()]
        assert (nationality != "romanian", form) == (True, shape)
        assert word[0].isupper() == old_word[0].isupper()


def test_two_nationalities_stay_two():
    for seed in range(20):
        new = swap_nationalities("en polsk og en rumænsk mand, to polske og to rumænske", random.Random(seed)).split()
        table = words().nationalities
        first, second = table[new[1]][0], table[new[4]][0]
        assert first != second
        assert {first, second} & {"polish", "romanian", HOME} == set()
        assert (table[new[7]][0], table[new[10]][0]) == (first, second)


def test_danish_takes_part_only_as_a_word_for_people():
    same = "Hun taler ikke dansk og kom til Danmark i maj."
    assert swap_nationalities(same, chance()) == same
    assert "dansk" not in swap_nationalities("en dansk mand", chance())
    drawn = {swap_nationalities("en rumænsk mand", random.Random(seed)) for seed in range(200)}
    assert "en dansk mand" in drawn
    drawn = {swap_nationalities("hun taler kun rumænsk", random.Random(seed)) for seed in range(200)}
    assert "hun taler kun dansk" not in drawn


@pytest.mark.parametrize(
    ("text", "swapped"),
    [
        ("Han så hendes pas hos manden.", "Hun så hans pas hos kvinden."),
        ("Hans pas er væk. Drengens jakke", "Hendes pas er væk. Pigens jakke"),
        ("Notat af Hans Olsen: hun og Hans gik.", "Notat af Hans Olsen: han og Hans gik."),
        ("hendes mand", "hans kone"),
        ("hans kone slog ham", "hendes mand slog hende"),
        ("Handelen om mandagen", "Handelen om mandagen"),
    ],
)
def test_sex_is_exchanged_whole_words_capitals_kept(text, swapped):
    assert swap_sex(text) == swapped


def test_the_lists_are_whole():
    """A word has one meaning, every form has its partner, and exchanging the sex twice gives the text again."""
    lists = words()
    by_origin = {}
    for origin, sex in lists.names.values():
        by_origin.setdefault(origin, []).append(sex)
    assert {"danish", "romanian", "arabic", "vietnamese", "nigerian", "polish"} == set(by_origin)
    assert all(sexes.count("female") >= 10 and sexes.count("male") >= 10 for sexes in by_origin.values())
    forms = {}
    for nationality, form in lists.nationalities.values():
        forms.setdefault(nationality, set()).add(form)
    assert forms.pop(HOME) | {"country"} == set.union(*forms.values())
    assert all(x == set.union(*forms.values()) for x in forms.values())
    assert all(lists.sex[lists.sex[word]] == word for word in lists.sex)
