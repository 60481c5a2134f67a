"""The words of an ad without its disguises.

A word keeps the span it has in the raw text, so that what two ads share can be shown. Contacts, digits, emoji and signs fall
out; names, places, prices, dates and hours become one mask each, because they change from ad to ad of the same hand.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from triage.assessment import Entity
from triage.text import Span

DROPPED = frozenset({"phone", "email", "url", "handle", "mobilepay", "cpr", "cvr"})
MASKED = {
    "name": "\x01name",
    "place": "\x01place",
    "price": "\x01sum",
    "date": "\x01when",
    "hours": "\x01when",
    "age": "\x01age",
}
"""Masks begin with a character that no word has."""

_WORD = re.compile(r"[^\W\d_](?:[\w\u0300-\u036f\u00ad\u200b-\u200f\u2060\ufe0f@$]*[\w\u0300-\u036f])?")
"""Joiners, soft hyphens and stacked marks inside a word belong to it; so do digits and signs that stand for letters."""

_LOOKALIKES = str.maketrans(
    "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαβεικνορτυχАВЕКМНОРСТУХІЈЅавекмнорстухіјѕԁһӏ",
    "abezhikmnoptyxabeikvoptuxabekmhopctyxijsabekmhopctyxijsdhl",
)
"""Greek and Cyrillic letters as the Latin ones they look like (after Unicode's confusables; å, æ and ø stay)."""

_STANDINS = str.maketrans("013457@$", "oieastas")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufe0f]")
_LETTERSPACED = 4
"""From so many single letters in a row on, they are one word written with spaces."""


@lru_cache(maxsize=1 << 17)
def canonical(word: str) -> str:
    """One word in lower case, composed, in Latin letters; empty if nothing of it is a letter."""
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", word)).translate(_LOOKALIKES).lower()
    if not plain.isalpha():
        letters = plain.translate(_STANDINS) if sum(x.isalpha() for x in plain) >= 2 else plain
        plain = "".join(x for x in letters if x.isalpha())
    return plain


def words(text: str, entities: Iterable[Entity]) -> list[tuple[str, Span]]:
    """The canonical words of a text in order, each with its span in the raw text."""
    return list(_joined(_pieces(text, entities)))


def _pieces(text: str, entities: Iterable[Entity]) -> Iterator[tuple[str, Span]]:
    at = 0
    for entity in sorted(entities, key=lambda x: (x.span.start, x.span.end)):
        if entity.type not in DROPPED and entity.type not in MASKED:
            continue
        start, end = max(entity.span.start, at), entity.span.end
        if end <= at:
            continue
        yield from _plain(text, at, start)
        if entity.type in MASKED:
            yield MASKED[entity.type], Span(start, end)
        at = end
    yield from _plain(text, at, len(text))


def _plain(text: str, start: int, end: int) -> Iterator[tuple[str, Span]]:
    for match in _WORD.finditer(text, start, end):
        if word := canonical(match[0]):
            yield word, Span(*match.span())


def _joined(pieces: Iterable[tuple[str, Span]]) -> Iterator[tuple[str, Span]]:
    """The pieces, with runs of single letters put together ("m a s s a g e")."""
    run: list[tuple[str, Span]] = []
    for piece in pieces:
        if len(piece[0]) == 1 and (not run or piece[1].start - run[-1][1].end <= 2):
            run.append(piece)
            continue
        yield from _close(run)
        run = [piece] if len(piece[0]) == 1 else []
        if not run:
            yield piece
    yield from _close(run)


def _close(run: list[tuple[str, Span]]) -> Iterator[tuple[str, Span]]:
    if len(run) >= _LETTERSPACED:
        yield "".join(word for word, _ in run), Span(run[0][1].start, run[-1][1].end)
    else:
        yield from run
