"""Office files are zip archives of XML: what is checked before a library opens one."""

from __future__ import annotations

import zipfile
from io import BytesIO

from serving.extract.result import Unreadable

MAX_ENTRIES = 5_000
"""Files in an archive; a report with hundreds of pictures has some hundreds."""
MAX_UNPACKED = 100 * 1024 * 1024
"""Bytes of all files of an archive together: five times the largest archive, and what the sandbox has memory for."""
MAX_RATIO = 100
"""Unpacked to packed bytes; the XML of real spreadsheets reaches about 40."""
_SMALL = 10 * 1024 * 1024
"""Unpacked bytes up to which the ratio does not matter: a nearly empty sheet packs very well."""
_CHUNK = 256 * 1024
_DECLARATIONS = tuple("<!DOCTYPE".encode(x) for x in ("utf-8", "utf-16-le", "utf-16-be"))


def check(data: bytes) -> str:
    """The kind of an Office archive, docx or xlsx, once all of it has been unpacked piece by piece and found sound.

    Raises:
        Unreadable: another archive (unknown_type), locked (encrypted), too much in it or XML with a document type
            declaration, which Office files must not have (bomb), or not sound (damaged).
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES:
                raise Unreadable("bomb")
            if any(x.flag_bits & 1 for x in entries):
                raise Unreadable("encrypted")
            kind = _kind(entries)
            _refuse_bomb(sum(x.file_size for x in entries), len(data))
            unpacked = 0
            for entry in entries:
                unpacked = _unpack(archive, entry, unpacked, len(data))
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("damaged") from None
    return kind


def _kind(entries: list[zipfile.ZipInfo]) -> str:
    names = {x.filename for x in entries}
    if "[Content_Types].xml" in names:
        if any(x.startswith("word/") for x in names):
            return "docx"
        if "xl/workbook.xml" in names:
            return "xlsx"
    raise Unreadable("unknown_type")


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, unpacked: int, packed: int) -> int:
    """Read one file of the archive to its end, which checks its checksum; returns the bytes unpacked so far."""
    tail = b""
    with archive.open(entry) as file:
        while chunk := file.read(_CHUNK):
            unpacked += len(chunk)
            _refuse_bomb(unpacked, packed)
            if entry.filename.endswith((".xml", ".rels")) and any(x in tail + chunk for x in _DECLARATIONS):
                raise Unreadable("bomb")
            tail = chunk[-32:]
    return unpacked


def _refuse_bomb(unpacked: int, packed: int) -> None:
    if unpacked > MAX_UNPACKED or unpacked > max(_SMALL, packed * MAX_RATIO):
        raise Unreadable("bomb")
