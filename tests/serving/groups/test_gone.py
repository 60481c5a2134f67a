"""Ads that are gone from their pages: known from reports alone, by day, and no longer where they came back."""

import json
from datetime import date

import pytest
import sqlalchemy as sa

from serving.ads.ads import page_id
from serving.groups import listing, loading, view
from serving.groups.gone import gone_since
from serving.groups.listing import Filter
from serving.groups.loading import CannotLoad, Summary, load_groups
from serving.store.groups import Ad, AdGroup
from tests.serving.groups.made import CANARY, PHONE, a_change, a_group, an_ad, an_answer, write

FIRST, SECOND, THIRD, FOURTH = (f"2026-05-{x:02}T10:00:00Z" for x in (1, 2, 3, 4))
ADS = [an_ad(i, posted=f"2026-03-{i + 1:02}", retrieved=SECOND) for i in range(3)]
GROUPS = [a_group("g-1", ADS)]


def gone(desk):
    """Of each ad of the group the day since which it is gone."""
    found = view.open_group(desk.ledger, desk.people["anna"], 1).ads
    return [x.gone and x.gone.isoformat() for x in found]


def counts(desk):
    """Of each group of the list, by its id in the file, how many ads it has and how many of them are gone."""
    with desk.ledger.reading() as db:
        found = listing.listed(db, Filter(), "largest", today=date(2026, 5, 5))[0]
        return {db.get(AdGroup, x.id).name: (x.figures.ads, x.figures.gone) for x in found}


@pytest.mark.parametrize(
    ("sights", "since"),
    [
        ([], ""),
        ([("2", True)], ""),
        ([("3", False), ("2", False), ("1", True)], "2"),
        ([("1", False), ("2", True)], ""),
        ([("1", False), ("2", True), ("3", False)], "3"),
        ([("1", False), ("1", True)], ""),
    ],
)
def test_an_ad_is_gone_since_it_was_first_missed_after_it_was_last_there(sights, since):
    assert gone_since(sights) == since


def test_the_collector_says_what_is_gone_and_what_came_back(desk, bring):
    reports = [
        a_change(0, "new", FIRST),
        a_change(0, "removed", THIRD),
        a_change(0, "removed", FOURTH),
        a_change(1, "removed", FIRST),  # before it was retrieved
        a_change(2, "removed", THIRD),
        a_change(2, "back", FOURTH),
        a_change(77, "removed", THIRD),
        {
            "time": THIRD,
            "site": "x",
            "address": "https://x.example/robots.txt",
            "status": 200,
            "change": "robots_first",
        },
        {"time": THIRD, "site": "x", "address": "https://tavle.example/1", "status": 500, "fault": "http_error"},
    ]
    assert bring(GROUPS, ADS, reports=reports) == Summary(groups=1, changed=1, ads=3, gone=1)
    assert gone(desk) == ["2026-05-03", None, None]
    assert [x.act for x in desk.ledger.entries()][:3] == ["group.read", "group.loaded", "ads.gone"]
    assert bring(GROUPS, ADS, reports=[a_change(0, "back", FOURTH)]).gone == 1
    assert gone(desk) == [None, None, None]


def test_an_import_says_what_is_gone_where_it_knows_the_page(desk, bring):
    fault = {"file": "a.html", "record": 1, "fault": "gone"}
    page = page_id("https://tavle.example/1")
    reports = [fault, {**fault, "page": page, "time": "2026-05-03T10:00:00+00:00"}, {**fault, "fault": "no_text"}]
    assert bring(GROUPS, ADS, reports=reports).gone == 1
    assert gone(desk) == [None, "2026-05-03", None]
    assert bring.said == []


def test_the_same_again_or_without_reports_changes_nothing_and_records_nothing(desk, bring):
    reports = [a_change(0, "removed", THIRD)]
    bring(GROUPS, ADS, reports=reports)
    last = desk.ledger.last()
    assert bring(GROUPS, ADS, reports=reports) == bring(GROUPS, ADS) == Summary(groups=1)
    assert desk.ledger.last() == last
    assert gone(desk) == ["2026-05-03", None, None]


@pytest.mark.parametrize(("retrieved", "since"), [(SECOND, "2026-05-03"), (FOURTH, None)])
def test_an_ad_that_came_otherwise_is_gone_still_unless_it_was_retrieved_since(desk, bring, retrieved, since):
    bring(GROUPS, ADS, [an_answer(ADS[0], obscured_contact=PHONE)], reports=[a_change(0, "removed", THIRD)])
    again = {**ADS[0], "title": "Ny", "retrieved": retrieved}
    assert bring(GROUPS, [again, *ADS[1:]]).renewed == 1
    assert gone(desk)[0] == since


def test_it_goes_with_an_ad_into_another_group(desk, bring):
    bring(GROUPS, ADS, reports=[a_change(0, "removed", THIRD)])
    other = [an_ad(i, posted=f"2026-03-{i + 1:02}") for i in range(7, 12)]
    bring([a_group("g-2", [*ADS, *other], was=["g-1"])], other)
    found = view.open_group(desk.ledger, desk.people["anna"], 2).ads
    assert [x.number for x in found if x.gone] == [1]


def test_an_ad_without_a_moment_is_gone_by_the_reports_alone(desk, bring):
    ads = [{**x, "retrieved": None} for x in ADS]
    bring([a_group("g-1", ads)], ads, reports=[a_change(0, "removed", FIRST)])
    assert gone(desk) == ["2026-05-01", None, None]


