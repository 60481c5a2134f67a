"""What ties two ads is shown in both texts, with code points of the raw text."""

from serving.linking.contacts import link_keys
from serving.linking.showing import show_tie
from serving.linking.signatures import sign_and_mark
from tests.serving.linking.conftest import KEY, ad

ONE = ad("a", "🌸 Mia: jeg er klog som en pelikan på en tirsdag. Ring 01 66 32 90", name="Mia")
OTHER = ad("b", "0166 3290 👩‍🦰 spørg Mia, jeg er klоg som en pe\u00adlikan på en tirsdag!", name="Mia")


def marks(*ads):
    return list(sign_and_mark(ads, KEY)[1])


def test_shared_contact_name_and_passage_are_shown_where_they_stand():
    shown = {x.kind: x for x in show_tie(*marks(ONE, OTHER))}
    quotes = {
        k: ([ONE.text[s.start : s.end] for s in x.first], [OTHER.text[s.start : s.end] for s in x.second])
        for k, x in shown.items()
    }
    assert quotes == {
        "phone": (["01 66 32 90"], ["0166 3290"]),
        "name": (["Mia"], ["Mia"]),
        "phrase": (
            ["Mia: jeg er klog som en pelikan på en tirsdag"],
            ["Mia, jeg er klоg som en pe\u00adlikan på en tirsdag"],
        ),
    }


def test_a_hub_is_not_shown_as_a_tie():
    hubs = link_keys([x for x in ONE.entities if x.type == "phone"], KEY)
    assert "phone" not in {x.kind for x in show_tie(*marks(ONE, OTHER), hubs)}


def test_ads_with_nothing_in_common_show_nothing():
    assert show_tie(*marks(ONE, ad("c", "Cykel sælges billigt i Valby, næsten ny"))) == ()
