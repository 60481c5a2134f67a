"""CPR and CVR numbers are candidates; a CPR number never leaves whole. All numbers are invented."""

import pytest

from triage.entities import CONTACTS, find_entities


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("CPR 010190-1234", "010190-xxxx"),
        ("født 311299 4321", "311299-xxxx"),
        ("010190 - 1234", "010190-xxxx"),
        ("0101901234", "010190-xxxx"),
        ("cpr: 01 01 90 12 34", "010190-xxxx"),
        ("erstatningsnummer 610190-1234", "610190-xxxx"),
        ("290200-1234", "290200-xxxx"),
    ],
)
def test_a_cpr_number_is_masked_and_no_phone(found, text, value):
    assert [x for _, x in found("cpr", text)] == [value]
    assert found("phone", text) == []


def test_a_cpr_number_is_never_refused_for_its_check_digit(found):
    """Since 2007 numbers are given out that fail modulus 11: of ten in a row, all count."""
    assert all(found("cpr", f"010190-123{i}") for i in range(10))


@pytest.mark.parametrize(
    "text", ["320190-1234", "011390-1234", "3002001234", "kontonr 0101901234", "sag 0101901234", "010190-12345"]
)
def test_no_day_of_birth_is_no_cpr_number(found, text):
    assert found("cpr", text) == []


def test_a_slip_of_the_day_leaves_it_somebodys(found):
    assert [x for _, x in found("cpr", "født 310490-1234")] == ["310490-xxxx"]


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("01.01.90-1234", "01.01.90-1234"),
        ("01-01-90-1234", "01-01-90-1234"),
        ("01/01/90-1234", "01/01/90-1234"),
        ("født 31.04.1990-1234", "31.04.1990-1234"),
        ("0101 90 1234", "0101 90 1234"),
        ("010190/1234", "010190/1234"),
        ("010190–1234", "010190–1234"),
        ("010190 − 1234", "010190 − 1234"),
        ("０１０１９０－１２３４", "０１０１９０－１２３４"),
        ("0️⃣1️⃣0️⃣1️⃣9️⃣0️⃣➖1️⃣2️⃣3️⃣4️⃣", "0️⃣1️⃣0️⃣1️⃣9️⃣0️⃣➖1️⃣2️⃣3️⃣4️⃣"),
        ("cpr.nr. 01.01.90.1234", "01.01.90.1234"),
        ("CPR-nummer er 01.01.90 1234", "01.01.90 1234"),
        ("CPR010190-1234", "010190-1234"),
        ("notat_010190-1234_a.pdf", "010190-1234"),
        ("cpr 01011990-1234", "01011990-1234"),
        ("cpr: 0 1 0 1 9 0 - 1 2 3 4", "0 1 0 1 9 0 - 1 2 3 4"),
        ("cpr nul et nul et halvfems - 1234", "nul et nul et halvfems - 1234"),
        ("cpr 0 1 0 1 9 0 1234", "0 1 0 1 9 0 1234"),
        ("CPR 0.1.0.1.9.0.1.2.3.4.", "0.1.0.1.9.0.1.2.3.4"),
        ("cpr 0️⃣ 1️⃣ 0️⃣ 1️⃣ 9️⃣ 0️⃣ 1️⃣ 2️⃣ 3️⃣ 4️⃣", "0️⃣ 1️⃣ 0️⃣ 1️⃣ 9️⃣ 0️⃣ 1️⃣ 2️⃣ 3️⃣ 4️⃣"),
        ("cpr er nul et nul et ni nul et to tre fire.", "nul et nul et ni nul et to tre fire"),
        (
            "personnummer: nul en, nul en, halvfems, tolv, fireogtredive",
            "nul en, nul en, halvfems, tolv, fireogtredive",
        ),
    ],
)
def test_a_cpr_number_is_found_in_whatever_form_people_give_it(found, text, quote):
    ((words, value),) = found("cpr", text)
    assert words == quote
    assert value in ("010190-xxxx", "310490-xxxx")
    assert found("phone", text) == []


@pytest.mark.parametrize(
    "text",
    [
        "01.01.90, 1234 kr.",
        "01.01.90 1234 kr.",
        "01.01.90. 1234 stk.",
        "01.01.24 - 1830",
        "01.01.24-2025",
        "fra 01-01-24-2026",
        "født 01.01.90 2100 København",
        "CPR oplyst den 01.01.90, 1234 kr.",
        "CPR oplyst den 01.01.90 - 1234 kr.",
        "010190 1234 kr.",
        "0101 90 1234,-",
        "01.01.90.1234",
        "tlf. 01 01 90 12, 34",
        "01 01 90 12 34",
        "01-01-90-12-34",
        "ring 0101 90 1234",
        "ordrenr. 01-01-90-1234",
        "faktura 01.01.24-1234",
        "sag 010190/1234",
        "Intet cpr. Ring nul en nul en ni nul en to",
    ],
)
def test_a_date_before_four_digits_is_no_cpr_number(found, text):
    assert found("cpr", text) == []


@pytest.mark.parametrize(
    ("text", "kind", "quote"),
    [
        ("01.01.90, 1234 kr.", "date", "01.01.90"),
        ("01.01.90, 1234 kr.", "price", "1234 kr."),
        ("CPR oplyst den 01.01.90, 1234 kr.", "date", "01.01.90"),
        ("Intet cpr. Ring nul en nul en ni nul en to", "phone", "nul en nul en ni nul en to"),
    ],
)
def test_what_is_no_cpr_number_stays_what_it_is(found, text, kind, quote):
    assert [x for x, _ in found(kind, text)] == [quote]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("CVR 12345678", "12345678"),
        ("cvr-nr.: 12 34 56 78", "12345678"),
        ("CVR-registreret under 13585628", "13585628"),
        ("DK13585628", "13585628"),
        ("SE-nr. 13585628", "13585628"),
    ],
)
def test_a_cvr_number_is_named_or_has_its_check_digit(found, text, value):
    assert [x for _, x in found("cvr", text)] == [value]
    assert found("phone", text) == []


@pytest.mark.parametrize("text", ["13585628", "DK12345678", "se 12345678"])
def test_eight_digits_alone_are_no_cvr_number(found, text):
    assert found("cvr", text) == []


def test_registers_are_no_contacts():
    """Contacts are what texts are linked by."""
    entities = find_entities("CPR 010190-1234, CVR 12345678")
    assert [x.type for x in entities] == ["cpr", "cvr"]
    assert not {x.type for x in entities} & set(CONTACTS)
