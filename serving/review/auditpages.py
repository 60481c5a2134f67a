"""The audit log as people read it: newest first, in words, with a check that nobody changed it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

import sqlalchemy as sa
from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session as Transaction
from starlette.concurrency import run_in_threadpool

from serving.desk import figures
from serving.review.forms import read_form
from serving.review.guards import Responsible
from serving.review.numbers import row_number
from serving.review.oversight import scheme
from serving.review.rendering import show, words_of
from serving.review.words import Words
from serving.store.access import Person
from serving.store.acts import ACTS, Detail
from serving.store.anchors import UnusableAnchor, dump, read_anchor, verify
from serving.store.audit import Break, Entry
from serving.store.desk import Text
from serving.store.ledger import ANONYMOUS, SYSTEM, Ledger, UnusableEnd, user

router = APIRouter(include_in_schema=False)
ABOUT = ("text", "case", "group", "upload", "user", "key")
"""What entries are about."""
_LINKED = {"text": "/texts/", "case": "/cases/", "group": "/groups/"}
_NAMED = {"stage": "stage_{}", "outcome": "outcome_{}", "kind": "kind_{}_short", "priority": "level_{}"}
"""Keys of the words for the values of a detail, where pages have them anyway."""
_ACTOR = re.compile(r"system|anonymous|(?:user|key)#[0-9]{1,18}")
PAGE = 25
"""Entries of one page."""


@dataclass(frozen=True, slots=True)
class Line:
    """An entry in words."""

    seq: int
    at: datetime | None
    actor: str
    act: str
    about: str
    href: str
    details: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check of the log found."""

    entries: int
    broken: Break | None
    anchor: str
    unusable: bool
    """The anchor that is kept in `TEGN_HOME` cannot be read."""


def line(words: Words, entry: Entry, names: Mapping[str, str], *, links: bool) -> Line:
    """An entry in words. It may hold anything by now: what is not known is told as it stands."""
    kind, _, number = entry.subject.partition("#")
    known = kind in ABOUT and row_number(number) is not None
    about = f"{words[f'about_{kind}']} {number}" if known else entry.subject
    if known and entry.subject in names:
        about += f" ({names[entry.subject]})"
    return Line(
        seq=entry.seq,
        at=entry.at,
        actor=actor(words, entry.actor, names),
        act=_known(words, act_key(entry.act), entry.act),
        about=about,
        href=_LINKED[kind] + number if links and known and kind in _LINKED else "",
        details=", ".join(detail(words, name, value) for name, value in entry.details.items()),
    )


def actor(words: Words, said: str, names: Mapping[str, str]) -> str:
    """Who did it, by name where there is one."""
    if said in (SYSTEM, ANONYMOUS):
        return words[f"actor_{said}"]
    kind, _, number = said.partition("#")
    if kind not in ("user", "key"):
        return said
    name = names.get(said, words.say("actor_gone", number=number))
    return name if kind == "user" else f"{words['about_key']} {name}"


def detail(words: Words, name: str, value: Detail) -> str:
    """A detail of an entry, in words as far as there are any."""
    if name == WITHHELD:
        return words["audit_secret"]
    if isinstance(value, bool):
        shown = words["yes" if value else "no"]
    elif name == "indicator" and value in scheme().position:
        shown = words.of(scheme()[str(value)])
    else:
        shown = _known(words, _NAMED[name].format(value) if name in _NAMED else f"value_{name}_{value}", str(value))
    return f"{_known(words, f'detail_{name}', name)}: {shown}"


def act_key(act: str) -> str:
    """Key of the words for an act."""
    return f"act_{act.replace('.', '_')}"


def _known(words: Words, key: str, otherwise: str) -> str:
    return words[key] if key in words else otherwise  # noqa: SIM401 (words are no dictionary)


_TELLING = frozenset({"decision.made", "decision.undone", "document.tagged"})
"""Acts whose details would tell a second or blind reader what somebody else, or the model, says of a text."""
WITHHELD = "withheld"


