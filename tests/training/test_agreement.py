"""Agreement of two annotators, from the two annotations that a folder keeps."""

import pytest

from training import agreement
from training.card import Agreement
from training.datacheck import check_agreement
from training.dataset import InvalidDataset

HEAD = "### {id}\nkind: note\nsource: police\n---\n"
FIRST = (
    HEAD.format(id="a-1")
    + "Manden {debt_bondage|skylder penge} og {fear_distrust|ryster}.\n\n"
    + HEAD.format(id="a-2")
    + "Intet.\n"
)
SECOND = (
    HEAD.format(id="a-1")
    + "Manden {debt_bondage|skylder} penge og ryster.\n\n"
    + HEAD.format(id="a-2")
    + "{threats|Intet}.\n"
)


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "agreement"
    place.mkdir()
    (place / "first.md").write_text(FIRST, "utf-8")
    (place / "second.md").write_text(SECOND, "utf-8")
    return tmp_path


def test_figures_are_those_worked_out_by_hand(folder, scheme):
    found = agreement.measure(*agreement.read_pair(folder), scheme)
    # One of two labels on each side is the other's: F1 1/2. Characters: 7 shared of 13 + 6 and 7 + 5.
    assert (found.texts, found.label_f1) == (2, 0.5)
    assert found.span_f1 == pytest.approx(2 * 7 / (13 + 6 + 7 + 5), abs=1e-3)
    pairs = 2 * sum(x.element != "ad" for x in scheme)
    by_chance = (2 / pairs) ** 2 + (1 - 2 / pairs) ** 2
    assert found.kappa == pytest.approx(((pairs - 2) / pairs - by_chance) / (1 - by_chance), abs=1e-3)


def test_a_set_annotated_once_has_no_figures(tmp_path):
    assert agreement.read_pair(tmp_path) is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [("Intet", "Noget", "the same texts"), ("a-2", "a-3", "the same texts"), ("{threats|", "{threats:x|", "state")],
)
def test_annotations_of_different_texts_are_refused(folder, old, new, said):
    path = folder / "agreement" / "second.md"
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises(InvalidDataset, match=said):
        agreement.read_pair(folder)


def test_a_card_with_other_figures_is_found(folder, scheme):
    right = agreement.measure(*agreement.read_pair(folder), scheme)
    assert check_agreement(folder, right, scheme) == []
    assert check_agreement(folder, Agreement(texts=2, label_f1=0.9), scheme)
