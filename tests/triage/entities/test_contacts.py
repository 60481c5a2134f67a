"""E-mail addresses, links, handles and MobilePay."""

from itertools import pairwise

import pytest

from triage.entities import CONTACTS, find_entities


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("skriv til Anna@Hus.example.", "anna@hus.example"),
        ("navn (at) mail punktum dk", "navn@mail.dk"),
        ("navn[at]mail[dot]dk", "navn@mail.dk"),
        ("navn (a) mail.dk", "navn@mail.dk"),
        ("navn snabela mail punktum dk", "navn@mail.dk"),
        ("navn snabel-a mail.dk", "navn@mail.dk"),
        ("navn @ mail . dk", "navn@mail.dk"),
        ("navn AT mail DOT com", "navn@mail.com"),
        ("fornavn punktum efternavn snabela mail punktum dk", "fornavn.efternavn@mail.dk"),
        ("ｎａｖｎ＠ｍａｉｌ．ｄｋ", "navn@mail.dk"),
    ],
)
def test_an_address_is_found_plain_or_disguised(found, text, value):
    assert [x for _, x in found("email", text)] == [value]


@pytest.mark.parametrize("text", ["jeg sagde at mail.dk er nede", "mødes kl. 10 @ kiosken", "a (at) b", "at komme"])
def test_ordinary_words_are_no_address(found, text):
    assert found("email", text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("se https://hus.example/a?b=1.", "https://hus.example/a?b=1"),
        ("www.hus.example, døgnåbent", "www.hus.example"),
        ("book på grenaaryg.example eller", "grenaaryg.example"),
        ("Hus.dk/priser", "hus.dk/priser"),
        ("se min side rose.nu", "rose.nu"),
        ("hus punktum dk", "hus.dk"),
        ("hus[.]dk", "hus.dk"),
    ],
)
def test_a_link_needs_no_scheme(found, text, value):
    assert [x for _, x in found("url", text)] == [value]


@pytest.mark.parametrize("text", ["Hun kom hjem.De gik ud", "i dag.no problem", "fx. 12.30", "Hj.pl. notat", "3.5.me"])
def test_a_full_stop_without_a_space_makes_no_link(found, text):
    assert found("url", text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Telegram: anna_kbh", "telegram:anna_kbh"),
        ("telegram @Anna_kbh", "telegram:anna_kbh"),
        ("skriv @anna.kbh på Snap", "snapchat:anna.kbh"),
        ("snap: rosekbh", "snapchat:rosekbh"),
        ("Insta rose.kbh_22", "instagram:rose.kbh_22"),
        ("IG @rose", "instagram:rose"),
        ("WeChat id: mei88", "wechat:mei88"),
        ("Line ID mei_kbh", "line:mei_kbh"),
        ("rose_kbh på telegram", "telegram:rose_kbh"),
        ("t.me/anna_kbh", "telegram:anna_kbh"),
        ("https://wa.me/4501234567", "whatsapp:+4501234567"),
        ("instagram.com/rose.kbh/", "instagram:rose.kbh"),
        ("bestil hos @viborgweek", "any:viborgweek"),
    ],
)
def test_a_handle_has_the_service_and_the_name(found, text, value):
    assert [x for _, x in found("handle", text)] == [value]


@pytest.mark.parametrize(
    "text",
    [
        "https://www.facebook.com/profile.php?id=17",
        "facebook.com/story.php?story_fbid=1&id=17",
        "facebook.com/watch?v=17",
        "https://instagram.com/explore/",
        "https://wa.me/send?phone=4501234567",
        "https://instagram.com/anna.kbh/reels",
    ],
)
def test_a_page_of_a_service_is_a_link_and_no_handle(found, text):
    assert found("handle", text) == []
    assert [x for _, x in found("url", text)] == [text]


@pytest.mark.parametrize(
    "text",
    [
        "Kun Telegram, send foto",
        "skriv på WhatsApp: send billede af pas",
        "besked på Viber: Danmark, 2.800 euro",
        "Telegram: 01 23 45 67",
        "WhatsApp O1 sixsix 48 three 7",
        "signal om at han ville",
        "a line of people",
        "mail@hus.example",
    ],
)
def test_a_service_without_a_name_is_no_handle(found, text):
    assert found("handle", text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("MobilePay 01234567", "+4501234567"),
        ("Mobile Pay: 01 23 45 67", "+4501234567"),
        ("betal på mobilepay til 01 23 45 67", "+4501234567"),
        ("MobilePay box 1234AB", "1234AB"),
        ("boks nr. 1234ab", "1234AB"),
        ("mobilepay nr. 123456", "123456"),
        ("01 23 45 67 (MobilePay)", "+4501234567"),
        ("MobilePay: nul en to tre, fire fem, seks syv", "+4501234567"),
        ("cash or MobilePay zero one two three, four five, six seven", "+4501234567"),
    ],
)
def test_a_number_named_as_mobilepay_is_no_phone_besides(found, text, value):
    assert [x for _, x in found("mobilepay", text)] == [value]
    assert found("phone", text) == []