def _unfinished(db: Transaction, entries: Sequence[Entry]) -> frozenset[str]:
    """The texts among the subjects of entries that are not done."""
    said = [row_number(x.subject[5:]) for x in entries if x.act in _TELLING and x.subject.startswith("text#")]
    numbers = [x for x in said if x is not None]
    query = sa.select(Text.id).where(Text.id.in_(numbers), Text.stage != "done")
    return frozenset(f"text#{number}" for number in db.scalars(query))


def _withheld(entry: Entry, unfinished: frozenset[str]) -> Entry:
    """An entry without details while they could sway somebody who still has to read."""
    if entry.act in _TELLING and entry.subject in unfinished:
        return replace(entry, details={WITHHELD: True})
    return entry


async def _page(request: Request, person: Person, *, verified: Verified | None = None) -> Response:
    words, query = words_of(request), {} if verified else request.query_params
    asked = {name: query.get(name, "") for name in ("act", "actor", "about", "number")}
    asked["act"] = asked["act"] if asked["act"] in ACTS else ""
    asked["actor"] = asked["actor"] if _ACTOR.fullmatch(asked["actor"]) else ""
    asked["about"] = asked["about"] if asked["about"] in ABOUT else ""
    number, start = row_number(asked["number"].strip()), row_number(query.get("before", ""))
    half = bool(asked["number"].strip()) != bool(asked["about"])
    error = words["audit_about_bad"] if half or (asked["about"] and number is None) else ""
    equal = {name: asked[name] for name in ("act", "actor") if asked[name]}
    if number is not None and not error:
        equal["subject"] = f"{asked['about']}#{number}"
    ledger: Ledger = request.app.state.ledger

    def read() -> tuple[list[Entry], dict[str, str]]:
        with suppress(UnusableEnd):  # nothing can be recorded any more, and this page is where that is seen
            ledger.note(person.actor, "oversight.read", what="audit")
        entries = [] if error else ledger.entries(before=start, count=PAGE + 1, **equal)
        with ledger.reading() as db:
            return [_withheld(x, _unfinished(db, entries)) for x in entries], figures.names(db)

    entries, names = await run_in_threadpool(read)
    kept = {name: value for name, value in asked.items() if value}
    acts = sorted((words[act_key(x)], x) for x in ACTS)
    people = [(x, actor(words, x, names)) for x in (SYSTEM, ANONYMOUS, *names)]
    return show(
        "audit.html",
        words,
        status=422 if error else 200,
        person=person,
        here="/audit",
        entries=[line(words, x, names, links=person.role == "lead") for x in entries[:PAGE]],
        older="?" + urlencode({**kept, "before": entries[PAGE - 1].seq}) if len(entries) > PAGE else "",
        newest="?" + urlencode(kept) if start is not None else "",
        acts=[("", words["audit_any"]), *((x, name) for name, x in acts)],
        actors=[("", words["audit_any"]), *people],
        abouts=[("", words["audit_any"]), *((x, words[f"about_{x}"]) for x in ABOUT)],
        asked=asked,
        error=error,
        verified=verified,
    )


@router.get("/audit")
async def audit(request: Request, person: Responsible) -> Response:
    """The log; that it was read stands in it afterwards."""
    return await _page(request, person)


@router.post("/audit/verify")
async def check(request: Request, person: Responsible) -> Response:
    """Check the whole log, against the anchor in `TEGN_HOME` too."""
    await read_form(request)
    state = request.app.state
    verified = await run_in_threadpool(_verify, state.ledger, state.settings.home, person.id)
    return await _page(request, person, verified=verified)


def _verify(ledger: Ledger, home: Path, person: int) -> Verified:
    unusable = False
    try:
        anchor = read_anchor(home)
    except UnusableAnchor:
        anchor, unusable = None, True
    count, broken = verify(ledger, [anchor] if anchor else [], actor=user(person))
    return Verified(count, broken, "" if broken else dump(ledger.last()), unusable)
