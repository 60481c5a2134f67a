"""PDF files: the text layer, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING

from serving.extract.result import Item, Problem, Unreadable, part_of, within
from triage.text import MAX_TEXT

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

MAX_PAGES = 1_000
"""Pages of one file: fewer than 50 fill the longest text, so a longer file is a book, or an attack on the page tree."""


def read_pdf(data: bytes, label: str, place: str) -> Iterator[Item]:
    """The text of all pages, joined by blank lines, as one part.

    Raises:
        Unreadable: locked with a password (encrypted), longer than `MAX_PAGES`, or without any text (no_text_layer).
    """
    reader = _open(data)
    if len(reader.pages) > MAX_PAGES:
        raise Unreadable("too_many_pages")
    texts: list[str] = []
    length = 0
    for number, page in enumerate(reader.pages, 1):
        here = within(place, f"page {number}")
        try:
            text = page.extract_text()
        except Exception:  # whatever is wrong with one page, the others are read
            yield Problem("damaged", here)
            continue
        if text.strip():
            texts.append(text)
            length += len(text) + 2
        elif _has_image(page):
            yield Problem("page_without_text", here)
        if length - 2 > MAX_TEXT:
            yield Problem("too_long", place)
            return
    if not texts:
        raise Unreadable("no_text_layer")
    yield part_of(label, "\n\n".join(texts), place)


def _open(data: bytes) -> PdfReader:
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, FileNotDecryptedError

    try:
        reader = PdfReader(BytesIO(data))
        # Many files are locked against changes alone: the password to read them is empty.
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("encrypted")
        len(reader.pages)
    except (FileNotDecryptedError, DependencyError, NotImplementedError):  # also locks other than the standard one
        raise Unreadable("encrypted") from None
    return reader


def _has_image(page: PageObject) -> bool:
    try:
        return len(page.images) > 0
    except Exception:  # what cannot be looked at may be an image
        return True
