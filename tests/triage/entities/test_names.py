"""Names of the list where a text has them, names that a role or a row tells, and words that are none."""

import pytest

from triage.entities import find_entities


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("I går talte vi længe med Karoline om det", ["Karoline"]),
        ("Lejer Petru Lungu er rejst", ["Petru Lungu"]),
        ("Niels Erik, Samsø", ["Niels Erik"]),
        ("vores chef Xundra kommer", ["Xundra"]),
        ("Klasselærer Brask følger op, Dr. Kold også", ["Brask", "Kold"]),
        ("Derefter er Pim, Xao og Somjai klar", ["Pim", "Xao", "Somjai"]),
        ("Duang og Anna", ["Duang", "Anna"]),
        ("Jeg hedder Xumi. Ring nu. Xumi venter", ["Xumi", "Xumi"]),
        ("💎 Xenika 💎 24 💎 Fredericia", ["Xenika"]),
        ("Lørdag: Xulu (22)", ["Xulu"]),
        ("Kontaktperson: Xenbo Grum", ["Xenbo Grum"]),
        ("Hun kaldte sig Xiki", ["Xiki"]),
        ("tak for alt // Xorsten", ["Xorsten"]),
        ("hun hedder tina og bor her", ["Tina"]),
        ("god dag, mvh nikolaj", ["Nikolaj"]),
        ("PALOMA er tilbage", ["Paloma"]),
        ("jeg bor med Hans", ["Hans"]),
    ],
)
def test_names_are_found_where_they_stand(found, text, names):
    assert [x for _, x in found("name", text)] == names


@pytest.mark.parametrize(
    "text",
    [
        "Salon Louise har åbent",
        "Lotte Massage i byen",
        "Hans bil er rød",
        "Line og net er nede",
        "på Marias Vej",
        "Vægt: 53",
        "LØN: 27.500 kr",
        "Filipina, 36, søger",
        "hun hedder noget",
        "det er mark og eng",
        "Forbud § 77",
        "Grace-chat",
    ],
)
def test_firms_streets_and_words_are_no_names(found, text):
    assert found("name", text) == []


@pytest.mark.parametrize(
    ("text", "ages"),
    [
        ("Maria 24 år Herning", ["24"]),
        ("Oliver på 9 år, som", ["9"]),
        ("børn på 4-6 år der leger", ["4-6"]),
        ("tre drenge (2, 5 og 8 år)", ["2", "5", "8"]),
        ("mellem 24 og 36 år og", ["24-36"]),
        ("børn under 10 år spiser", ["10"]),
        ("du skal være mindst 17 år.", ["17"]),
        ("kun mænd over 25.", ["25"]),
        ("Kvinde mellem 40 og 60, rolig", ["40-60"]),
        ("jeg fylder 40 på søndag", ["40"]),
        ("Hun skriver 25 men er nok nærmere 35.", ["25", "35"]),
        ("en pige, måske 20, kom", ["20"]),
        ("Chaufføren er syg, er 44 og fra Polen", ["44"]),
        ("Alder - 35", ["35"]),
        ("Emma – 28 – Odense", ["28"]),
        ("Jens Ole, 38, bor her", ["38"]),
        ("Det er Nadja, 32. Hej", ["32"]),
        ("jeg er 29 og 166 høj", ["29"]),
    ],
)
def test_ages_of_lists_and_limits(found, text, ages):
    assert [x for _, x in found("age", text)] == ages


@pytest.mark.parametrize(
    "text",
    [
        "færdig på 3 år",
        "over 20 år i branchen",
        "mindst 3 års erfaring",
        "åben lør og søn 18-22",
        "timesedlerne siger 77, det blev 70, tror jeg",
        "permit says 90/month",
        "mellem 40 og 60 kr",
    ],
)
def test_other_years_and_numbers_are_no_ages(found, text):
    assert found("age", text) == []


def test_a_name_that_was_a_place_before_stays_one():
    assert [x.type for x in find_entities("vi bor i Karlslunde, mvh")] == ["place"]
