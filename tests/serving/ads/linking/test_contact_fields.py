"""What the contact fields of an ad tie it by."""

import pytest

from serving.ads.linkable import to_linkable
from serving.batch.records import Record as Read
from serving.linking.contacts import normalise
from serving.linking.records import LinkKey
from tests.serving.ads.linking.made import A
from triage.text import Document


def keys_of(*contacts):
    """What an ad with these contact fields is tied by."""
    record = linkable_of(contacts=list(contacts))[0].to_record(LinkKey(b"a key of the tests, no other use"))
    return [x for _, entity in record.beside for x in normalise(entity.type, entity.value)]


def linkable_of(**about):
    document = Document("a", "ad", A)
    return to_linkable(Read(1, document, (), b"", about))


@pytest.mark.parametrize(
    "field",
    [
        *(
            "01663290",
            "20101985",
            "21061964",
            "01600000",
            "4501663290",
            "45 01 66 32 90",
            "004501663290",
            "2 101 98 55",
        ),
        *("(45) 01663290", "+45 0166 3290", "01.66.32.90", "01-66-32-90", "0166/3290"),
    ],
)
def test_digits_of_a_contact_field_are_a_number_however_they_look(field):
    digits = "".join(x for x in field if x.isdigit())[-8:]
    assert keys_of(field) == [("phone", f"+45{digits}")]


def test_a_number_that_is_no_text_is_its_digits():
    ad, problems = linkable_of(contacts=[1663290 + 20_000_000, True])
    assert ad.contacts == ("21663290",)
    assert [x for x, _ in problems] == ["contacts"]


@pytest.mark.parametrize(
    "field",
    [
        *(
            "n.a.",
            "N.A",
            "-",
            "ukendt",
            "Se annonce",
            "se_annonce",
            "ingen",
            "tlf.nr",
            "ikke.oplyst",
            "...",
            "@",
            "www.",
        ),
        *("00000000", "00 00 00 00", "12345678", "kl.10-22", "500kr.", "0101901234", "010190-1234", "24", "112", "xx"),
        *("noreply@portal.example", "https://www.facebook.com", "tel:", "mailto:"),
    ],
)
def test_a_contact_field_without_a_contact_ties_nothing(field):
    assert keys_of(field) == []
    assert list(linkable_of(contacts=[field])[0].beside()) == []


def test_an_account_in_a_contact_field_ties():
    assert keys_of("mia_x1", "anna.kbh", "mia.2", "n.a.") == [
        ("handle", f"any:{x}") for x in ("mia_x1", "anna.kbh", "mia.2")
    ]
