"""What a file gave: its texts, what is wrong with some of them, or why it cannot be read at all.

Codes are for pages to translate and for programs to compare. No code, place or message ever holds text of a document.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from triage.text import MAX_TEXT, has_bad_characters

MAX_FILE = 20 * 1024 * 1024
"""Bytes of one file: what mail systems of Danish offices let through."""
MAX_PARTS = 5_000
"""Texts of one file: a worklist somebody can get through, and seconds to tag. Longer tables are split, or tagged from
the command line."""
MAX_TOTAL = MAX_FILE
"""Code points of all texts of a file together: as many as the largest plain file can hold. A small spreadsheet can
repeat one long cell in every row."""
MAX_LABEL = 200
"""Code points of a label; the longest id of `triage.wire`."""

WHOLE = {
    "empty": "there is no text in it",
    "too_large": "it is too large; split it",
    "unknown_type": "its type is not known; save it as .txt, .docx, .pdf, .eml, .msg, .csv or .xlsx",
    "old_office": "it is in an old Office format; save it as .docx or .xlsx",
    "program": "it is a program, not a document",
    "image": "it is an image; type or recognise its text first",
    "no_text_layer": "its pages are images without text; recognise the text (OCR) first",
    "encrypted": "it is locked; save it without a password",
    "damaged": "it is damaged; save it anew",
    "bomb": "it unpacks to far more than a document holds; it may be an attack",
    "too_slow": "it takes too long to read; split it or save it anew",
    "too_many_pages": "it has too many pages; split it",
    "too_many_rows": "it has too many rows; split it",
    "no_such_column": "it has no column of this name",
    "too_busy": "there is no room to read it now; try again",
    "crashed": "reading it ended the service several times; save it anew, split it, or paste its text",
    "unopened": "what is kept of it cannot be opened; have the store mended, then try again",
}
"""Why a whole file cannot be read, each with what to do."""

PARTLY = {
    **WHOLE,
    "too_long": "the text is longer than is read in one piece; split it",
    "bad_characters": "the text holds NUL or half characters; copy it anew from its source",
    "encoding_unsure": "the characters may be read wrongly: compare the text with the file, or save it as UTF-8",
    "broken_quotes": "a quote is opened and not closed, or not doubled; rows up to there could not be read",
    "uneven_row": "the row has more or fewer cells than the first row; a separator in a text needs quotes",
    "sheet_without_column": "the sheet has no column of this name; it was not read",
    "page_without_text": "the page holds an image and no text; what the image says was not read",
    "comments_left_out": "the document has comments; they were not read",
    "table_attached": "a table is attached; upload it on its own to choose a column",
    "header_unreadable": "a line of the header could not be read",
    "rtf_body": "the message is in RTF alone and was not read; save it as text",
    "too_deep": "it is nested too deeply and was not read",
    "too_many_attachments": "there are more attachments than are read; upload the rest on their own",
}
"""What can be wrong with one part while the others are read."""

_PLACE = re.compile(r"(?:(?:attachment|sheet|page|row) [0-9]{1,9}(?:, (?!$)|$)){0,10}")


class Unreadable(ValueError):
    """The file as a whole cannot be read: show what its `code` means (`WHOLE`), and go on with the next file."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"the file cannot be read: {WHOLE[code]}")


@dataclass(frozen=True, slots=True)
class Part:
    """One text of a file.

    Raises:
        ValueError: the place is no chain of steps.
    """

    label: str
    """What people know it by: the file's name, the row's id, the attachment's name. May hold personal data."""
    text: str
    """Exactly as the file has it: no normalisation, line ends kept."""
    place: str
    """Where in the file: "" for all of it, else steps such as ``attachment 2, row 5`` (1-based, outermost first)."""

    def __post_init__(self) -> None:
        if not _PLACE.fullmatch(self.place):
            raise ValueError("a part has a place made of steps")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something of the file was not read, or may have been read wrongly.

    Raises:
        ValueError: the code is none of `PARTLY`, or the place is no chain of steps.
    """

    code: str
    place: str

    def __post_init__(self) -> None:
        if self.code not in PARTLY or not _PLACE.fullmatch(self.place):
            raise ValueError("a problem has a code of PARTLY and a place made of steps")


Item = Part | Problem


@dataclass(frozen=True, slots=True)
class Extracted:
    """All that a file gave. A file may give problems alone."""

    parts: tuple[Part, ...] = ()
    columns: tuple[str, ...] = ()
    """Names to choose from, where the file is a table and no column is chosen yet: then there are no parts."""
    problems: tuple[Problem, ...] = ()
    short: tuple[str, ...] = ()
    """Those of `columns` whose cells are all too short to be texts."""


def within(place: str, step: str) -> str:
    """The place of a step inside a place."""
    return f"{place}, {step}" if place else step


def label_of(text: str) -> str:
    """A name fit to be shown: in one line, not longer than `MAX_LABEL`, without characters that reorder or hide."""
    shown = (
        " " if unicodedata.category(x)[0] in "CZ" else x
        for x in text[: 2 * MAX_LABEL]
        if unicodedata.category(x) not in ("Cf", "Cs")
    )
    return " ".join("".join(shown).split())[:MAX_LABEL]


def part_of(label: str, text: str, place: str) -> Item:
    """The text as a part, or why it cannot be tagged: never a text cut short."""
    if len(text) > MAX_TEXT:
        return Problem("too_long", place)
    if has_bad_characters(text):
        return Problem("bad_characters", place)
    if not text.strip():
        return Problem("empty", place)
    return Part(label_of(label), text, place)


def gather(items: Iterable[Item]) -> Extracted:
    """All items of a file; stops reading where a limit is passed.

    Raises:
        Unreadable: more than `MAX_PARTS` texts (too_many_rows), more than `MAX_TOTAL` code points (too_large), or no
            text and no other problem (empty).
    """
    parts: list[Part] = []
    problems: list[Problem] = []
    total = 0
    for item in items:
        if isinstance(item, Problem):
            problems.append(item)
        else:
            parts.append(item)
            total += len(item.text)
        if len(parts) > MAX_PARTS or len(problems) > MAX_PARTS:
            raise Unreadable("too_many_rows")
        if total > MAX_TOTAL:
            raise Unreadable("too_large")
    if not parts and all(problem == Problem("empty", "") for problem in problems):
        raise Unreadable("empty")
    return Extracted(tuple(parts), (), tuple(problems))
