"""The audit log as people read it: every act in words, filtered, paged, checked, and reading it is recorded."""

import html
import re

import pytest
import sqlalchemy as sa

from serving.desk.cases import ERASED_FOR
from serving.desk.holding import EMERGENCIES
from serving.review import auditpages
from serving.review.words import LANGUAGES, words_in
from serving.store import anchors
from serving.store.acts import ACTS
from serving.store.audit import Entry
from serving.store.desk import OUTCOMES, PARTS, REASONS, STAGES, VERDICTS
from serving.store.tables import ROLES, AuditEntry
from triage.text import KINDS, STATES


def _fill(app, count: int = 120) -> None:
    with app.state.ledger.acting("user#1") as act:
        for i in range(count):
            act.record("document.read", f"text#{i % 3 + 1}")
        act.record("reading.submitted", "text#2", part="first", outcome="refer", stage="done", for_training=True)
        act.record("decision.made", "text#2", indicator="debt_bondage", verdict="accept", state="stated")


def _seqs(page: str) -> list[int]:
    return [int(x) for x in re.findall(r'<th scope="row" role="rowheader" data-title="Nr\.">(\d+)</th>', page)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_act_and_detail_has_words(language):
    words = words_in(language)
    for act, rules in ACTS.items():
        assert words[auditpages.act_key(act)]
        for name in rules:
            assert words[f"detail_{name}"], (act, name)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_codes_that_are_written_have_words(language):
    words = words_in(language)
    codes = {"verdict": set(VERDICTS) - {"undo"}, "state": STATES, "reason": {*REASONS, *ERASED_FOR}, "part": PARTS}
    codes |= {"stage": STAGES, "outcome": OUTCOMES, "emergency": EMERGENCIES, "kind": KINDS, "role": ROLES}
    for act in ACTS.values():
        codes |= {name: rule for name, rule in act.items() if isinstance(rule, tuple) and name not in codes}
    for name, values in codes.items():
        for value in values:
            said = auditpages.detail(words, name, value)
            assert said != f"{words[f'detail_{name}']}: {value}" or language == "en", (name, value)


def test_entries_stand_newest_first_in_words_with_names(app, log_in):
    lead = log_in("lead")
    _fill(app)
    page = html.unescape(lead.get("/audit").text)
    seqs = _seqs(page)
    assert len(seqs) == auditpages.PAGE
    assert seqs == sorted(seqs, reverse=True)
    for said in (
        "en lead",
        "Læste en tekst",
        "beslutning: Henvis",
        "må bruges til træning: ja",
        "tegn: Gæld til bagmand",
    ):
        assert said in page, said
    assert 'href="/texts/2"' in page
    assert 'href="/texts/2"' not in log_in("admin").get("/audit").text  # who may not see a text gets no link to it


def test_older_entries_are_a_page_away_and_none_is_skipped(app, log_in):
    lead = log_in("lead")
    _fill(app)
    address, seen = "/audit?act=document.read", []
    while address:
        page = lead.get(address).text
        seen += _seqs(page)
        older = re.search(r'href="(\?[^"]+)" rel="next"', page)
        address = "/audit" + html.unescape(older[1]) if older else ""
    assert len(seen) == len(set(seen)) == 120
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("about=text&number=2&act=reading.submitted", 1),
        ("about=text&number=2&act=document.read", 25),
        ("actor=user%231&about=text&number=1", 25),
        ("actor=system&about=text&number=1", 0),
        ("about=case&number=1", 0),
        ("act=nonsense&about=text&number=2", 25),
        ("actor=nonsense%00&about=text&number=2", 25),
    ],
)
def test_filters(app, log_in, query, count):
    lead = log_in("lead")
    _fill(app)
    assert len(_seqs(lead.get("/audit?" + query).text)) == count


@pytest.mark.parametrize("query", ["about=text", "number=2", "about=text&number=x", "about=text&number=" + "9" * 40])
def test_half_a_filter_is_told(log_in, query):
    response = log_in("lead").get("/audit?" + query)
    assert response.status_code == 422
    assert "Vælg både" in response.text


def test_reading_is_recorded(app, log_in):
    log_in("lead").get("/audit?act=logout")
    (entry,) = app.state.ledger.entries(act="oversight.read")
    assert dict(entry.details) == {"what": "audit"}


def test_a_check_says_the_log_is_untouched_and_gives_an_anchor(app, log_in):
    lead = log_in("lead")
    _fill(app, 3)
    page = html.unescape(lead.post("/audit/verify").text)
    assert "Loggen er urørt" in page
    anchor = anchors.parse(re.search(r"<code>([^<]+)</code>", page)[1])
    assert app.state.ledger.verify(anchor)[1] is None
    assert dict(app.state.ledger.entries(act="audit.verified")[0].details)["intact"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (sa.update(AuditEntry).where(AuditEntry.seq == 2).values(actor="user#2"), "Posten er ændret"),
        (sa.delete(AuditEntry).where(AuditEntry.seq == 2), "Der mangler poster"),
        (sa.delete(AuditEntry).where(AuditEntry.seq > 2), "Loggen er"),
    ],
)
def test_a_check_finds_what_was_changed(app, log_in, spoil, said):
    lead = log_in("lead")
    _fill(app, 3)
    anchors.keep_anchor(app.state.ledger, app.state.settings.home)
    with app.state.ledger.engine.begin() as db:
        db.execute(spoil)
    page = html.unescape(lead.post("/audit/verify").text)
    assert "Loggen er brudt ved post" in page
    assert said in page
    assert "kopi af hele datamappen (TEGN_HOME)" in page
    assert not dict(app.state.ledger.entries(act="audit.verified")[0].details)["intact"]


def test_an_anchor_that_cannot_be_read_is_told(app, log_in):
    (app.state.settings.home / anchors.FILE).write_text("nonsense")
    page = log_in("lead").post("/audit/verify").text
    assert "audit.anchor" in page
    assert "Loggen er urørt" in page


def test_an_entry_that_holds_anything_is_shown_as_it_stands():
    from datetime import UTC, datetime

    entry = Entry(7, datetime.now(UTC), "some<b>body", "act.unknown", "case#x", {"": "odd", "stage": None}, b"", b"")
    line = auditpages.line(words_in("da"), entry, {}, links=True)
    assert (line.actor, line.act, line.about, line.href) == ("some<b>body", "act.unknown", "case#x", "")
    assert "odd" in line.details
