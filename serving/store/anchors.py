"""Anchors of the audit log: entries that are known to exist, kept apart from it, so that a log that is cut off is found out."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa

from serving.store.audit import START, Anchor, Break
from serving.store.ledger import Ledger, UnusableEnd
from serving.store.stored import MAC
from serving.store.tables import AuditEntry

FILE = "audit.anchor"
_FORM = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})")


class UnusableAnchor(ValueError):
    """An anchor cannot be read; the message says what one looks like."""


class Broken(RuntimeError):
    """The log does not hold the entry that is kept: it was cut off or replaced. The anchor stays as it is."""


def dump(anchor: Anchor) -> str:
    """An anchor as people keep it: number and HMAC."""
    return f"{anchor.seq}:{anchor.mac.hex()}"


def parse(said: str) -> Anchor:
    """The anchor of `dump`.

    Raises:
        UnusableAnchor: see the class.
    """
    match = _FORM.fullmatch(said.strip())
    if match is None:
        raise UnusableAnchor("an anchor is SEQ:HEX, a number and 64 hexadecimal digits, as `audit anchor` prints it")
    return Anchor(int(match[1]), bytes.fromhex(match[2]))


def read_anchor(home: Path) -> Anchor | None:
    """The anchor that is kept in `TEGN_HOME`; None if there is none yet.

    Raises:
        UnusableAnchor: see the class.
    """
    try:
        said = (home / FILE).read_text("ascii")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        raise UnusableAnchor(f"{home / FILE} cannot be read: compare with an anchor that was kept elsewhere") from None
    try:
        return parse(said)
    except UnusableAnchor as error:
        raise UnusableAnchor(f"{home / FILE}: {error}") from None


def keep_anchor(ledger: Ledger, home: Path) -> None:
    """Keep the newest entry in `TEGN_HOME`.

    Raises:
        Broken: see the class.
        UnusableAnchor: what is kept cannot be read; it is left for somebody to look at.
    """
    try:
        last, before = ledger.last(), read_anchor(home)
    except UnusableEnd as error:
        raise Broken(str(error)) from None
    if before is not None:
        if broken := _compare(ledger, before):
            raise Broken(str(broken))
        if before.seq >= last.seq:  # another process was faster
            return
    if last == START:
        return
    path = home / FILE
    new = path.with_name(f"{FILE}.{os.getpid()}.new")
    with open(
        os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w", encoding="ascii"
    ) as file:
        file.write(dump(last) + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def _compare(ledger: Ledger, anchor: Anchor) -> Break | None:
    """Whether the log still holds an entry, without reading the others."""
    with ledger.reading() as db:
        mac = db.scalar(sa.select(MAC).where(AuditEntry.seq == anchor.seq))
    if mac is None:
        return Break(anchor.seq, "cut off")
    return None if mac == anchor.mac else Break(anchor.seq, "replaced", anchor.seq)


def verify(ledger: Ledger, anchors: Sequence[Anchor], *, actor: str) -> tuple[int, Break | None]:
    """How many entries the log has, and its first break, also against entries that are known to exist. The check is recorded."""
    by_number = sorted(anchors, key=lambda x: x.seq)
    count, broken = ledger.verify(by_number[-1] if by_number else None)
    if broken is None:
        broken = next(filter(None, (_compare(ledger, x) for x in by_number[:-1])), None)
    with suppress(UnusableEnd):  # that is a break, and told as one
        ledger.note(actor, "audit.verified", entries=count, intact=broken is None)
    return count, broken
