"""Days as Danish pages write them: day first, and none where it could be another."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.ads.dates import moment, read_date, read_labelled
from serving.ads.page import read_page
from serving.ads.rules import Dates, Rules
from tests.serving.ads.made import page

NOW = datetime(2026, 11, 28, 23, 30, tzinfo=UTC)  # the 29th in Denmark


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("3. maj 2026", "2026-05-03"),
        ("den 3 maj 2026 kl. 14.30", "2026-05-03"),
        ("søn. 3. maj '26", "2026-05-03"),
        ("03/05/2026", "2026-05-03"),
        ("3.5.26", "2026-05-03"),
        ("3-5-2026 14:30", "2026-05-03"),
        ("2026-05-03", "2026-05-03"),
        ("2026-05-03T10:00", "2026-05-03"),
        ("2026-05-03T23:30:00Z", "2026-05-04"),
        ("Sun, 03 May 2026 23:30:00 +0000", "2026-05-04"),
        ("May 3, 2026", "2026-05-03"),
        ("1. okt. 2026", "2026-10-01"),
        ("3. maj", "2026-05-03"),
        ("24. december", "2025-12-24"),
        ("3/5", "2026-05-03"),
        ("24/12", "2025-12-24"),
        ("i dag", "2026-11-29"),
        ("I GÅR kl. 12", "2026-11-28"),
        ("i forgårs", "2026-11-27"),
        ("for 3 dage siden", "2026-11-26"),
        ("for en uge siden", "2026-11-22"),
        ("for 2 timer siden", "2026-11-28"),
        ("31/12/2026", None),  # not yet
        ("29. februar 2026", None),
        ("13/13/2026", None),
        ("3. maj 1926", None),
        ("9999-12-31T23:59:59Z", None),  # as some portals write "never"
        ("3.5.98", "1998-05-03"),
        ("3. maj 2026 til 5. maj 2026", None),
        ("mandag", None),
        ("for 2 måneder siden", None),
        ("ring 20.12.34.56", None),
        ("tlf. 12/34 56", None),
        ("14.30", None),
        ("ca. 50/50", None),
        ("dagligt", None),
        ("", None),
    ],
)
def test_what_a_date_says(text, day):
    assert read_date(text, NOW, Dates()) == day


@pytest.mark.parametrize("text", ["i går", "3. maj", "3/5", "for 3 dage siden"])
def test_without_the_moment_of_retrieval_a_relative_date_is_none(text):
    assert read_date(text, None, Dates()) is None


def test_only_dates_that_a_word_names_as_those_of_posting_count():
    lines = ["Vi kommer til Aalborg 3. maj", "Oprettet: 1. november 2026", "Senest set: i går"]
    assert read_labelled(lines, NOW, Dates()) == "2026-11-01"
    assert read_labelled([*lines, "Oprettet d. 2. november 2026"], NOW, Dates()) is None
    assert read_labelled(lines[:1], NOW, Dates()) is None


LD = (
    '<script type="application/ld+json">{"@graph": [{"@type": "Offer", "datePosted": "%s", '
    '"address": {"addressLocality": "Ribe"}}]}</script>'
)


@pytest.mark.parametrize(
    ("head", "body", "day"),
    [
        (LD % "2026-05-03", "<p>Oprettet 1. maj 2026</p>", "2026-05-03"),
        (LD % "2026-05-03" + LD % "2026-05-04", "", None),
        (LD % "2026-05-03" + LD % "2026-05-04", "<time datetime='2026-05-05'>x</time>", "2026-05-05"),
        (
            "<script type='application/ld+json'>{" + "[" * 5000 + "</script>",
            "<p>Indrykket 1. maj 2026</p>",
            "2026-05-01",
        ),
        ("<meta property='article:published_time' content='2026-05-03T08:00:00+02:00'>", "", "2026-05-03"),
        ("", "<p itemprop=datePosted content='2026-05-03'>for længe siden</p>", "2026-05-03"),
        ("", "<time datetime='2026-05-03'>x</time>", "2026-05-03"),
        ("", "<time datetime='2026-05-03'>x</time><time datetime='2026-05-04'>y</time>", None),
        ("", "<p>Opslået for 2 dage siden</p>", "2026-11-27"),
        ("", "<p>Fri fra 1. december 2026</p>", None),
    ],
)
def test_what_a_page_says_to_machines_comes_before_its_words(head, body, day):
    found = read_page(page(head=head, body=body), None, NOW, Rules(), None)
    assert (found.posted, found.faults) == (day, ())


def test_the_place_is_what_the_page_names_if_it_names_one():
    assert read_page(page(head=LD % "x"), None, NOW, Rules(), None).place == "Ribe"
    assert read_page(page(head=LD % "x" + LD.replace("Ribe", "Vejle") % "x"), None, NOW, Rules(), None).place is None


def test_moments():
    assert moment("2026-05-03T10:00:00Z") == moment("Sun, 03 May 2026 12:00:00 +0200")
    assert moment("2026-05-03 10:00:00") == moment("2026-05-03T10:00:00Z")
    assert moment("i går") is None


@given(st.text(), st.sampled_from([None, NOW]), st.sampled_from(["day-first", "month-first"]))
def test_no_text_raises(text, retrieved, order):
    read_date(text, retrieved, Dates(order=order))
    read_labelled([text, "Oprettet " + text], retrieved, Dates(order=order))
    moment(text)


@given(st.from_regex(r"[0-9]{1,5}[./ -][0-9a-z]{1,4}[./ -]?[0-9']{0,5}"), st.sampled_from([None, NOW]))
def test_nothing_like_a_date_raises(text, retrieved):
    read_date(text, retrieved, Dates())


@pytest.mark.parametrize("value", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_a_moment_from_which_no_day_can_be_counted_is_none(value):
    assert moment(value) is None
    assert read_date(value, None, Dates()) is None


def test_a_day_that_stands_for_never_is_none_where_nothing_is_known_of_the_page():
    assert read_date("9999-12-31", None, Dates()) is None
    assert read_date("03.05.98", None, Dates()) == "1998-05-03"
