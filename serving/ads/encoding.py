"""Bytes of a page to text, where header, page and bytes may each say something else about the encoding.

The bytes come first: what is UTF-8 by its bytes is UTF-8, whatever is said of it. Bytes that are not are read as what is said,
where that is an encoding of another script and they fit it, and else as Windows-1252, of which latin-1 is a part: byte by
byte, as pages of old portals are UTF-8 with what people typed in Windows-1252 in between.
"""

from __future__ import annotations

import codecs
import re

from serving.ads.faults import PageFault
from serving.extract.plain import MARKS

_SAID = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{2,40})|<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{2,40})""",
    re.I,
)
_HEAD = 4096
_WESTERN = frozenset(("ascii", "utf-8", "iso8859-1", "iso8859-15", "cp1252", "utf-7", "utf-8-sig"))
"""Encodings whose bytes are read one by one; UTF-7 is none that a page may have."""
_WIDE = frozenset(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"))
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\x80-\x84\x86-\x9f]")
_NOISE = 0.1
"""Share of control characters from which on bytes are no text."""
_SAMPLE = 64 * 1024


def decode(data: bytes, header: str | None = None) -> str:
    """The text of a page.

    Args:
        header: The charset that the server told, if any.

    Raises:
        PageFault: these bytes are no text (not_text).
    """
    text = _decode(data, header)
    sample = text[:_SAMPLE]
    if len(_CONTROLS.findall(sample)) > len(sample) * _NOISE:
        raise PageFault("not_text")
    return text.replace("\x00", "")


def _decode(data: bytes, header: str | None) -> str:
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    sample = data[:_SAMPLE]
    if sample.count(0) > len(sample) // 4:  # UTF-16 without a mark has NUL in every other byte
        return data.decode("utf-16-le" if sample[1::2].count(0) >= sample[::2].count(0) else "utf-16-be", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    said = _SAID.search(data[:_HEAD])
    in_page = (said[1] or said[2]).decode("ascii", "replace") if said else None
    for name in (header, in_page):
        told = _codec(name)
        if told is None or told in _WESTERN or told in _WIDE:
            continue
        try:
            return data.decode(told)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("utf-8", "tegn-windows")


def _codec(name: str | None) -> str | None:
    try:
        found = codecs.lookup(name) if name else None
    except (LookupError, ValueError):  # the last for NUL and what is no ASCII
        return None
    # Only encodings of text: "hex" and "zlib" are codecs too.
    return found.name if found is not None and found._is_text_encoding else None


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    # One byte: the next may begin a character in UTF-8.
    byte = error.object[error.start : error.start + 1]
    return byte.decode("cp1252", "replace"), error.start + 1


codecs.register_error("tegn-windows", _as_windows)
