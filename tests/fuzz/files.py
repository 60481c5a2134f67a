"""Uploaded files, through the function that the sandbox's child calls, and its answer through the check of the parent."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache, partial

from serving.extract import kinds, sandbox
from serving.extract.child import answer
from serving.extract.html import text_of
from serving.extract.result import Extracted, Unreadable
from tests.fuzz import seeds
from tests.fuzz.targets import Finding, Target, refusing, silent
from tests.serving.test_extract import repack


def read(name: str, data: bytes, column: str | None = None) -> Extracted | None:
    """What the parent makes of a file; None where it cannot be read."""
    request = json.dumps({"name": name, "column": column}).encode() + b"\n" + data
    said = answer(request)
    if "unreadable" in said:
        silent(said)
        return None
    try:
        extracted = sandbox._checked(json.dumps(said).encode())
    except Unreadable as error:
        raise Finding(f"the parent refuses what the child read: {error.code}") from None
    silent(extracted.problems)
    return extracted


def file(name: str, data: bytes) -> None:
    """A whole file, and each of its first columns where it is a table."""
    extracted = read(name, data)
    for column in extracted.columns[:2] if extracted else ():
        read(name, data, column)


def plain(name: str, data: bytes) -> None:
    """A file of the kinds that are read without a child, which is then as able to end the service."""
    with refusing(Unreadable):
        if kinds.sniff(name, data) == "text":
            file(name, data)


@lru_cache(maxsize=1)
def _book() -> bytes:
    return seeds.xlsx_files()[0]


def word_xml(data: bytes) -> None:
    """The main part of a Word document: mutations of the archive itself rarely get past its checksums."""
    file("a.docx", seeds.least_docx(data))


def sheet_xml(data: bytes) -> None:
    """A sheet of a workbook."""
    file("a.xlsx", repack(_book(), {"xl/worksheets/sheet1.xml": data}))


def strings_xml(data: bytes) -> None:
    """The shared strings, the styles and the list of sheets of a workbook, cut apart at NUL."""
    names = ("xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml")
    parts = dict(zip(names, data.split(b"\x00", 2), strict=False))
    file("a.xlsx", repack(_book(), {name: part for name, part in parts.items() if part}))


def html(data: bytes) -> None:
    """The body of a mail."""
    with refusing(Unreadable):
        text = text_of(data.decode("utf-8", "replace"))
        if "\r" in text:
            raise Finding("a line of HTML is not folded")


def targets() -> list[Target]:
    """Of every kind of file."""
    archives: list[tuple[str, Callable[[bytes], None], Callable[[], list[bytes]], int]] = [
        ("docx", partial(file, "a.docx"), seeds.docx_files, 65536),
        ("docx-xml", word_xml, lambda: [seeds.document_xml(x) for x in seeds.docx_files()], 8192),
        ("xlsx", partial(file, "a.xlsx"), seeds.xlsx_files, 16384),
        ("xlsx-xml", sheet_xml, lambda: [seeds.sheet_xml(x) for x in seeds.xlsx_files()], 8192),
        ("xlsx-strings", strings_xml, lambda: [b"\x00".join(seeds.book_xml(x)) for x in seeds.xlsx_files()], 8192),
        ("pdf", partial(file, "a.pdf"), seeds.pdf_files, 4096),
        ("eml", partial(file, "a.eml"), seeds.eml_files, 8192),
        ("msg", partial(file, "a.msg"), seeds.msg_files, 16384),
        ("html", html, lambda: [seeds.HTML.encode()], 4096),
        ("csv", partial(file, "a.csv"), seeds.csv_files, 4096),
        ("txt", partial(plain, "a.txt"), seeds.text_files, 4096),
        ("any", partial(file, ""), _one_of_each, 8192),
    ]
    return [Target(*x) for x in archives]


def _one_of_each() -> list[bytes]:
    kinds_of = (seeds.pdf_files, seeds.eml_files, seeds.text_files, seeds.docx_files, seeds.msg_files)
    return [kind()[0] for kind in kinds_of]
