"""Contacts as keyed hashes: the same contact has the same key, and the contact is kept nowhere."""

import pickle
import time

import pytest

from serving.linking.contacts import kind_of, link_keys, normalise, sought, ties
from serving.linking.linking import link
from serving.linking.records import LinkKey, UnusableKey
from serving.linking.segments import save
from serving.linking.signatures import sign
from tests.serving.linking.conftest import KEY, ad
from triage.assessment import Entity
from triage.entities import find_entities
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
        [("url", "https://www.Salon.example/mia?utm_source=x#top"), ("url", "salon.example:443/mia/")],
        [("handle", "telegram:@MiaX"), ("handle", "telegram:miax")],
    ],
)
def test_the_same_contact_written_otherwise_has_the_same_key(same):
    assert len({tuple(link_keys([entity(*x)], KEY)) for x in same}) == 1


def found_in(text: str) -> list[tuple[str, str]]:
    return sorted({pair for x in find_entities(text) for pair in normalise(x.type, x.value)})


@pytest.mark.parametrize(
    ("text", "reached"),
    [
        ("https://api.whatsapp.com/send?phone=4501663290&text=Hej", ("phone", "+4501663290")),
        ("api.whatsapp.com/send/?text=Hej&phone=%2B4501663290", ("phone", "+4501663290")),
        ("https://web.whatsapp.com/send?phone=01663290", ("phone", "+4501663290")),
        ("https://wa.me/4501663290?text=Hej", ("phone", "+4501663290")),
        ("https://wa.me/send?phone=4501663290", ("phone", "+4501663290")),
        ("https://www.wa.me/+4501663290/", ("phone", "+4501663290")),
        ("https://chats.viber.com/chat?number=%2B4501663290", ("phone", "+4501663290")),
        ("https://viber.me/4501663290", ("phone", "+4501663290")),
        ("https://t.me/+4501663290", ("phone", "+4501663290")),
        ("https://signal.me/#p/+4501663290", ("phone", "+4501663290")),
        ("https://wa.me/46701234567", ("phone", "+46701234567")),
        ("https://t.me/s/anna_kbh", ("handle", "telegram:anna_kbh")),
        ("https://t.me/anna_kbh/17", ("handle", "telegram:anna_kbh")),
        ("https://telegram.dog/anna_kbh", ("handle", "telegram:anna_kbh")),
        ("https://t.me/joinchat/AbC123", ("url", "t.me/joinchat/abc123")),
        ("https://wa.me/message/ABC123", ("url", "wa.me/message/abc123")),
        ("https://www.facebook.com/profile.php?id=17", ("handle", "messenger:17")),
        ("facebook.com/profile.php?ref=x&id=17", ("handle", "messenger:17")),
        ("https://m.facebook.com/people/Anna-H/17/", ("handle", "messenger:17")),
        ("https://m.me/17", ("handle", "messenger:17")),
        ("https://da-dk.facebook.com/anna.kbh/photos", ("handle", "messenger:anna.kbh")),
        ("https://www.facebook.com/groups/17/posts/18", ("url", "facebook.com/groups/17/posts/18")),
        ("https://www.facebook.com/pages/Salon/17", ("url", "facebook.com/pages/salon/17")),
        ("https://www.facebook.com/story.php?story_fbid=1&id=17", ("url", "facebook.com/story.php?id=17&story_fbid=1")),
        ("https://instagram.com/anna.kbh/reels?hl=da", ("handle", "instagram:anna.kbh")),
        ("https://www.instagram.com/p/AbC123/?hl=da", ("url", "instagram.com/p/abc123")),
        ("https://www.tiktok.com/@anna_kbh/video/17", ("handle", "tiktok:anna_kbh")),
        ("https://www.snapchat.com/@anna_kbh", ("handle", "snapchat:anna_kbh")),
        ("https://onlyfans.com/anna_kbh/videos", ("handle", "onlyfans:anna_kbh")),
        ("https://x.com/anna_kbh", ("handle", "x:anna_kbh")),
        ("https://www.youtube.com/@anna?si=abc", ("url", "youtube.com/@anna")),
        ("https://m.youtube.com/watch?app=desktop&v=AbC", ("url", "youtube.com/watch?v=abc")),
        ("https://linktr.ee/anna?utm_source=x", ("url", "linktr.ee/anna")),
        ("https://tinyurl.com/AbC123", ("url", "tinyurl.com/abc123")),
        ("https://sites.google.com/view/anna", ("url", "google.com/view/anna")),
        ("https://anna.wordpress.com", ("site", "anna.wordpress.com")),
    ],
)
def test_an_address_where_strangers_have_pages_is_compared_by_whom_it_reaches(text, reached):
    assert found_in(f"Se {text} her") == [reached]


@pytest.mark.parametrize(
    "text",
    [
        "https://www.youtube.com",
        "https://www.youtube.com/watch?app=desktop",
        "https://www.facebook.com/profile.php",
        "https://www.facebook.com/groups/",
        "https://www.instagram.com/explore",
        "https://www.instagram.com/?hl=da",
        "https://api.whatsapp.com/send?text=Hej",
        "https://wordpress.com",
        "https://www.google.com/maps/place/Valby",
        "https://maps.google.com/?q=Valby",
        "https://maps.app.goo.gl/AbC123",
        "skriv til mia på www.gmail.com",
        "https://accounts.google.com/signin",
        "https://t.me/share/url?text=Hej",
    ],
)
def test_a_service_for_everybody_reaches_nobody(text):
    assert found_in(text) == []


