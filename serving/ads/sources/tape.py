"""Bytes read in order, with a look ahead and a way back: what finding the next record of a damaged file needs."""

from __future__ import annotations

import re
from collections.abc import Callable

BLOCK = 64 * 1024


class Tape:
    """A stream over `more`, which gives the next bytes, none at the end."""

    def __init__(self, more: Callable[[], bytes]) -> None:
        self._more = more
        self._held, self._at = b"", 0
        self.place = 0
        """Bytes read so far."""

    def peek(self, size: int) -> bytes:
        """The next bytes, fewer only at the end; they are read again."""
        while len(self._held) - self._at < size and (block := self._more()):
            self._held, self._at = self._held[self._at :] + block, 0
        return self._held[self._at : self._at + size]

    def read(self, size: int) -> bytes:
        """The next bytes, fewer only at the end."""
        parts: list[bytes] = []
        while size > 0 and (part := self.peek(1) and self._held[self._at : self._at + size]):
            parts.append(part)
            self._at += len(part)
            self.place += len(part)
            size -= len(part)
        return b"".join(parts)

    def skip(self, size: int) -> bool:
        """Pass over bytes without holding them; whether there were as many."""
        while size > 0 and (passed := len(self.read(min(size, BLOCK)))):
            size -= passed
        return size <= 0

    def line(self, most: int) -> bytes:
        """The next line with its end, cut off after `most` bytes."""
        size = BLOCK
        while True:
            seen = self.peek(min(size, most))
            found = seen.find(b"\n")
            if found >= 0 or len(seen) < size or size >= most:
                return self.read(found + 1 if found >= 0 else len(seen))
            size *= 2

    def back(self, data: bytes) -> None:
        """Put bytes that were read before what comes next."""
        self._held, self._at = data + self._held[self._at :], 0
        self.place -= len(data)

    def find(self, pattern: re.Pattern[bytes], longest: int) -> bool:
        """Go to where `pattern`, of at most `longest` bytes, is found first; False, and to the end, if nowhere."""
        while seen := self.peek(BLOCK + longest):
            found = pattern.search(seen)
            if found:
                self.read(found.start())
                return True
            self.read(len(seen) if len(seen) < BLOCK + longest else BLOCK)
        return False
