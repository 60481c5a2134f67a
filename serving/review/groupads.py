"""The ads of a group as a page shows them: what ties an ad to others is marked in its words, numbers of registers are covered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from serving.groups.view import PAGE, Seen, SeenAd, SeenTie, Sign
from serving.review.covering import covered
from serving.review.groupwords import reasons
from serving.review.words import Words
from triage.assessment import FLAG
from triage.indicators import Scheme

_MOST_TIES = 6
"""Ties told beside one ad; an ad that holds many together has its others told beside those."""
_LONGEST = 4_000
"""Code points of an ad's text that are shown before somebody asks for the whole of it."""
_BEYOND = 100
_MOST_QUOTES = 3
"""Quotes beside one possible indicator."""
_QUOTE = 60
"""Code points of words that are quoted."""


@dataclass(frozen=True, slots=True)
class Part:
    """A run of an ad's words."""

    text: str
    marked: bool
    """Others of the group have it too."""
    ends: tuple[tuple[int, str], ...] = ()
    """(number, address) of ads that have what ends here."""


@dataclass(frozen=True, slots=True)
class Told:
    """A tie to another ad, in words."""

    number: int
    href: str
    why: str
    weak: bool
    """None of it would be enough alone."""


@dataclass(frozen=True, slots=True)
class ShownSign:
    """A possible indicator in an ad."""

    name: str
    quotes: tuple[str, ...]
    """Words it rests on, of those that are shown."""
    unsure: str
    """Why it is not suggested; empty where it is."""
    contested: bool


@dataclass(frozen=True, slots=True)
class ShownAd:
    """An ad with its words."""

    number: int
    posted: date | None
    site: str
    url: str
    title: tuple[Part, ...]
    text: tuple[Part, ...]
    length: int
    """Code points of the text."""
    cut: bool
    """The text goes on."""
    beside: tuple[tuple[str, tuple[Part, ...]], ...]
    """Name and words of further fields."""
    ties: tuple[Told, ...]
    more: int
    """Ties that are not told here."""
    signs: tuple[ShownSign, ...] | None
    gone: date | None
    """When it was first seen to be gone from its page."""


@dataclass(frozen=True, slots=True)
class _Shared:
    """A piece of a field that another ad has too."""

    start: int
    end: int
    other: int


def address(number: int, page: int) -> str:
    """Where an ad stands, seen from a page of its group."""
    there = (number - 1) // PAGE + 1
    return f"#ad-{number}" if there == page else f"?page={there}#ad-{number}"


def shown_ads(seen: Seen, page: int, scheme: Scheme, words: Words, *, whole: int | None = None) -> tuple[ShownAd, ...]:
    """The ads of a page.

    Args:
        whole: number of an ad that is shown to its end, however long it is.
    """
    of_ad: dict[int, list[SeenTie]] = defaultdict(list)
    for tie in seen.ties:
        of_ad[tie.first].append(tie)
        of_ad[tie.second].append(tie)
    return tuple(_shown(x, of_ad[x.number], page, scheme, words, whole=x.number == whole) for x in seen.ads if x.fields)


def _shown(ad: SeenAd, ties: Sequence[SeenTie], page: int, scheme: Scheme, words: Words, *, whole: bool) -> ShownAd:
    shared: dict[str, list[_Shared]] = defaultdict(list)
    text = ad.fields["text"]
    fields = {x: _beginning(y) if x == "text" and not whole else covered(y) for x, y in ad.fields.items()}
    told = []
    for tie in ties[:_MOST_TIES]:
        own = tie.first == ad.number
        other = tie.second if own else tie.first
        quotes = {}
        for reason in tie.reasons:
            spans = reason.first if own else reason.second
            for field, start, end in spans:
                shared[field].append(_Shared(start, end, other))
            if spans and reason.kind not in ("text", "copy"):
                field, start, end = spans[0]
                quotes[reason.kind] = _quote(fields.get(field, ""), start, end)
        weak = tie.strength == "weak"
        told.append(Told(other, address(other, page), reasons(words, tie, quotes), weak))
    beside = []
    for field, value in fields.items():
        if field not in ("text", "title") and value:
            name = words["group_place"] if field == "place" else words["group_contact_field"]
            beside.append((name, parts(value, shared[field], page)))
    return ShownAd(
        number=ad.number,
        posted=ad.posted,
        site=ad.site,
        url=covered(ad.url),
        title=parts(fields["title"], shared["title"], page),
        text=parts(fields["text"], shared["text"], page),
        length=len(text),
        cut=len(fields["text"]) < len(text),
        beside=tuple(beside),
        ties=tuple(told),
        more=max(0, len(ties) - _MOST_TIES),
        signs=None
        if ad.signs is None
        else tuple(_sign(x, fields["text"], scheme, words) for x in ad.signs if x.code in scheme.position),
        gone=ad.gone,
    )


def _beginning(text: str) -> str:
    """A text, covered; of a long one the beginning, to the end of a word if one is near."""
    if len(text) <= _LONGEST:
        return covered(text)
    space = text.rfind(" ", _LONGEST - 100, _LONGEST)
    # Only what is shown is looked through, and a little more, so that no number is seen half.
    return covered(text[: _LONGEST + _BEYOND])[: space if space > 0 else _LONGEST]


def _sign(sign: Sign, text: str, scheme: Scheme, words: Words) -> ShownSign:
    quotes = dict.fromkeys(q for start, end in sign.evidence if (q := _quote(text, start, end)))
    unsure = words[f"state_{sign.state}"] if sign.state != "stated" else ""
    if not unsure and sign.decision != FLAG:
        unsure = words["group_unsure"]
    return ShownSign(words.of(scheme[sign.code]), tuple(quotes)[:_MOST_QUOTES], unsure, scheme[sign.code].contested)


def _quote(text: str, start: int, end: int) -> str:
    """Words of a field."""
    said = " ".join(text[start:end].split())
    return said if len(said) <= _QUOTE else said[: _QUOTE - 1].rstrip() + "…"


def parts(text: str, shared: Sequence[_Shared], page: int) -> tuple[Part, ...]:
    """A field cut where shared words begin or end."""
    spans = [_Shared(min(x.start, len(text)), min(x.end, len(text)), x.other) for x in shared]
    spans = [x for x in spans if x.start < x.end]
    cuts = {0, len(text), *(y for x in spans for y in (x.start, x.end))}
    found = []
    for start, end in pairwise(sorted(cuts)):
        over = [x for x in spans if x.start < end and start < x.end]
        ends = sorted({x.other for x in spans if start < x.end <= end})
        found.append(Part(text[start:end], bool(over), tuple((x, address(x, page)) for x in ends)))
    return tuple(found)