def test_interrupted_between_batches_the_same_command_goes_on(desk, bring, monkeypatch):
    monkeypatch.setattr(loading, "_BATCH", 1)
    reports = [a_change(x, "removed", THIRD) for x in range(3)]
    kept, keep = [], loading.keep_gone

    def stop(*arguments):
        if len(kept) == 1:
            raise KeyboardInterrupt
        kept.append(keep(*arguments))
        return kept[-1]

    monkeypatch.setattr(loading, "keep_gone", stop)
    with pytest.raises(KeyboardInterrupt):
        bring(GROUPS, ADS, reports=reports)
    monkeypatch.setattr(loading, "keep_gone", keep)
    assert bring(GROUPS, ADS, reports=reports).gone == 2
    assert gone(desk) == ["2026-05-03"] * 3


def test_what_is_no_report_is_told_by_its_line_and_quotes_nothing(desk, bring, tmp_path):
    report = tmp_path / "r.jsonl"
    good = a_change(0, "removed", THIRD)
    bad = [
        {**good, "time": CANARY},
        {**good, "address": 7},
        {"id": CANARY},
        [CANARY],
        {**good, "time": None},
        {"page": [CANARY], "time": THIRD, "fault": "gone"},
    ]
    report.write_text("\n".join([*map(json.dumps, bad), CANARY, "", json.dumps(good)]) + "\n")
    files = write(tmp_path / "g.jsonl", GROUPS), [write(tmp_path / "a.jsonl", ADS)], [], [report]
    done = load_groups(desk.ledger, *files, keep_days=30, tell=bring.said.append)
    assert (done.gone, done.bad) == (1, 7)
    assert bring.said == [f"{report}, line {x}: is no report of `ads collect` or `ads import`" for x in range(1, 8)]


def test_a_report_that_is_not_there_is_named_before_anything_is_stored(desk, bring, tmp_path):
    files = write(tmp_path / "g.jsonl", GROUPS), [write(tmp_path / "a.jsonl", ADS)], [], [tmp_path / "none.jsonl"]
    with pytest.raises(CannotLoad, match=r"none\.jsonl cannot be read"):
        load_groups(desk.ledger, *files, keep_days=30)
    with desk.ledger.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Ad)) == 0


def test_what_cannot_be_opened_is_told_and_stops_no_other(desk, bring):
    bring(GROUPS, ADS)
    with desk.ledger.acting("system") as act:
        act.db.execute(sa.update(Ad).where(Ad.place == 1).values(sealed_about=b"\x01" * 60))
    assert bring(GROUPS, ADS[1:], reports=[a_change(x, "removed", THIRD) for x in range(3)]).gone == 2
    assert len(bring.said) == 1
    assert bring.said[0].startswith("whether an ad is gone was left out: ")


def test_the_list_counts_what_is_gone_after_each_report(desk, bring):
    bring(GROUPS, ADS)
    assert counts(desk) == {"g-1": (3, 0)}
    bring(GROUPS, ADS, reports=[a_change(x, "removed", THIRD) for x in (0, 2)])
    assert counts(desk) == {"g-1": (3, 2)}
    bring(GROUPS, ADS, reports=[a_change(0, "back", FOURTH)])
    assert counts(desk) == {"g-1": (3, 1)}
    bring(GROUPS, [*ADS[:2], {**ADS[2], "title": "Ny", "retrieved": FOURTH}])
    assert counts(desk) == {"g-1": (3, 0)}


def test_the_count_follows_ads_out_of_a_group_and_into_another(desk, bring):
    other = [an_ad(i, posted=f"2026-03-{i + 1:02}") for i in range(7, 12)]
    reports = [a_change(x, "removed", THIRD) for x in (0, 1, 7)]
    bring([*GROUPS, a_group("g-2", other)], [*ADS, *other], reports=reports)
    assert counts(desk) == {"g-2": (5, 1), "g-1": (3, 2)}
    bring([a_group("g-2", [ADS[0], *other])], [])  # g-1 stays as it is, with an ad less
    assert counts(desk) == {"g-2": (6, 2), "g-1": (2, 1)}
    bring([a_group("g-2", [*ADS, *other[1:]], was=["g-1"])], [])
    assert counts(desk) == {"g-2": (7, 2)}


def test_what_an_earlier_version_stored_is_counted_with_the_next_groups_and_recorded_nowhere(desk, bring):
    bring(GROUPS, ADS, reports=[a_change(0, "removed", THIRD)])
    other = [an_ad(i) for i in (7, 8)]
    bring([a_group("g-2", other)], other)
    with desk.ledger.acting("system") as act:
        for group in act.db.scalars(sa.select(AdGroup)):
            group.figures = json.dumps({k: x for k, x in json.loads(group.figures).items() if k != "gone"})
    assert counts(desk) == {"g-1": (3, None), "g-2": (2, None)}
    last = desk.ledger.last()
    assert bring([a_group("g-2", other)], other) == Summary(groups=1)
    assert counts(desk) == {"g-1": (3, 1), "g-2": (2, 0)}
    assert desk.ledger.last() == last


def test_a_group_of_which_an_ad_cannot_be_opened_has_no_count_and_stops_no_other(desk, bring):
    other = [an_ad(i) for i in (7, 8)]
    groups = [*GROUPS, a_group("g-2", other)]
    bring(groups, [*ADS, *other])
    with desk.ledger.acting("system") as act:
        act.db.execute(sa.update(Ad).where(Ad.group_id == 1, Ad.place == 1).values(sealed_about=b"\x01" * 60))
    bring(groups, other, reports=[a_change(x, "removed", THIRD) for x in (1, 7)])
    assert counts(desk) == {"g-1": (3, None), "g-2": (2, 1)}
