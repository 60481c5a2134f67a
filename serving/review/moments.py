"""Moments as people read them: `28.11.2026 kl. 15.12` in Danish, `28 Nov 2026, 15:12` in English."""

from __future__ import annotations

from datetime import UTC, date, datetime

from markupsafe import Markup

from serving.danishtime import danish_time

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""Not those of the system, which may speak any language."""


def moment(at: datetime | None, language: str, *, now: datetime | None = None) -> Markup:
    """A moment in Danish time, to the minute, with the exact one for machines; nothing where there is none.

    Args:
        now: if given, the day is left out of a moment of today.
    """
    if at is None:
        return Markup()
    here = at.astimezone(danish_time())
    today = now is not None and here.date() == now.astimezone(danish_time()).date()
    if language == "en":
        day, clock = f"{here.day} {_MONTHS[here.month - 1]} {here.year}, ", f"{here:%H:%M}"
    else:
        day, clock = f"{here:%d.%m.%Y} ", f"kl. {here:%H.%M}"
    exact = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup('<time datetime="{}">{}</time>').format(exact, clock if today else day + clock)


def day(on: date | None, language: str) -> Markup:
    """A day, with the exact one for machines; nothing where there is none."""
    if on is None:
        return Markup()
    said = f"{on.day} {_MONTHS[on.month - 1]} {on.year}" if language == "en" else f"{on:%d.%m.%Y}"
    return Markup('<time datetime="{}">{}</time>').format(on.isoformat(), said)
