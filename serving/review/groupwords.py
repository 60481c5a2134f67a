"""What pages say of a group of ads, in words: what it is, what ties its ads, and what is not known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from markupsafe import Markup

from serving.groups.listing import Figures
from serving.groups.summing import MONTH, WEEK, Bar
from serving.groups.view import Seen, SeenTie
from serving.linking.contacts import KINDS as CONTACTS
from serving.review.moments import day
from serving.review.words import Words

_LATELY = timedelta(days=62)
"""A group with an ad from so short a time ago still goes on, as the sentence says it."""


def counted(words: Words, key: str, count: int) -> str:
    """So many of something: one has words of its own."""
    return words.say(f"{key}_one" if count == 1 else f"{key}_many", count=count)


def month(words: Words, on: date, *, year: bool) -> str:
    """A month, with its year where that is not plain."""
    name = words["months"].split()[on.month - 1]
    return f"{name} {on.year}" if year else name


def sentence(words: Words, figures: Figures, today: date) -> str:
    """A group in a line: how many ads, names, contacts by which somebody is reached and towns, and since when."""
    parts = [counted(words, "group_ads", figures.ads)]
    counts = {"group_names": figures.names, "group_phones": figures.phones}
    counts |= {f"contact_{kind}": figures.contacts.get(kind, 0) for kind in ("handle", "email", "mobilepay")}
    parts += [counted(words, key, count) for key, count in counts.items() if count]
    if figures.first and figures.last:
        parts.append(_when(words, figures.first, figures.last, today))
    if figures.towns:
        parts.append(counted(words, "group_towns", figures.towns))
    return ", ".join(parts)


def _when(words: Words, first: date, last: date, today: date) -> str:
    begin = month(words, first, year=first.year != today.year)
    if (first.year, first.month) == (last.year, last.month):
        return words.say("group_in", month=begin)
    if last > today - _LATELY:
        return words.say("group_since", month=begin)
    end = month(words, last, year=last.year != today.year or first.year != last.year)
    return words.say("group_from_to", first=begin, last=end)


def gone(words: Words, seen: Seen) -> str:
    """How many ads are gone from their pages, as far as is known; empty if none is."""
    count = sum(x.gone is not None for x in seen.ads)
    return counted(words, "group_gone", count) if count else ""


def label(words: Words, bar: Bar, unit: str) -> Markup:
    """A week, month or year, as the table beside the timeline has it."""
    if unit == WEEK:
        number = bar.begins.isocalendar().week
        return Markup("{} ({})").format(words.say("group_week", number=number), day(bar.begins, words.language))
    return Markup("{}").format(month(words, bar.begins, year=True) if unit == MONTH else bar.begins.year)


def sort_of(tie: SeenTie) -> str:
    """What sort of line a tie is in the picture: `contact`, `text` or `other`."""
    kinds = {x.kind for x in tie.reasons}
    return "contact" if kinds & set(CONTACTS) else "text" if kinds & {"text", "copy"} else "other"


def reasons(words: Words, tie: SeenTie, quotes: Mapping[str, str]) -> str:
    """Why two ads are tied, in words.

    Args:
        quotes: words of the ad by kind, where there are any.
    """
    said = []
    for reason in tie.reasons:
        line = words[f"same_{reason.kind}"]
        if reason.count > 1:
            line += f" ({reason.count})"
        if quote := quotes.get(reason.kind):
            line += f": »{quote}«"
        said.append(line)
    return "; ".join(said)


def facts(words: Words, seen: Seen) -> list[tuple[str, object]]:
    """The figures of a group as terms and what they are."""
    further, contacts = seen.further, seen.further["contacts"]
    found: list[tuple[str, object]] = [
        (words["group_fact_ads"], seen.figures.ads),
        (words["group_fact_texts"], further["texts"]),
        (words["group_fact_names"], seen.figures.names),
        (words["group_fact_contacts"], listed_contacts(words, contacts) or words["group_none"]),
        (words["group_fact_towns"], seen.figures.towns),
        (words["group_fact_sites"], further["sites"]),
    ]
    if seen.figures.first and seen.figures.last:
        first, last = (day(x, words.language) for x in (seen.figures.first, seen.figures.last))
        days = first if first == last else words.say("group_days", first=first, last=last)
        found.append((words["group_fact_days"], days))
    return found


def listed_contacts(words: Words, counts: Mapping[str, int]) -> str:
    """How many contacts of each kind there are, those of which there are none left out."""
    return ", ".join(counted(words, f"contact_{kind}", counts[kind]) for kind in CONTACTS if counts.get(kind))


def unknown(words: Words, seen: Seen, *, read: int) -> list[str]:
    """What is not known of a group. The last ones hold for every group.

    Args:
        read: ads that the model read.
    """
    said = seen.further["unknown"]
    counts = [
        ("undated", said["undated"]),
        ("without_contact", said["without_contact"]),
        ("without_place", said["without_place"]),
        ("too_short", said["too_short"]),
        ("missing", seen.further["missing"]),
    ]
    if not seen.stopped:
        counts += [("held_back", seen.held_back), ("unread", seen.figures.ads - read - seen.held_back)]
    lines = [counted(words, f"unknown_{key}", count) for key, count in counts if count > 0]
    return [*lines, *(words[f"unknown_{key}"] for key in ("persons", "hand", "copied", "more"))]
