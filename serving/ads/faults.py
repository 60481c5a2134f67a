"""What can be wrong with a page, a record or a file. No fault ever carries text of a page: a place and a kind is all."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

FAULTS = {
    "archive": "a zip or other archive; unpack it first",
    "bad_csv": "a quote is opened and not closed, or not doubled; rows up to there could not be read",
    "bad_date": "a date that is told cannot be read, or not beyond doubt; the ad was taken in without it"
    " (one without a year needs to know when the page was retrieved: --retrieved)",
    "bad_feed": "the XML is broken; entries after the break may be missing",
    "bad_json": "the JSON is broken or ends in the middle of it; what comes after the break could not be read",
    "bad_sidecar": "the JSON file beside the page cannot be read; the page was taken in without it",
    "bomb": "it unpacks, or its entities expand, to far more than a page holds; it may be an attack",
    "content_encoding": "the answer is packed in a way that is not known here, or its packing is broken",
    "damaged": "damaged beyond what can be mended",
    "empty": "there is nothing in it",
    "gone": "the page says that the ad is gone; there is nothing to take in",
    "link": "a link to a folder elsewhere, which is not followed; name that folder too",
    "no_columns": "no column for the text; name it under [columns] in the rules",
    "no_rule_text": "the site's rule for the text finds nothing on this page; the site may have changed",
    "no_text": "no main text was found; give the site a rule for it",
    "not_json": "not JSON, or nested too deeply",
    "not_object": "not a JSON object with text in its fields",
    "not_text": "not text in any encoding that pages have",
    "not_warc": "not a WARC record; reading went on at the next one",
    "row_width": "the row has more or fewer cells than the first row",
    "same_columns": "two columns of one name; give each a name of its own",
    "too_deep": "nested too deeply",
    "too_large": "larger than a page may be (limit_mb in the rules)",
    "too_long": "its text is longer than one that can be tagged",
    "too_much": "reading it took too much memory, or ended the reader",
    "too_slow": "reading it took too long",
    "truncated": "the file ends in the middle of it",
    "unknown_kind": "no page, WARC file, table or feed",
    "unreadable": "the system cannot read the file",
    "wrong_length": "the record says another length than it has; reading went on at the next one",
}
"""Every kind of fault, each in words."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that could not be read, and where."""

    file: str
    record: int
    """The line in JSON Lines and CSV; the number of the object in other JSON, of the record in WARC, of the entry in a feed;
    1 for a page; 0 for the file.
    """
    kind: str
    """A key of `FAULTS`."""
    gone: tuple[str, str] | None = None
    """Of a page that says that its ad is gone: PAGE of the ad's ids, and when it said so, in ISO 8601, if known."""

    def to_json(self) -> dict[str, str | int]:
        """As it stands in the file of faults."""
        line: dict[str, str | int] = {"file": self.file, "record": self.record, "fault": self.kind}
        return line | {"page": self.gone[0], "time": self.gone[1]} if self.gone else line

    def sentence(self) -> str:
        """In words."""
        place = f"{self.file}, record {self.record}" if self.record else self.file
        return f"{place}: {FAULTS[self.kind]} ({self.kind})"


def name_of(path: Path) -> str:
    """A file as faults name it: a name need not be UTF-8, and what is written is."""
    return os.fsencode(path).decode("utf-8", "replace")


class PageFault(ValueError):
    """Nothing of the page, record or file can be taken in."""

    def __init__(self, kind: str, url: str | None = None) -> None:
        self.kind = kind
        """A key of `FAULTS`."""
        self.url = url
        """Of an ad that is gone, where it was, if known."""
        super().__init__(kind)
