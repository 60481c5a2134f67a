"""Where two ads show what ties them: spans to highlight, made anew from the two texts, since no text is kept with the links."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from serving.linking.canonical import words
from serving.linking.contacts import kind_of, link_keys
from serving.linking.records import LinkKey, Record
from serving.linking.signatures import DETAILS, GRAM
from triage.assessment import Entity
from triage.text import Span


@dataclass(frozen=True, slots=True)
class Highlight:
    """One kind of thing that both texts have, with its places in each; offsets are code points of the raw text."""

    kind: str
    first: tuple[Span, ...]
    second: tuple[Span, ...]


def show_tie(first: Record, second: Record, key: LinkKey, hubs: Collection[int] = ()) -> tuple[Highlight, ...]:
    """What two ads share, with spans: contacts that are no hubs, names, details, and passages of four words or more."""
    found = []
    contacts = [_by_contact(x, key, hubs) for x in (first, second)]
    both = contacts[0].keys() & contacts[1].keys()
    for kind in sorted({kind_of(x) for x in both}):
        shared = [x for x in both if kind_of(x) == kind]
        found.append(Highlight(kind, *(_sorted(span for x in shared for span in side[x]) for side in contacts)))
    for kind, types in (("name", ("name",)), ("details", DETAILS)):
        sides = [[x for x in record.entities if x.type in types] for record in (first, second)]
        values = {_value(x) for x in sides[0]} & {_value(x) for x in sides[1]}
        if values:
            found.append(Highlight(kind, *(_sorted(x.span for x in side if _value(x) in values) for side in sides)))
    if passages := _passages(first, second):
        found.append(passages)
    return tuple(found)


def _by_contact(record: Record, key: LinkKey, hubs: Collection[int]) -> dict[int, list[Span]]:
    found: dict[int, list[Span]] = {}
    for entity in record.entities:
        for link_key in link_keys([entity], key):
            if link_key not in hubs:
                found.setdefault(link_key, []).append(entity.span)
    return found


def _value(entity: Entity) -> tuple[str, str]:
    return entity.type, entity.value.casefold()


def _sorted(spans: Iterable[Span]) -> tuple[Span, ...]:
    return tuple(sorted(set(spans)))


def _passages(first: Record, second: Record) -> Highlight | None:
    """Runs of words that stand in both, each as one span from its first word to its last."""
    said = [words(x.text, x.entities) for x in (first, second)]
    grams = [[tuple(word for word, _ in side[i : i + GRAM]) for i in range(len(side) - GRAM + 1)] for side in said]
    both = set(grams[0]) & set(grams[1])
    if not both:
        return None
    spans = []
    for side, held in zip(said, grams, strict=True):
        runs: list[list[int]] = []
        for at in (i for i, gram in enumerate(held) if gram in both):
            if runs and at <= runs[-1][1] + 1:
                runs[-1][1] = at
            else:
                runs.append([at, at])
        spans.append(tuple(Span(side[begin][1].start, side[end + GRAM - 1][1].end) for begin, end in runs))
    return Highlight("phrase", *spans)
