"""An ad as it is linked: read from a file that `tag` reads, with what it tells beside its text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime
from typing import Any

from serving.ads.ads import MAX_CONTACTS, MAX_SHORT, MAX_TITLE, page_of, site_of
from serving.batch.records import Record as Read
from serving.linking.contacts import normalise
from serving.linking.records import LinkKey, Record
from triage.assessment import Entity
from triage.entities import CONTACTS, find_entities
from triage.entities.phonevalues import danish
from triage.text import Span, has_bad_characters

_ACCOUNT = re.compile(r"(?=.*[^\W\d_])(?=.*[\d_.])[\w.-]{4,40}")
"""A word of a contact field that is nothing else: an account somewhere, if it looks like one."""
_DIGITS = re.compile(r"[\d\s()+./-]+")
"""A number, even if it looks like a day or has no shape of its own: the field says what it is."""
_WITHOUT = "; linked without it"
Problem = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Linkable:
    """An ad that was read; what nothing tells is empty."""

    id: str
    text: str
    title: str
    place: str
    contacts: tuple[str, ...]
    posted: str
    retrieved: str
    site: str

    def digest(self, key: LinkKey) -> int:
        """Of all of it: what has the same was signed already."""
        return key.digest("record", json.dumps(astuple(self)))

    def to_record(self, key: LinkKey) -> Record:
        """With its entities found, which takes the time."""
        return Record(
            self.id,
            date.fromisoformat(self.posted) if self.posted else None,
            self.text,
            find_entities(self.text),
            tuple(self.beside()),
            datetime.fromisoformat(self.retrieved) if self.retrieved else None,
            page_of(self.id),
            self.site or None,
            self.digest(key),
        )

    def beside(self) -> Iterator[tuple[str, Entity]]:
        """What is found in its other fields, each with the name of the field."""
        yield from (("title", x) for x in find_entities(self.title))
        found = [x for x in find_entities(self.place) if x.type == "place"]
        if not found and self.place.strip():  # a place, as the field says, if none that is listed
            found = [Entity("place", Span(0, len(self.place)), self.place, self.place.strip())]
        yield from (("place", x) for x in found)
        for number, contact in enumerate(self.contacts):
            yield from ((f"contacts.{number}", x) for x in reached(contact))


def to_linkable(read: Read) -> tuple[Linkable | None, list[Problem]]:
    """The ad of a record, if it is one, and what is wrong with it, as path and words that quote nothing."""
    document, about, problems = read.document, read.about, list(read.problems)
    if document is None:
        return None, problems
    if document.kind != "ad":
        return None, [("kind", "is not ad; only ads are linked")]
    url = _text(about, "url", 10_000, problems)
    title = _text(about, "title", MAX_TITLE, problems)
    return (
        Linkable(
            document.id,
            document.text,
            "" if document.text.startswith(title) else title,
            _text(about, "place", MAX_SHORT, problems),
            _contacts(about.get("contacts"), problems),
            _day(about.get("posted"), problems),
            _moment(about.get("retrieved"), problems),
            _text(about, "site", MAX_SHORT, problems) or site_of(url) or "",
        ),
        problems,
    )


def reached(contact: str) -> list[Entity]:
    """What a contact field, or whoever looks for a contact, means; nothing of "n.a." and the like."""
    everything = find_entities(contact)
    found = [x for x in everything if x.type in CONTACTS]
    if not found and _DIGITS.fullmatch(contact) and (value := danish(re.sub(r"\D", "", contact))):
        found = [Entity("phone", Span(0, len(contact)), contact, value)]
    elif not found and _ACCOUNT.fullmatch(contact) and all(x.type in ("place", "name") for x in everything):
        found = [Entity("handle", Span(0, len(contact)), contact, f"any:{contact.lower()}")]
    return [x for x in found if any(normalise(x.type, x.value))]


def _text(about: Mapping[str, Any], name: str, longest: int, problems: list[Problem]) -> str:
    value = about.get(name) or ""
    if not isinstance(value, str) or len(value) > longest or has_bad_characters(value):
        problems.append((name, f"is no text of at most {longest:,} characters{_WITHOUT}"))
        return ""
    return value


def _contacts(value: Any, problems: list[Problem]) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value] if value else []
    values = [str(x) if isinstance(x, int) and not isinstance(x, bool) else x for x in values]
    good = [
        x for x in values[:MAX_CONTACTS] if isinstance(x, str) and len(x) <= MAX_SHORT and not has_bad_characters(x)
    ]
    if len(good) < len(values):
        problems.append(
            (
                "contacts",
                f"are not all of them texts of at most {MAX_SHORT} characters, at most {MAX_CONTACTS}{_WITHOUT}",
            )
        )
    return tuple(good)


def _day(value: Any, problems: list[Problem]) -> str:
    if value in (None, ""):
        return ""
    try:
        if isinstance(value, datetime):  # Parquet has its own days and moments
            value = value.date()
        return (value if isinstance(value, date) else date.fromisoformat(value[:10])).isoformat()
    except (TypeError, ValueError):
        problems.append(("posted", f"is no day as 2026-05-03{_WITHOUT}"))
        return ""


def _moment(value: Any, problems: list[Problem]) -> str:
    if value in (None, ""):
        return ""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (TypeError, ValueError, OverflowError):
        problems.append(("retrieved", f"is no moment as 2026-05-03T10:00:00Z{_WITHOUT}"))
        return ""
