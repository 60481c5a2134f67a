"""The audit log as a chain: each entry carries an HMAC over itself and the HMAC before it.

Whoever has no key cannot change, drop, insert or reorder an entry unnoticed. Cutting off the end leaves a whole chain, so an
entry that is known to exist is kept elsewhere, as an `Anchor`. Entries hold no free text: `acts.py` says what they may hold.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal

from serving.store.acts import Detail, NotRecordable, check_details

_MAC_BYTES = 32
_FORM = 1
"""Of the encoding; part of what is authenticated."""
_ACTOR = re.compile(r"system|anonymous|(?:user|key)#[1-9][0-9]{0,18}")
_SUBJECT = re.compile(r"(?:[a-z][a-z_]{0,29}#(?:[1-9][0-9]{0,18}|[0-9a-f]{16,64}))?")


@dataclass(frozen=True, slots=True)
class Anchor:
    """An entry that is known to exist, kept apart from the log."""

    seq: int
    mac: bytes


START = Anchor(0, bytes(_MAC_BYTES))
"""What the first entry follows."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One act."""

    seq: int
    """From 1, without gaps."""
    at: datetime | None
    """In UTC; None where something is stored that is no moment any more."""
    actor: str
    """`user#3` or `key#2`, never a name; `system`, or `anonymous` before log-in."""
    act: str
    subject: str
    """What it was done to: `case#17`, or nothing."""
    details: Mapping[str, Detail] = field(hash=False)
    previous: bytes
    mac: bytes

    @property
    def anchor(self) -> Anchor:
        """The entry as what the next one follows."""
        return Anchor(self.seq, self.mac)


@dataclass(frozen=True, slots=True)
class Break:
    """Where a log stops being what was written. All entries before `seq` are sound."""

    seq: int
    """The first entry that is not as it was written, or not where it was."""
    reason: Literal["changed", "misplaced", "cut off", "replaced"]
    """`changed`: the entry, its link or its HMAC; `misplaced`: another entry stands there, as after removal, exchange or
    repetition; `cut off`: the log ends before its anchor; `replaced`: a whole chain, but not the one of the anchor."""
    found: int | None = None
    """The number that stands where `seq` should; None if the log ends there."""

    def __str__(self) -> str:
        return f"entry {self.seq} of the audit log: {self.reason}" + (
            f" (entry {self.found} stands there)" if self.reason == "misplaced" else ""
        )


def follow(
    key: bytes,
    last: Anchor,
    *,
    at: datetime,
    actor: str,
    act: str,
    subject: str = "",
    details: Mapping[str, Detail] = MappingProxyType({}),
) -> Entry:
    """The entry after `last`.

    Raises:
        NotRecordable: see the class.
    """
    mac = chain(key, last.mac, last.seq + 1, at, actor, act, subject, details)
    return Entry(last.seq + 1, _utc(at), actor, act, subject, dict(details), last.mac, mac)


def chain(
    key: bytes,
    previous_mac: bytes,
    seq: int,
    at: datetime,
    actor: str,
    act: str,
    subject: str,
    details: Mapping[str, Detail],
) -> bytes:
    """HMAC-SHA256 of an entry that follows `previous_mac`, 32 bytes.

    Raises:
        NotRecordable: see the class.
    """
    if not isinstance(seq, int) or isinstance(seq, bool) or seq < 1:
        raise NotRecordable("entries are numbered from 1")
    if not _ACTOR.fullmatch(actor):
        raise NotRecordable("an actor is system, anonymous, user#ID or key#ID")
    if not _SUBJECT.fullmatch(subject):
        raise NotRecordable("a subject is a kind and an id, such as case#17, or empty")
    check_details(act, details)
    return _mac(key, previous_mac, seq, at, actor, act, subject, details)


def _utc(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise NotRecordable("the moment of an entry has a time zone")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise NotRecordable("the moment of an entry lies in the years 1 to 9999 of UTC") from None


def _mac(
    key: bytes,
    previous: bytes,
    seq: int,
    at: datetime,
    actor: str,
    act: str,
    subject: str,
    details: Mapping[str, Detail],
) -> bytes:
    """HMAC of the link, whose length is fixed, and one JSON array: keys sorted, no spaces, UTF-8, the moment in UTC.

    The same entry is always the same bytes, and no two entries are.
    """
    if len(key) != _MAC_BYTES or len(previous) != _MAC_BYTES:
        raise ValueError(f"a key and a link have {_MAC_BYTES} bytes")
    moment = _utc(at).isoformat(timespec="microseconds")
    # Not as ASCII: escapes would write an emoji and two halves of a surrogate pair alike. UTF-8 refuses the halves.
    line = json.dumps(
        [_FORM, seq, moment, actor, act, subject, dict(details)],
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )
    return hmac.digest(key, previous + line.encode("utf-8"), "sha256")


def verify(
    key: bytes,
    entries: Iterable[Entry],
    *,
    older: Sequence[bytes] = (),
    after: Anchor = START,
    end: Anchor | None = None,
) -> Break | None:
    """The first break of a log, or None. Reads the entries once and holds none, so a log of any length can be streamed.

    Args:
        entries: in the order they are stored in.
        older: audit keys from before rotations, newest first. A log goes from an older key to a newer one and never
            back, so whoever has an old key can rewrite nothing that newer entries follow.
        after: what the first entry follows, if it is not the first of the log.
        end: an entry that is known to exist. The log may have grown since.

    Raises:
        ValueError: `end` lies before `after`, so these entries cannot reach it, or a key does not have 32 bytes.
    """
    keys = [*reversed(older), key]
    if any(len(x) != _MAC_BYTES for x in keys):
        raise ValueError(f"an audit key has {_MAC_BYTES} bytes")
    if end is not None and end.seq < after.seq:
        raise ValueError("the anchor lies before the entries to verify")
    last = after
    if end is not None and end.seq == last.seq and end.mac != last.mac:
        return Break(end.seq, "replaced", last.seq)
    for entry in entries:
        if entry.seq != last.seq + 1:
            return Break(last.seq + 1, "misplaced", entry.seq)
        while keys and not _follows(entry, last.mac, keys[0]):
            del keys[0]
        if not keys:
            return Break(entry.seq, "changed", entry.seq)
        last = entry.anchor
        if end is not None and end.seq == last.seq and not hmac.compare_digest(end.mac, last.mac):
            return Break(entry.seq, "replaced", entry.seq)
    if end is not None and last.seq < end.seq:
        return Break(last.seq + 1, "cut off")
    return None


def _follows(entry: Entry, previous: bytes, key: bytes) -> bool:
    """Whether an entry, which may hold anything by now, is what was written after `previous`."""
    try:
        if entry.at is None:
            return False
        mac = _mac(key, previous, entry.seq, entry.at, entry.actor, entry.act, entry.subject, entry.details)
        return hmac.compare_digest(entry.previous, previous) and hmac.compare_digest(entry.mac, mac)
    except (TypeError, ValueError, AttributeError, RecursionError):
        return False
