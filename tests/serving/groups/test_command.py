"""`python -m serving ads load`: what it says, how it ends, and the whole way from `ads link` on."""

import json
import os

import pytest
from typer.testing import CliRunner

from serving.cli import app
from serving.store.groups import Ad, AdGroup
from serving.store.ledger import open_ledger
from tests.serving.ads.test_linking import few
from tests.serving.groups.made import CANARY, a_change, a_group, an_ad, write


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in [x for x in os.environ if x.startswith("TEGN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TEGN_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir(mode=0o700)
    return tmp_path / "home"


@pytest.fixture
def ledger(home):
    found = open_ledger(f"sqlite:///{home / 'tegn.db'}", home, {})
    yield found
    found.engine.dispose()


def run(*arguments):
    found = CliRunner().invoke(app, ["ads", *map(str, arguments)])
    assert CANARY not in found.output
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return found


def test_what_ads_link_writes_comes_to_the_desk(ledger, tmp_path):
    ads, groups = write(tmp_path / "ads.jsonl", few()), tmp_path / "groups.jsonl"
    assert run("link", ads, "-o", groups, "--workers", 1).exit_code == 0
    linked = {x["id"]: len(x["ads"]) for x in map(json.loads, groups.read_text().splitlines())}
    assert len(linked) == 4
    done = run("load", ads, "--groups", groups)
    assert done.exit_code == 0
    assert f"4 groups, 4 of them new or changed; {sum(linked.values())} ads new" in done.output
    with ledger.reading() as db:
        assert {x.name: x.ads for x in db.query(AdGroup)} == linked
        assert db.query(Ad).filter(Ad.place > 0).count() == sum(linked.values())
    assert "4 groups, 0 of them new or changed; 0 ads new" in run("load", ads, "--groups", groups).output


def test_ads_of_standard_input_are_brought_in_from_the_first(ledger, tmp_path):
    two = [an_ad(1), an_ad(2)]
    ads, groups = write(tmp_path / "ads.jsonl", two), write(tmp_path / "groups.jsonl", [a_group("g-1", two)])
    done = CliRunner().invoke(app, ["ads", "load", "-", "--groups", str(groups)], input=ads.read_bytes())
    assert done.exit_code == 0
    assert "2 ads new" in done.output


def test_faults_and_missing_ads_end_it_with_3_and_a_wrong_file_with_2(ledger, tmp_path):
    two = [an_ad(1), an_ad(2)]
    ads, groups = write(tmp_path / "ads.jsonl", two[:1]), write(tmp_path / "groups.jsonl", [a_group("g-1", two)])
    done = run("load", ads, "--groups", groups)
    assert done.exit_code == 3
    assert "1 ads of groups are missing" in done.output
    done = run("load", ads, "--groups", ads)
    assert done.exit_code == 2
    assert "give the GROUPS that `ads link` wrote" in done.output
    assert run("load", tmp_path / "none.jsonl", "--groups", groups).exit_code == 2


def test_reports_of_what_is_gone_are_followed(ledger, tmp_path):
    two = [an_ad(1), an_ad(2)]
    ads, groups = write(tmp_path / "ads.jsonl", two), write(tmp_path / "groups.jsonl", [a_group("g-1", two)])
    report = write(tmp_path / "run.jsonl", [a_change(1, "removed", "2026-05-03T10:00:00Z")])
    done = run("load", ads, "--groups", groups, "--gone", report)
    assert done.exit_code == 0
    assert "; 1 ads gone from their pages, or there again" in done.output
    assert run("load", ads, "--groups", groups, "--gone", tmp_path / "none.jsonl").exit_code == 2


def test_without_a_store_it_makes_none(home, tmp_path):
    ads, groups = (
        write(tmp_path / "ads.jsonl", [an_ad(1)]),
        write(tmp_path / "groups.jsonl", [a_group("g-1", [an_ad(1)])]),
    )
    done = run("load", ads, "--groups", groups)
    assert done.exit_code == 2
    assert "there is no store" in done.output
    assert list(home.iterdir()) == []
