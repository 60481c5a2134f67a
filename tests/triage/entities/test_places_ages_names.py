"""Places, ages and the names a text gives of itself."""

from importlib.resources import files

import pytest

from triage.entities import find_entities


@pytest.mark.parametrize(
    ("text", "quote", "name"),
    [
        ("privat i Struer", "Struer", "Struer"),
        ("Århus C", "Århus C", "Aarhus"),
        ("AARHUS", "AARHUS", "Aarhus"),
        ("Kbh NV", "Kbh NV", "København"),
        ("Københavns Lufthavn", "Københavns", "København"),
        ("københavnsområdet", "københavnsområdet", "København"),
        ("koebenhavn", "koebenhavn", "København"),
        ("Ålborg og omegn", "Ålborg", "Aalborg"),
        ("A\u030arhus", "A\u030arhus", "Aarhus"),
        ("nr. nebel", "nr. nebel", "Nørre Nebel"),
        ("Nykøbing F til fredag", "Nykøbing F", "Nykøbing Falster"),
        ("Høje-Taastrup", "Høje-Taastrup", "Høje Taastrup"),
        ("på Nørrebro", "Nørrebro", "Nørrebro"),
        ("vi bor i Ry", "Ry", "Ry"),
        ("5750 Ringe", "Ringe", "Ringe"),
        ("fra Skive", "Skive", "Skive"),
        ("Skive 3.-5.", "Skive", "Skive"),
        ("uge 33 Skive", "Skive", "Skive"),
        ("privat 35 år Greve", "Greve", "Greve"),
    ],
)
def test_a_place_is_named_as_the_list_has_it(found, text, quote, name):
    assert found("place", text) == [(quote, name)]


def test_a_word_beside_a_place_is_one_too(found):
    assert [x for _, x in found("place", "Viborg, Skive og Thisted")] == ["Viborg", "Skive", "Thisted"]


@pytest.mark.parametrize(
    "text",
    [
        "Giv dem besked",
        "Them og os",
        "Vejen er glat",
        "han beder om hjælp",
        "en skive brød",
        "hjørnet af Istedgade",
        "Ring i dag",
        "Hals og hoved",
    ],
)
def test_a_word_is_a_place_only_where_one_is_meant(found, text):
    assert found("place", text) == []


def test_the_list_says_where_it_is_from_and_has_each_name_once():
    lines = files("triage.entities").joinpath("places.tsv").read_text("utf-8").splitlines()
    head = " ".join(x for x in lines if x.startswith("#"))
    assert "GeoNames" in head
    assert "CC BY 4.0" in head
    names = [x.split("\t")[0] for x in lines if not x.startswith("#")]
    assert len(names) == len(set(names)) > 800


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("22 år", "22"),
        ("22-årig dame", "22"),
        ("22 aar", "22"),
        ("22 y.o.", "22"),
        ("22 years old", "22"),
        ("17-22 år", "17-22"),
        ("toogtyve år gammel", "22"),
        ("Hun er 24, lys og høj", "24"),
        ("jeg er 53.", "53"),
        ("KUN 21 ⭐", "21"),
        ("Alder: 22", "22"),
        ("dreng på 9 år", "9"),
        ("Mand, 44, kommer for et sår", "44"),
    ],
)
def test_an_age_is_somebodys(found, text, value):
    assert [x for _, x in found("age", text)] == [value]


@pytest.mark.parametrize(
    "text",
    ["i 22 år", "for 20 år siden", "2 års garanti", "12 år uden problemer", "kun 21 pladser", "kun 300", "22 kr"],
)
def test_a_stretch_of_time_or_another_number_is_no_age(found, text):
    assert found("age", text) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Jeg hedder Maria og bor her", "Maria"),
        ("jeg hedder maria og bor her", "Maria"),
        ("Mit navn er Anna Marie.", "Anna Marie"),
        ("Hi, I'm Anna", "Anna"),
        ("Hej drenge, det er mig igen, Flemming.", "Flemming"),
        ("spørg efter Rosa", "Rosa"),
        ("Vi ses. Mvh Pia", "Pia"),
        ("Tak for nu.\nHilsen\nGrethe", "Grethe"),
        ("Birthe, 62 år, fodpleje", "Birthe"),
        ("MANDY // HELSINGE", "Mandy"),
        ("sig det til ham. Lasse, 01 70 72 74", "Lasse"),
        ("Indskrivning. Anja, 45, Køge", "Anja"),
    ],
)
def test_a_name_is_given_by_the_text_itself(found, text, name):
    assert [x for _, x in found("name", text)] == [name]


def test_names_in_a_row_are_all_names(found):
    assert [x for _, x in found("name", "Her er Mai, Nan og Ploy hver dag")] == ["Mai", "Nan", "Ploy"]


@pytest.mark.parametrize(
    "text",
    ["jeg hedder ikke noget", "Kvinde, 34, søger", "Massage, 30 år", "Ring 01 23 45 67", "Jeg er Glad", "Hilsen"],
)
def test_other_words_are_no_names(found, text):
    assert found("name", text) == []


def test_a_place_is_no_name_too():
    entities = find_entities("Hej, jeg er Skagen\nJeg hedder Odense")
    assert [x.type for x in entities] == ["place", "place"]
