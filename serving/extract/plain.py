"""Bytes to text: byte order mark and UTF-8 first, then a guess among the encodings that Danish offices use."""

from __future__ import annotations

import codecs
import re

from serving.extract.result import Unreadable

MARKS = (  # the mark of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 64 * 1024
"""Bytes the guess is made on: enough words for any text, and quick for any file."""
_EXPECTED = re.compile(r"[\x00-\x7fæøåÆØÅéÉèÈêëËüÜöÖäÄáÁàÀâíÍóÓôúÚñçßðÐþÞ§°´½¼«»·–—’‘“”„…•€£ ]*")
"""Texts of these characters alone look like Danish. Danish in an encoding of DOS or the Mac, read as Windows, does not:
its å becomes † or Œ."""
_CONTROLS = re.compile(r"[\x01-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f]")
_NOISE = 0.3
"""Share of unexpected characters from which on bytes are taken for something else than text."""


def decode(data: bytes) -> tuple[str, bool]:
    """The text without its byte order mark, and whether its encoding is beyond doubt.

    Raises:
        Unreadable: no text (unknown_type), or not in the encoding its mark says (damaged).
    """
    for mark, encoding in MARKS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding), True
            except UnicodeDecodeError:
                raise Unreadable("damaged") from None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _guess(data)
    # Western text in UTF-16 without a mark is valid UTF-8, with every other byte NUL.
    if data.count(0) > len(data) // 4:
        return _guess(data)
    if len(_CONTROLS.findall(text[:_SAMPLE])) > len(text[:_SAMPLE]) * _NOISE:
        raise Unreadable("unknown_type")
    return text, True


def _guess(data: bytes) -> tuple[str, bool]:
    from charset_normalizer import from_bytes

    # Any two bytes are a Chinese character in UTF-16: it is a candidate only where NULs speak for it.
    wide = data.count(0) > len(data) // 4
    candidates = ["utf_16_le", "utf_16_be"] if wide else ["cp1252", "iso-8859-1"]
    best = from_bytes(data[: _SAMPLE & ~1], cp_isolation=candidates).best()
    # Dashes and quotes alone, or very few words, give the library too little to choose by.
    tried = [best.encoding] if best else []
    tried += [x for x in candidates if x not in tried]
    for encoding in tried:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _CONTROLS.search(text) or "\x00" in text:
            continue
        unexpected = len(_EXPECTED.sub("", text))
        if unexpected > len(text) * _NOISE:
            continue
        return text, unexpected == 0
    raise Unreadable("unknown_type")
