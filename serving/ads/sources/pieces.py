"""A piece: one page, feed or row as it lies in a source, unread, or why there is none."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a source."""

    file: str
    line: int
    """See `serving.ads.faults.Fault.record`."""
    kind: Literal["page", "feed", "row", "nothing"]
    data: bytes = b""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Of a row, by column."""
    url: str | None = None
    retrieved: str | None = None
    charset: str | None = None
    faults: tuple[str, ...] = ()
    """What is wrong with it; of `nothing`, why there is nothing. Without any, it was passed over: it is no page."""

    @property
    def digest(self) -> bytes:
        """Hash of all that was read of it."""
        told = (self.file, self.kind, sorted(self.values.items()), self.url, self.retrieved, self.charset, self.faults)
        digest = hashlib.sha256(repr(told).encode("utf-8", "surrogatepass"))
        digest.update(self.data)
        return digest.digest()


def fault(file: str, line: int, kind: str) -> Piece:
    """A piece that cannot be read."""
    return Piece(file, line, "nothing", faults=(kind,))
