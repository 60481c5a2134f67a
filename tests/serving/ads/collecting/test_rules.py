"""What an operator must say before a site is read, and what is refused with what to do."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from serving.ads.collecting.faults import FAULTS
from serving.ads.collecting.guard import Guard
from serving.ads.collecting.scope import is_public, scopes_of
from serving.ads.rules import Rules, read_rules
from serving.cli import app
from tests.conftest import ROOT

GOOD = """
[collector]
contact = "ads@tavle.example"
[sites."tavle.example"]
ads = ["/annonce/"]
[sites."tavle.example".collect]
permission = "Agreement with the publisher, 3 May 2026"
start = ["https://tavle.example/"]
"""


def refused(tmp_path, text, *more):
    path = tmp_path / "sites.toml"
    path.write_text(text)
    done = CliRunner().invoke(app, ["ads", "collect", str(path), "-o", str(tmp_path / "out"), *more])
    assert done.exit_code == 2
    assert not (tmp_path / "out").exists()
    return done.output


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('permission = "Agreement with the publisher, 3 May 2026"', "", "who allowed the site to be read, and when"),
        ("Agreement with the publisher, 3 May 2026", "yes", "who allowed it and when, with the year"),
        ("Agreement with the publisher, 3 May 2026", "Agreement with the publisher", "with the year"),
        ('start = ["https://tavle.example/"]', "", "the pages to begin at"),
        ('"https://tavle.example/"]', '"https://andre.example/"]', "on none of the site's hosts"),
        ('"https://tavle.example/"]', '"ftp://tavle.example/"]', "no address of the web"),
        ('"https://tavle.example/"]', '"https://me:secret@tavle.example/"]', "no address of the web"),
        ('ads = ["/annonce/"]', "", "needs ads"),
        ('contact = "ads@tavle.example"', "", "say whom a site can ask"),
        ('contact = "ads@tavle.example"', 'contact = "me"', "an e-mail address or the address of a page"),
        ('contact = "ads@tavle.example"', 'contact = "a@b.dk\\r\\nX: y"', "an e-mail address or the address of a page"),
        ("[collector]", '[collector]\nname = "Mozilla/5.0 (X11)"', "must be one word"),
        ('start = ["', 'delay = 0.1\nstart = ["', "delay must be 0.5 or more"),
        ('start = ["', 'follow = ["("]\nstart = ["', "is no regular expression"),
        ('start = ["', 'cookies = true\nstart = ["', "not known"),
        ('start = ["', 'ignore_robots = "yes"\nstart = ["', "who allowed it and when"),
        (
            '.collect]\npermission = "Agreement with the publisher, 3 May 2026"\nstart = ["https://tavle.example/"]',
            "]",
            "",
        ),
    ],
)
def test_what_is_wanting_or_wrong_is_said(tmp_path, old, new, told):
    assert old in GOOD
    assert told in refused(tmp_path, GOOD.replace(old, new))


def test_a_site_without_permission_is_not_collected_and_none_at_all_is_an_error(tmp_path):
    without = '[sites."tavle.example"]\nads = ["/annonce/"]\n'
    assert "no site may be collected" in refused(tmp_path, without)
    assert "may not be collected" in refused(tmp_path, without, "--site", "tavle.example")
    assert "no site is named andre" in refused(tmp_path, GOOD, "--site", "andre")


def test_a_name_that_is_no_folder_is_refused(tmp_path):
    text = GOOD.replace('sites."tavle.example"', 'sites."../x"').replace("ads =", 'hosts = ["tavle.example"]\nads =')
    assert "a folder gets this name" in refused(tmp_path, text)


def test_one_file_serves_both_and_an_import_does_not_depend_on_how_a_site_is_read(tmp_path):
    path = tmp_path / "sites.toml"
    path.write_text(GOOD)
    rules = read_rules(path)
    plain = Rules.model_validate({"sites": {"tavle.example": {"ads": ["/annonce/"]}}})
    assert rules.fingerprint() == plain.fingerprint()
    assert "permission" not in rules.model_dump_json()


def test_the_example_of_the_documentation_can_be_used():
    docs = (ROOT / "docs" / "ads.md").read_text("utf-8")
    example = (ROOT / "docs" / "ads-sites.toml").read_text("utf-8")
    assert "(ads-sites.toml)" in docs
    assert all(f"`{x}`" in docs for x in FAULTS)
    assert all(f"`{x}`" in docs for x in ("new", "edited", "back", "reposted", "removed", "barred", "robots_changed"))
    rules = read_rules(ROOT / "docs" / "ads-sites.toml")
    collector, (scope,) = scopes_of(rules)
    assert collector.contact in collector.agent
    assert scope.place_of("https://opslagstavlen.example/annonce/17").kind == "ad"
    assert scope.place_of("https://opslagstavlen.example/alle?side=2").kind == "list"
    assert scope.place_of("https://opslagstavlen.example/annonce/17?print=1") is None
    assert scope.place_of("https://opslagstavlen.example/om-os") is None
    chosen = ("permission", "start", "follow", "skip")
    usual = {x: y.default for x, y in type(scope.manners).model_fields.items() if x not in chosen}
    assert {x: getattr(scope.manners, x) for x in usual} == usual
    documented = {x.split("=")[0].strip("# ") for x in example.partition(".collect]")[2].splitlines() if " = " in x}
    assert documented == set(type(scope.manners).model_fields)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("192.0.2.1", False),
        ("8.8.8.8", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::808:808", True),
        ("2a00:1450:4009::1", True),
        ("no address", False),
    ],
)
def test_only_addresses_of_the_open_internet_are_public(address, public):
    assert is_public(address) == public


def test_only_hosts_that_are_the_operators_own_may_be_private():
    guard = Guard(["tavle.local"])
    assert guard.is_own("tavle.local")
    assert guard.is_own("www.tavle.local")
    assert not guard.is_own("nottavle.local")


def test_only_the_collector_imports_what_speaks_to_the_network_for_it():
    speaks = re.compile(r"^\s*(?:from|import) (?:scrapy|twisted|OpenSSL|service_identity)\b", re.M)
    found = {x.name for x in (ROOT / "serving").rglob("*.py") if speaks.search(x.read_text("utf-8"))}
    assert found == {"spider.py", "guard.py", "collecting.py"}
