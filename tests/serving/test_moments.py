"""Moments on pages, in Danish and in English."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from markupsafe import Markup

from serving.review.moments import moment
from serving.review.words import words_in

WINTER = datetime(2026, 11, 28, 14, 12, 33, tzinfo=UTC)
SUMMER = datetime(2026, 7, 1, 22, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "language", "said"),
    [
        (WINTER, "da", "28.11.2026 kl. 15.12"),
        (WINTER, "en", "28 Nov 2026, 15:12"),
        (SUMMER, "da", "02.07.2026 kl. 00.05"),  # the day after in Denmark
        (SUMMER, "en", "2 Jul 2026, 00:05"),
        (WINTER.astimezone(timezone(timedelta(hours=-8))), "da", "28.11.2026 kl. 15.12"),
    ],
)
def test_a_moment_is_danish_time_with_the_exact_one_for_machines(at, language, said):
    exact = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert moment(at, language) == f'<time datetime="{exact}">{said}</time>'
    assert moment(None, language) == ""


@pytest.mark.parametrize(
    ("now", "language", "said"),
    [
        (WINTER + timedelta(hours=8), "da", "kl. 15.12"),
        (WINTER + timedelta(hours=8), "en", "15:12"),
        (WINTER + timedelta(hours=9), "da", "28.11.2026 kl. 15.12"),  # past midnight
    ],
)
def test_the_day_is_left_out_only_today(now, language, said):
    assert re.sub("<.*?>", "", moment(WINTER, language, now=now)) == said


def test_a_moment_in_a_message_stays_markup_and_what_people_typed_does_not():
    said = words_in("da").say("case_created_by", moment=moment(WINTER, "da"), name="<b>Bo</b> & Co")
    assert isinstance(said, Markup)
    assert said.endswith("28.11.2026 kl. 15.12</time> af &lt;b&gt;Bo&lt;/b&gt; &amp; Co")
    assert not isinstance(words_in("da").say("case_heading", number=1), Markup)


def test_a_page_shows_moments_in_its_language(logged_in):
    page = logged_in.get("/account").text
    assert re.search(r'<time datetime="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ">\d\d\.\d\d\.\d{4} kl\. \d\d\.\d\d</time>', page)
    english = logged_in.get("/account?lang=en").text
    assert re.search(r">\d{1,2} [A-Z][a-z]{2} \d{4}, \d\d:\d\d</time>", english)
