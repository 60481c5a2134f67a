"""Gzip read piece by piece, and given up where it unpacks to far more than texts do; UTF-16 read as UTF-8."""

from __future__ import annotations

import codecs
import io
import zlib
from typing import IO

from serving.ads.faults import PageFault

MAX_RATIO = 200
"""Unpacked to packed bytes; pages of one site reach about 20, and zeros 1,030."""
SMALL = 1_000_000
"""Unpacked bytes up to which the ratio does not matter."""
_PACKED = 16 * 1024


class Unpacked(io.RawIOBase):
    """What a gzip file holds, of all its members or of the one that begins where the file stands.

    Raises:
        PageFault: while reading: truncated, damaged, or a bomb.
    """

    def __init__(self, file: IO[bytes], *, one_member: bool = False) -> None:
        self._file, self._one = file, one_member
        self._inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._rest = b""
        self._packed = self._unpacked = 0
        self.unread = 0
        """Bytes of the file that were read from it and lie after the member."""

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Unpack into `buffer` as much as it holds at most; 0 at the end."""
        while True:
            if self._inflater.eof:
                self._rest = self._inflater.unused_data or self._rest
                if self._one:
                    self.unread = len(self._inflater.unused_data)
                    return 0
                self._rest = (self._rest or self._file.read(_PACKED)).lstrip(b"\x00")  # padding of tapes
                if not self._rest:
                    return 0
                self._inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
            packed = self._inflater.unconsumed_tail or self._rest
            if not self._inflater.unconsumed_tail:
                self._rest = b""
            if not packed:
                packed = self._file.read(_PACKED)
                self._packed += len(packed)
                if not packed:
                    raise PageFault("truncated")
            try:
                data = self._inflater.decompress(packed, len(buffer))
            except zlib.error:
                raise PageFault("damaged") from None
            self._unpacked += len(data)
            if self._unpacked > max(SMALL, MAX_RATIO * self._packed):
                raise PageFault("bomb")
            if data:
                buffer[: len(data)] = data
                return len(data)


class Recoded(io.RawIOBase):
    """UTF-16, as spreadsheets and Windows write tables, as UTF-8: its lines can be told then."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
        self._rest = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` as far as something is there; 0 at the end."""
        while not self._rest and (data := self._file.read(_PACKED)):
            self._rest = self._decoder.decode(data).encode("utf-8")
        data = self._rest[: len(buffer)]
        self._rest = self._rest[len(data) :]
        buffer[: len(data)] = data
        return len(data)


def inflate(data: bytes, most: int) -> bytes:
    """What bytes in gzip or deflate hold; at most one byte more than `most`.

    Raises:
        PageFault: they are neither (content_encoding), or a bomb.
    """
    for bits in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):  # some servers send deflate without its head
        inflater = zlib.decompressobj(bits)
        try:
            found = inflater.decompress(data, most + 1)
        except zlib.error:
            continue
        packed = len(data) - len(inflater.unconsumed_tail)
        if len(found) > most and len(found) > MAX_RATIO * packed:
            raise PageFault("bomb")
        return found
    raise PageFault("content_encoding")