@pytest.mark.parametrize(
    "text",
    [
        "MobilePay, ring 01 23 45 67",
        "MobilePay. 01 23 45 67",
        "Mobilepay 500 kr",
        "MobilePay, sms nul en to tre, fire fem, seks syv",
    ],
)
def test_a_number_after_the_end_of_what_is_said_is_no_mobilepay(found, text):
    assert found("mobilepay", text) == []


def test_contacts_never_overlap():
    text = "t.me/anna_kbh anna@t.me @anna MobilePay 01234567 https://x.example/01234567 01 23 45 67"
    contacts = [x for x in find_entities(text) if x.type in CONTACTS]
    assert len(contacts) == 6
    assert all(a.span.end <= b.span.start for a, b in pairwise(contacts))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("på Skype (brugernavn birgitta.lys) ser jeg", "skype:birgitta.lys"),
        ("på telegram under navnet lady_mona.", "telegram:lady_mona"),
        ("snap 👉 selinaxo24 💋", "snapchat:selinaxo24"),
        ("og Facebook (theasnegle). Ring", "messenger:theasnegle"),
        ("Mit Snapchat-navn er lottelykke, skriv", "snapchat:lottelykke"),
        ("CV på Telegram til hr_green.", "telegram:hr_green"),
    ],
)
def test_a_handle_may_have_words_before_it(found, text, value):
    assert [x for _, x in found("handle", text)] == [value]


@pytest.mark.parametrize("text", ["@alle: ny tråd", "Facebook (kun beskeder her)", "skriv på Telegram til i morgen"])
def test_everybody_and_sentences_are_no_handles(found, text):
    assert found("handle", text) == []


@pytest.mark.parametrize(
    ("text", "contact"),
    [
        ("viber://chat?number=%2B4501661234", ("handle", "viber:+4501661234")),
        ("viber://chat/?number=+4501661234", ("handle", "viber:+4501661234")),
        ("viber://add?number=01661234", ("handle", "viber:+4501661234")),
        ("viber://contact?number=%2B45%2001%2066%2012%2034", ("handle", "viber:+4501661234")),
        ("whatsapp://send?phone=4501661234", ("handle", "whatsapp:+4501661234")),
        ("WhatsApp://send/?text=Hej%20du&phone=%2B4501661234", ("handle", "whatsapp:+4501661234")),
        ("whatsapp://send?phone=46701234567", ("handle", "whatsapp:+46701234567")),
        ("tg://resolve?domain=Anna_kbh", ("handle", "telegram:anna_kbh")),
        ("tg://resolve?start=1&domain=anna_kbh&x=2", ("handle", "telegram:anna_kbh")),
        ("tg://resolve?phone=4501661234", ("handle", "telegram:+4501661234")),
        ("sgnl://signal.me/#p/+4501661234", ("handle", "signal:+4501661234")),
        ("instagram://user?username=anna.kbh", ("handle", "instagram:anna.kbh")),
        ("snapchat://add/anna_kbh", ("handle", "snapchat:anna_kbh")),
        ("line://ti/p/~anna", ("handle", "line:anna")),
        ("fb-messenger://user/17", ("handle", "messenger:17")),
        ("tel:%2B4501661234", ("phone", "+4501661234")),
        ("sms:%2B45%2001661234?body=Hej", ("phone", "+4501661234")),
        ("tel:+45-01-66-12-34", ("phone", "+4501661234")),
        ("sms:01661234?body=hej", ("phone", "+4501661234")),
    ],
)
def test_a_link_that_opens_an_app_is_the_contact_in_it(text, contact):
    assert [(x.type, x.value) for x in find_entities(f"Skriv {text} i aften")] == [contact]


@pytest.mark.parametrize(
    "text",
    [
        "viber://forward?text=Hej",
        "whatsapp://send?text=Hej",
        "viber://chat?number=112",
        "viber://chat?number=%2B4501661234567890123",
        "tg://join?invite=AbC",
        "tg://resolve?start=1",
    ],
)
def test_a_link_that_opens_an_app_with_nobody_in_it_is_no_contact(text):
    assert [x for x in find_entities(f"Skriv {text} i aften") if x.type in CONTACTS] == []
