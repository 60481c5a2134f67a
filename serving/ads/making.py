"""Makes ads of pieces: the child reads pages and feeds, rows are read here; every ad can be tagged."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace

from serving.ads.ads import MAX_SHORT, MAX_TITLE, Ad, id_of, page_id, site_of, web_address
from serving.ads.dates import moment, read_date
from serving.ads.faults import Fault, PageFault
from serving.ads.gone import is_gone
from serving.ads.messages import Request
from serving.ads.page import Found, cut, tidy
from serving.ads.reader import Reader
from serving.ads.rules import Rules
from serving.ads.sources.pieces import Piece
from serving.ads.sources.tables import pick, pick_all, spelled
from triage.text import MAX_TEXT, has_bad_characters


class Maker:
    """Makes ads of pieces."""

    def __init__(
        self, reader: Reader, rules: Rules, named: str | None, retrieved: str | None, seen: sqlite3.Connection
    ) -> None:
        self._reader, self._rules, self._named, self._seen = reader, rules, named, seen
        self._retrieved = retrieved
        """The moment that holds for pieces that tell none."""

    def make(self, piece: Piece) -> Iterator[Ad | Fault | None]:
        """The ads of a piece and what is wrong with it; None for what is no ad, or is there already."""
        for kind in piece.faults:
            yield Fault(piece.file, piece.line, kind)
        if piece.kind == "row":
            yield from self._row(piece)
        elif piece.kind != "nothing":
            request = Request(piece.kind, piece.url, piece.retrieved or self._retrieved, piece.charset)
            piece = replace(piece, retrieved=request.retrieved)
            for entry in self._reader.read(request, piece.data).entries:
                record = piece.line
                if piece.kind == "feed" and piece.line == 1:  # a file of its own
                    record = entry.record
                if entry.found is None:
                    yield _fault(piece, record, entry.fault, entry.url) if entry.fault else None
                else:
                    yield from self._ad(entry.found, piece, record)
        elif not piece.faults:
            yield None

    def _row(self, piece: Piece) -> Iterator[Ad | Fault | None]:
        columns = self._rules.columns_for(self._named)
        values = spelled(piece.values, columns)
        try:
            picked = {x: pick(values, getattr(columns, x)) for x in ("text", "html", "title", "url", "place")}
            site = self._named or pick(values, columns.site)
            retrieved = pick(values, columns.retrieved) or self._retrieved
            posted = pick(values, columns.posted)
        except PageFault as error:
            yield Fault(piece.file, piece.line, error.kind)
            return
        url = web_address(picked["url"])
        name, rules = self._rules.site_for(url, site)
        if not rules.is_ad(url):
            yield None
            return
        text, calls = picked["text"], tuple[str, ...]()
        if text is None and picked["html"] is not None:
            answer = self._reader.read(Request("words"), picked["html"].encode("utf-8", "replace"))
            entry = answer.entries[0]
            if entry.found is None:
                yield Fault(piece.file, piece.line, entry.fault or "no_text")
                return
            text, calls = entry.found.text, entry.found.contacts
        if text is None or not text.strip():
            known = values.keys() & {*columns.text, *columns.html}
            yield Fault(piece.file, piece.line, "no_text" if known else "no_columns")
            return
        contacts = tidy([*pick_all(values, columns.contacts), *calls])
        if is_gone(text, picked["title"], contacts):
            yield _fault(replace(piece, retrieved=retrieved), piece.line, "gone", url)
            return
        day = read_date(posted, moment(retrieved), rules.dates) if posted else None
        found = Found(
            name,
            url,
            cut(picked["title"], MAX_TITLE),
            text,
            day,
            cut(picked["place"], MAX_SHORT),
            contacts,
            ("bad_date",) if (posted and day is None) or (retrieved and moment(retrieved) is None) else (),
        )
        yield from self._ad(found, replace(piece, retrieved=retrieved), piece.line)

    def _ad(self, found: Found, piece: Piece, record: int) -> Iterator[Ad | Fault | None]:
        at = moment(piece.retrieved)
        site = cut(self._named or found.site or site_of(found.url), MAX_SHORT)
        ad = Ad(
            id_of(found.url, site, title=found.title, text=found.text, place=found.place, contacts=found.contacts),
            _with_title(found),
            found.title,
            found.url,
            site,
            found.posted,
            at.isoformat() if at else None,
            found.place,
            found.contacts,
        )
        if len(ad.text) > MAX_TEXT or has_bad_characters(ad.text):
            yield Fault(piece.file, record, "too_long" if len(ad.text) > MAX_TEXT else "not_text")
            return
        if not self._seen.execute("INSERT OR IGNORE INTO ids VALUES (?)", (ad.id,)).rowcount:
            yield None
            return
        for kind in found.faults:
            yield Fault(piece.file, record, kind)
        yield ad


def _fault(piece: Piece, record: int, kind: str, url: str | None) -> Fault:
    gone = None
    if kind == "gone" and url and (at := moment(piece.retrieved)):
        gone = (page_id(url), at.isoformat())
    return Fault(piece.file, record, kind, gone)


def _with_title(found: Found) -> str:
    """The text under its title: a sign may stand in the title alone, and what is tagged is the text."""
    text, title = found.text, (found.title or "").strip()
    known = not title or " ".join(title.split()).casefold() in " ".join(text[: 4 * MAX_TITLE].split()).casefold()
    return text if known else f"{title}\n\n{text}"
