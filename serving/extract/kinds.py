"""What a file is, by its content; the name decides only between kinds of text."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import PurePath

from serving.extract import packages
from serving.extract.plain import decode
from serving.extract.result import Unreadable

TABLES = ("csv", "xlsx")
_TEXT = ("", ".txt", ".text", ".md")
_CSV = (".csv", ".tsv", ".tab")
_PACKED = (".docx", ".docm", ".dotx", ".xlsx", ".xlsm", ".pdf", ".msg")
_OLD = (".doc", ".dot", ".xls", ".ppt", ".rtf")
_PROGRAMS = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\x00asm")
_IMAGES = re.compile(
    rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|II\*\x00|MM\x00\*|RIFF....WEBP|BM....\x00\x00\x00\x00"
    rb"|....ftyp(?:heic|heix|mif1|msf1|avif)",
    re.DOTALL,
)
_HEADER = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:From |(?:[!-9;-~]{1,60}:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*)*?"
    rb"(?:From|To|Subject|Date|Received|Return-Path|Message-ID|MIME-Version|Content-Type):)",
    re.IGNORECASE,
)
"""Header lines up to one that mail has."""
_HEAD = 4096
"""Bytes that are looked at; mail has its first known header long before."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def sniff(name: str, data: bytes) -> str:
    """The kind by the first bytes: text, csv, eml, pdf, zip or ole. Parses nothing.

    Raises:
        Unreadable: nothing that holds text; see the code.
    """
    suffix = PurePath(name.strip().lower()).suffix
    head = data[:_HEAD]
    if not data:
        raise Unreadable("empty")
    if head.startswith(_PROGRAMS) or (head.startswith(b"MZ") and b"\x00" in head[:512]):
        raise Unreadable("program")
    if _IMAGES.match(head):
        raise Unreadable("image")
    if head.startswith(b"PK\x03\x04"):
        return "zip"
    if head.startswith(_OLE):
        return "ole"
    if head.startswith(b"{\\rtf"):
        raise Unreadable("old_office")
    # Some scanners and printers write a few bytes before the mark; a text may speak of it.
    if head.startswith(b"%PDF-") or (suffix == ".pdf" and b"%PDF-" in head[:1024]):
        return "pdf"
    return _kind_of_text(suffix, data)


def _kind_of_text(suffix: str, data: bytes) -> str:
    head = data[:_HEAD]
    if suffix in _CSV:
        return "csv"
    if suffix in _PACKED:
        _refuse_remains(data)
    elif suffix not in (*_TEXT, ".eml"):
        raise Unreadable("old_office" if suffix in _OLD else "unknown_type")
    return "eml" if suffix not in _TEXT and _HEADER.match(head) else "text"


def _refuse_remains(data: bytes) -> None:
    """A plain text or mail may be saved as .docx or .pdf; what is left of a file without its beginning is no text."""
    try:
        text, sure = decode(data)
    except Unreadable:
        raise Unreadable("damaged") from None
    if not sure or "\x00" in text:
        raise Unreadable("damaged")


def kind_of(name: str, data: bytes) -> str:
    """The kind of a file: text, csv, xlsx, docx, pdf, eml or msg. Opens packages: only for the sandbox.

    Raises:
        Unreadable: of no such kind, locked, damaged or a bomb.
    """
    kind = sniff(name, data)
    if kind == "zip":
        return packages.check(data)
    return _compound_kind(data) if kind == "ole" else kind


def _compound_kind(data: bytes) -> str:
    from olefile import OleFileIO

    with OleFileIO(BytesIO(data)) as ole:  # bytes given as such may be taken for a path
        if ole.exists("EncryptedPackage"):
            raise Unreadable("encrypted")
        if ole.exists("__properties_version1.0"):
            return "msg"
        old = any(ole.exists(x) for x in ("WordDocument", "Workbook", "Book", "PowerPoint Document"))
    raise Unreadable("old_office" if old else "unknown_type")
