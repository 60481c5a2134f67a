"""Time, towns and signs of a group: nothing is invented where the ads say nothing."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from serving.groups.summing import Held, Stop, Town, signs, timeline, tour, towns
from serving.groups.view import SeenAd, Sign
from triage.indicators import load_scheme

SCHEME = load_scheme()


def ads(*days, towns=(), signs=None):
    """Ads with these days of posting, and for each its towns and signs."""
    places, said = list(towns), signs or []
    return [
        SeenAd(
            number=at + 1,
            fields={},
            site="",
            url="",
            posted=date.fromisoformat(x) if x else None,
            towns=tuple(places[at].split()) if at < len(places) else (),
            signs=said[at] if at < len(said) else None,
        )
        for at, x in enumerate(days)
    ]


def test_weeks_begin_on_monday_and_those_without_ads_are_there_too():
    found = timeline(ads("2026-03-02", "2026-03-08", "2026-03-23", None))
    assert found.unit == "week"
    assert [(x.begins.isoformat(), x.ads) for x in found.bars] == [
        ("2026-03-02", 2), ("2026-03-09", 0), ("2026-03-16", 0), ("2026-03-23", 1),
    ]  # fmt: skip
    assert found.undated == 1


def test_a_bar_tells_how_many_of_its_ads_are_gone():
    of = ads("2026-03-02", "2026-03-03", "2026-03-09", None)
    gone = [replace(x, gone=date(2026, 5, 1)) for x in of]
    found = timeline([gone[0], of[1], gone[2], gone[3]])
    assert [(x.ads, x.gone) for x in found.bars] == [(2, 1), (1, 1)]


def test_a_turn_of_the_year_is_no_gap():
    found = timeline(ads("2025-12-30", "2026-01-02"))
    assert [(x.begins.isoformat(), x.ads) for x in found.bars] == [("2025-12-29", 2)]


@pytest.mark.parametrize(
    ("days", "unit", "bars"), [(26 * 7, "week", 27), (27 * 7, "month", 8), (3 * 365 + 30, "year", 4)]
)
def test_a_longer_time_has_longer_bars_and_never_more_than_fit(days, unit, bars):
    begin = date(2022, 5, 31)
    found = timeline(ads(begin.isoformat(), (begin + timedelta(days=days)).isoformat()))
    assert (found.unit, len(found.bars)) == (unit, bars)
    assert sum(x.ads for x in found.bars) == 2
    assert all(a.begins < b.begins for a, b in zip(found.bars, found.bars[1:], strict=False))


def test_without_a_day_there_is_no_bar():
    assert timeline(ads(None, None)).bars == ()
    assert timeline(ads(None, None)).undated == 2


def test_towns_have_the_days_that_are_known():
    found = towns(ads("2026-03-05", "2026-03-01", None, None, towns=["Odense Aarhus", "Aarhus", "Odense", "Vejle"]))
    assert found == (
        Town("Aarhus", 2, date(2026, 3, 1), date(2026, 3, 5)),
        Town("Odense", 2, date(2026, 3, 5), date(2026, 3, 5)),
        Town("Vejle", 1, None, None),
    )


def test_a_tour_is_the_towns_in_order_of_days_of_ads_that_name_one():
    days = ("2026-03-05", "2026-03-01", "2026-03-03", "2026-03-04", None)
    found = tour(ads(*days, towns=["Odense", "Aarhus", "Aarhus", "Vejle Kolding", "Esbjerg"]))
    assert found == (
        Stop("Aarhus", date(2026, 3, 1), date(2026, 3, 3), 2),
        Stop("Odense", date(2026, 3, 5), date(2026, 3, 5), 1),
    )


def test_one_town_throughout_is_no_tour():
    assert tour(ads("2026-03-05", "2026-03-01", towns=["Odense", "Odense"])) == ()


def test_signs_are_counted_by_ads_contested_ones_stand_last_and_unknown_ones_nowhere():
    one = (Sign("city_rotation", "flag", "stated"), Sign("trust_assurance", "flag", "stated"))
    other = (
        Sign("city_rotation", "flag", "stated"),
        Sign("trust_assurance", "look", "stated"),
        Sign("gone", "flag", "stated"),
    )
    denied = (Sign("trust_assurance", "flag", "denied"), Sign("obscured_contact", "flag", "stated"))
    found = signs(ads(None, None, None, None, signs=[one, other, denied]), SCHEME)
    assert found == (
        (Held("trust_assurance", 1, 2), Held("obscured_contact", 1, 0), Held("city_rotation", 2, 0)),
        3,
    )
