"""The frames of the records of a WARC file, packed record by record, as a whole, or not at all.

A frame is checked before its record is believed: a length that is not where the record ends would swallow those after it. Reading
goes on at the next record then, wherever it begins.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from typing import IO

from warcio.statusandheaders import StatusAndHeaders, StatusAndHeadersParser, StatusAndHeadersParserException

from serving.ads.faults import PageFault
from serving.ads.sources.tape import BLOCK, Tape
from serving.ads.sources.unpacking import Unpacked

MAX_HEAD = 64 * 1024
"""Bytes of the headers of a record, or of an HTTP answer."""
_NEXT = re.compile(rb"(?<=\n)WARC/\d\.\d\r?\n")
_LONGEST = 16
_MEMBER = re.compile(rb"\x1f\x8b\x08")
Frame = tuple[StatusAndHeaders, bytes] | PageFault


def frames(file: IO[bytes], size: int, limit: int) -> Iterator[Frame]:
    """Headers and bytes of each record, or what is wrong with it; never more of one than `limit` and its headers."""
    packed = file.read(2) == b"\x1f\x8b"
    return _packed(file, size, limit + MAX_HEAD) if packed else _plain(file, size, limit + MAX_HEAD)


def parse_headers(head: bytes, begin: str) -> StatusAndHeaders:
    """The first line and the headers of a record or of an HTTP answer.

    Raises:
        PageFault: they are none (not_warc).
    """
    try:
        return StatusAndHeadersParser([begin]).parse(io.BytesIO(head))
    except (StatusAndHeadersParserException, EOFError, ValueError, IndexError):
        raise PageFault("not_warc") from None


def _plain(file: IO[bytes], size: int, most: int) -> Iterator[Frame]:
    place = 0
    while place < size:
        tape = _at(file, place)
        try:
            headers = _headers(tape)
            if headers is None:
                return
            length = _length(headers)
            after = place + tape.place + length
            if after > size:
                raise PageFault("wrong_length" if tape.find(_NEXT, _LONGEST) else "truncated")
            end = _at(file, after)
            _check_end(end)
        except PageFault as error:
            yield error
            tape = _at(file, place)
            tape.read(1)  # of the record that is wrong
            _skip_empty_lines(tape)
            tape.line(MAX_HEAD)
            tape.back(b"\n")
            place = place + tape.place if tape.find(_NEXT, _LONGEST) else size
            continue
        if length > most:
            yield PageFault("too_large")  # unread
        else:
            file.seek(after - length)
            yield headers, file.read(length)
        place = after + end.place


def _at(file: IO[bytes], place: int) -> Tape:
    file.seek(place)
    return Tape(lambda: file.read(BLOCK))


def _packed(file: IO[bytes], size: int, most: int) -> Iterator[Frame]:
    start: int | None = 0
    while start is not None and start < size:
        file.seek(start)
        member = Unpacked(file, one_member=True)
        tape = Tape(lambda member=member: member.read(BLOCK))  # type: ignore[misc]
        try:
            yield from _of_member(tape, most)
            start = file.tell() - member.unread
        except PageFault as error:  # the packing is broken: nothing more of this member can be had
            yield error
            start = _next_member(file, start + 1)


def _of_member(tape: Tape, most: int) -> Iterator[Frame]:
    while True:
        data = b""
        try:
            headers = _headers(tape)
            if headers is None:
                return
            length = _length(headers)
            if length > most:
                if not tape.skip(length):
                    raise PageFault("wrong_length")
            else:
                data = tape.read(length)
                if len(data) < length:
                    raise PageFault("wrong_length")
            _check_end(tape)
        except PageFault as error:
            if error.kind not in ("not_warc", "wrong_length"):
                raise
            yield error
            tape.back(b"\n" + data)
            if not tape.find(_NEXT, _LONGEST):
                return
            continue
        yield (headers, data) if length <= most else PageFault("too_large")


def _skip_empty_lines(tape: Tape, most: int | None = None) -> None:
    while tape.peek(1) in (b"\r", b"\n") and most != 0:
        tape.read(1)
        most = None if most is None else most - 1


def _headers(tape: Tape) -> StatusAndHeaders | None:
    """The headers of the next record; None at the end.

    Raises:
        PageFault: not_warc; truncated.
    """
    _skip_empty_lines(tape)
    first = tape.peek(5)
    if not first:
        return None
    if first != b"WARC/":
        raise PageFault("not_warc")
    lines: list[bytes] = []
    left = MAX_HEAD
    while left > 0:
        if lines and tape.peek(5) == b"WARC/":
            raise PageFault("not_warc")  # the next record: lines up to it are the headers of none
        lines.append(line := tape.line(left))
        left -= len(line)
        if line in (b"\r\n", b"\n"):
            return parse_headers(b"".join(lines), "WARC/")
        if not line.endswith(b"\n"):
            break
    raise PageFault("not_warc" if left <= 0 else "truncated")


def _length(headers: StatusAndHeaders) -> int:
    told = (headers.get_header("Content-Length") or "").strip()
    if not (told.isascii() and told.isdigit() and len(told) <= 15):
        raise PageFault("wrong_length")
    return int(told)


def _check_end(tape: Tape) -> None:
    """After a record come two empty lines, or with some writers more or fewer, then the next record or the end."""
    _skip_empty_lines(tape, 16)
    if tape.peek(5) not in (b"", b"WARC/"):
        raise PageFault("wrong_length")


def _next_member(file: IO[bytes], start: int) -> int | None:
    """Where the next packed piece begins that holds a record; None if there is none."""
    tape = _at(file, start)
    while tape.find(_MEMBER, 3):
        place = start + tape.place
        packed = tape.peek(512)
        try:
            if zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(packed, 5) == b"WARC/":
                return place
        except zlib.error:
            pass  # these three bytes stand anywhere in what is packed
        tape.read(1)
    return None