@pytest.mark.parametrize(
    ("value", "compared"),
    [
        ("https://Salon.example/vis.php?id=17&fbclid=x", ["salon.example", "salon.example/vis.php?id=17"]),
        ("salon.example?id=17", ["salon.example", "salon.example/?id=17"]),
        ("http://mia:secret@salon.example.:8080/", ["salon.example"]),
        ("https://[salon.example/mia", []),
        ("https://%%%", []),
    ],
)
def test_a_page_of_an_own_host_is_compared_by_host_and_page(value, compared):
    assert [x for _, x in normalise("url", value)] == compared


@pytest.mark.parametrize(
    ("text", "shared"),
    [
        ("Se portal.example/annonce/17", [("url", "portal.example/annonce/17")]),
        ("Se www.salon.example", [("site", "salon.example")]),
        ("Se www.youtube.com og skriv 01 66 32 90 eller wa.me/4501663290", [("phone", "+4501663290")]),
    ],
)
def test_two_texts_by_themselves_share_a_page_and_not_the_portal_it_is_on(text, shared):
    assert ties(find_entities(text)) == shared


@pytest.mark.parametrize(
    ("text", "found", "missed"),
    [
        ("@rosen_kbh", ("telegram:rosen_kbh", "snapchat:rosen_kbh", "any:rosen_kbh"), ()),
        ("https://telegram.dog/rosen_kbh", ("telegram:rosen_kbh", "any:rosen_kbh"), ("snapchat:rosen_kbh",)),
        ("wa.me/4501663290", ("+4501663290",), ("any:+4501663290",)),
        ("viber://chat?number=%2B4501663290", ("+4501663290",), ("viber:+4501663290",)),
        ("a@salon.example", ("a@salon.example",), ()),
        ("www.youtube.com", (), ("youtube.com",)),
    ],
)
def test_whoever_looks_for_a_contact_may_leave_out_the_service_of_a_name_alone(text, found, missed):
    told = {x for _, x in sought(find_entities(text))}
    assert told.issuperset(found)
    assert told.isdisjoint(missed)
    assert bool(told) is bool(found)


def test_a_long_address_takes_no_long_time():
    began = time.process_time()
    for value in ("a." * 100_000, "viber.x/" + "&number=" * 50_000, "://" * 100_000, "a@" * 100_000):
        assert len(list(normalise("url", value))) <= 2
    assert time.process_time() - began < 5


def test_a_list_of_durations_ties_no_strangers():
    assert found_in("Ring til mig. Massage 30/45/60/90 minutter, str 36 38 40 42, åben 10 22 10 22") == []


def test_boxes_with_other_letters_are_other_boxes():
    boxes = [list(normalise("mobilepay", x)) for x in ("1234AB", "1234CD", "1234ab", "1234")]
    assert boxes[0] == boxes[2] == [("mobilepay", "1234ab")]
    assert len({tuple(x) for x in boxes}) == 3


def test_an_address_that_begins_with_plus_keeps_its_name():
    assert list(normalise("email", "+mia@post.example")) == [("email", "+mia@post.example")]


def test_a_number_of_an_account_is_a_telephone_only_where_accounts_are_telephones():
    assert list(normalise("handle", "telegram:+4501663290")) == [("phone", "+4501663290")]
    assert list(normalise("handle", "messenger:100001663290")) == [("handle", "messenger:100001663290")]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(("handle", x) for x in ("any:n.a.", "telegram:ingen", "snapchat:ukendt", "any:se_annonce", "any:gmail")),
        *(("handle", x) for x in ("any:valby", "any:københavn", "any:tlf.nr", "any:sofia")),
        *(("phone", x) for x in ("+4530456090", "+4515304560", "+4536384042", "+4531323334", "+4510221022")),
        *(("phone", x) for x in ("00000000", "+4511111111", "12345678", "+45 12 34 56 78", "112")),
        *(("email", x) for x in ("noreply@portal.example", "no-reply@portal.example", "ingen@ingen.example")),
        ("mobilepay", "00 00 00 00"),
    ],
)
def test_what_says_that_there_is_no_contact_has_no_key(kind, value):
    assert list(normalise(kind, value)) == []


@pytest.mark.parametrize(
    "number", ["+4501663290", "+4530456089", "+4524242424", "+4500112233", "+4500208590", "+4620304050"]
)
def test_a_number_that_is_no_list_has_a_key(number):
    assert list(normalise("phone", number)) == [("phone", number)]


@pytest.mark.parametrize(
    "value", ["any:sofia_x", "telegram:sofia", "any:anna_valby", "any:viborgweek", "telegram:valby", "any:ingen_24"]
)
def test_an_account_with_such_a_word_in_it_has_one(value):
    assert list(normalise("handle", value)) == [("handle", value)]


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
