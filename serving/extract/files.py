"""The door of this package: one uploaded file in, its texts out."""

from __future__ import annotations

from serving.extract import kinds, sandbox
from serving.extract.reading import read_text
from serving.extract.result import MAX_FILE, Extracted, Problem, Unreadable, gather
from triage.text import MAX_TEXT

_MAX_NAME = 1_000
_PLAIN = 4 * (MAX_TEXT + 1)
"""Bytes up to which a plain text is read in this process; a longer one cannot be short enough to tag."""


def extract(name: str, data: bytes, *, column: str | None = None) -> Extracted:
    """The texts of one uploaded file. Takes up to `sandbox.SECONDS`, longer where others wait: call it from a thread.

    Args:
        name: The file's name as the sender has it; only its end matters, and only between kinds of text.
        data: The file.
        column: The column of a table that holds the texts. Without one, a table gives its `columns` and no parts.

    Raises:
        Unreadable: nothing of the file can be read. Nothing else is ever raised for a file.
    """
    if len(data) > MAX_FILE:
        raise Unreadable("too_large")
    name = name[-_MAX_NAME:]
    if kinds.sniff(name, data) != "text":
        return sandbox.run(name, data, column)
    # Plain text needs no parser, and most files of a large upload are plain: no child for each.
    if len(data) > _PLAIN:
        return Extracted(problems=(Problem("too_long", ""),))
    return gather(read_text(data, name, ""))
