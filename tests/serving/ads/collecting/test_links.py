"""Which links of a page are followed."""

from __future__ import annotations

import pytest

from serving.ads.child import answer
from serving.ads.collecting.links import read_links
from serving.ads.messages import MAX_LINKS, Request
from serving.ads.rules import Rules

HERE = "https://tavle.example/alle/side"


@pytest.mark.parametrize(
    ("href", "leads_to"),
    [
        ("/annonce/1", "https://tavle.example/annonce/1"),
        ("annonce 2", "https://tavle.example/alle/annonce%202"),
        ("//andre.example/3", "https://andre.example/3"),
        ("\n /ann\nonce/4#foto ", "https://tavle.example/annonce/4"),
        ("?side=2", "https://tavle.example/alle/side?side=2"),
        ("/annonce/ærlig", "https://tavle.example/annonce/ærlig"),
        ("https://me:secret@tavle.example/5", "https://tavle.example/5"),
        ("mailto:x@tavle.example", None),
        ("javascript:alert(1)", None),
        ("http://[", None),
        ("https://tavle.example:99999/", None),
        ("/" + "x" * 3000, None),
    ],
)
def test_addresses_are_read_as_browsers_do(href, leads_to):
    assert read_links(f'<a href="{href}">x</a>', HERE).addresses == ((leads_to,) if leads_to else ())


def test_the_base_of_a_page_is_heeded():
    assert read_links('<base href="/nyt/"><a href="1">x</a>', HERE).addresses == ("https://tavle.example/nyt/1",)


@pytest.mark.parametrize(
    "page",
    [
        '<a rel="nofollow" href="/1">x</a>',
        '<a rel="ugc NOFOLLOW" href="/1">x</a>',
        '<meta name="robots" content="noindex, nofollow"><a href="/1">x</a>',
        '<meta name="ROBOTS" content="none"><a href="/1">x</a>',
        "<p>no link</p>",
    ],
)
def test_what_is_asked_not_to_be_followed_is_not(page):
    assert read_links(page, HERE).addresses == ()


def test_each_address_is_given_once_and_their_number_is_bounded():
    many = "".join(f'<a href="/{x // 2}">x</a>' for x in range(3 * MAX_LINKS))
    assert len(read_links(many, HERE).addresses) == MAX_LINKS // 2


def test_the_child_gives_links_and_words_of_a_page_and_of_a_broken_one_a_fault():
    rules = Rules()
    page = b'<html><body><h1>Have</h1><p>Have passes i Odense hver uge.</p><a href="/1">x</a><input type=password>'
    said = answer(Request("collected", HERE), page, rules, None)
    assert said.links == ("https://tavle.example/1",)
    assert said.login
    assert said.entries[0].found is not None
    assert answer(Request("page", HERE), page, rules, None).links == ()
    broken = answer(Request("collected", HERE), b"  ", rules, None)
    assert (broken.links, broken.entries[0].fault) == ((), "empty")
