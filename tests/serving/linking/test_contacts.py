"""Contacts as keyed hashes: the same contact has the same key, and the contact is kept nowhere."""

import pickle

import pytest

from serving.linking.contacts import kind_of, link_keys, normalise
from serving.linking.linking import link
from serving.linking.records import LinkKey, UnusableKey
from serving.linking.segments import save
from serving.linking.signatures import sign
from tests.serving.linking.conftest import KEY, ad
from triage.assessment import Entity
from triage.text import Span


def entity(kind: str, value: str) -> Entity:
    return Entity(kind, Span(0, 1), "x", value)


@pytest.mark.parametrize(
    "same",
    [
        [
            ("phone", "+4501663290"),
            ("mobilepay", "01663290"),
            ("handle", "whatsapp:+4501663290"),
            ("phone", "01 66 32 90"),
        ],
        [("email", "Mia@Salon.example"), ("email", "mia+ads@salon.example")],
        [("url", "https://www.Salon.example/mia?x=1"), ("url", "salon.example/mia/")],
        [("handle", "telegram:@MiaX"), ("handle", "telegram:miax")],
    ],
)
def test_the_same_contact_written_otherwise_has_the_same_key(same):
    assert len({tuple(link_keys([entity(*x)], KEY)) for x in same}) == 1


def test_different_contacts_have_different_keys_and_say_their_kind():
    found = [
        link_keys([entity(*x)], KEY)
        for x in (("handle", "telegram:mia"), ("handle", "snapchat:mia"), ("mobilepay", "123456"))
    ]
    assert len({tuple(x) for x in found}) == 3
    assert [kind_of(x[0]) for x in found] == ["handle", "handle", "mobilepay"]


@pytest.mark.parametrize("kind", ["cpr", "cvr", "name", "place", "date", "price"])
def test_a_cpr_number_and_what_is_no_contact_is_no_link_key(kind):
    assert link_keys([entity(kind, "010190-1234")], KEY) == []


@pytest.mark.parametrize("value", ["", ":", "@", "telegram:", "http://", "   "])
def test_empty_values_are_no_contact(value):
    assert [x for kind in ("email", "url", "handle", "mobilepay") for x in normalise(kind, value)] == []


def test_the_key_decides_and_a_short_one_is_refused():
    mine, other = (
        link_keys([entity("phone", "+4501663290")], KEY),
        link_keys([entity("phone", "+4501663290")], LinkKey(b"o" * 32)),
    )
    assert mine != other
    with pytest.raises(UnusableKey, match="at least 16"):
        LinkKey(b"short")
    assert "secret" not in repr(KEY)


def test_no_number_and_no_word_is_kept_in_signatures_links_or_files(tmp_path):
    text = "Rolig som en fjord i februar, ring til mig på 01 66 32 90 eller mia@salon.example når du vil"
    signatures = sign([ad("a", text), ad("b", text)], KEY)
    links = link([signatures])
    file = save(tmp_path, "one", signatures)
    assert len(links.groups) == 1
    everything = pickle.dumps((signatures, links)) + repr((signatures, links)).encode() + file.read_bytes()
    assert not [
        x for x in (b"0166", b"66 32 90", b"1663290", b"salon", b"fjord", b"februar") if x in everything.lower()
    ]
