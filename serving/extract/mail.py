"""Mail as files: what .eml and .msg have in common, and .eml."""

from __future__ import annotations

import email
from collections.abc import Callable, Iterator
from email import policy
from email.message import EmailMessage
from functools import partial
from typing import cast

from serving.extract.html import text_of
from serving.extract.plain import decode
from serving.extract.result import Item, Problem, Unreadable, part_of, within

MAX_DEPTH = 2
"""Attachments of an attached mail are read, and no deeper: replies are quoted in the text, not nested."""
MAX_ATTACHMENTS = 100
"""Attachments of one mail."""
HEADERS = ("Subject", "From", "To", "Date")
_LOCKED = ("application/pkcs7-mime", "application/x-pkcs7-mime", "multipart/encrypted")
_SIGNATURES = ("application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature")
_NAMELESS = {"text/csv": ".csv", "message/rfc822": ".eml"}
_RAW = frozenset(map(chr, range(0xDC80, 0xDD00)))
"""How the parser keeps bytes of a header that are not ASCII."""

ReadAttached = Callable[[str, bytes, str, int], Iterator[Item]]
"""Reads an attachment by its name, bytes, place and depth; never raises."""
Reader = Callable[[str], Iterator[Item]]
"""Reads one certain attachment at the place it is given."""


def with_header(lines: list[tuple[str, str]], body: str) -> str:
    """The text of a mail: its header lines, a blank line, its body as it is."""
    header = "\n".join(f"{name}: {value}" for name, value in lines if value)
    return f"{header}\n\n{body}" if header and body.strip() else header or body


def numbered(place: str, attached: Iterator[Reader]) -> Iterator[Item]:
    """The items of attachments, each read at its place; the ones past the limit are left out, and said to be."""
    for number, read in enumerate(attached, 1):
        here = within(place, f"attachment {number}")
        if number > MAX_ATTACHMENTS:
            yield Problem("too_many_attachments", here)
            return
        yield from read(here)


def read_eml(data: bytes, label: str, place: str, depth: int, read_attached: ReadAttached) -> Iterator[Item]:
    """The mail as one part and its attachments as further ones.

    Raises:
        Unreadable: the mail as a whole is encrypted.
    """
    message = email.message_from_bytes(data.removeprefix(b"\xef\xbb\xbf"), policy=policy.default)
    yield from _read(message, label, place, depth, read_attached)


def _read(message: EmailMessage, label: str, place: str, depth: int, read_attached: ReadAttached) -> Iterator[Item]:
    if message.get_content_type() in _LOCKED:
        raise Unreadable("encrypted")
    lines: list[tuple[str, str]] = []
    for name in HEADERS:
        try:
            lines.append((name, _header(message, name)))
        except Exception:  # the header parser of the standard library fails in many ways on broken headers
            yield Problem("header_unreadable", place)
    body, text = None, ""
    try:
        body = _body(message)
        text, sure = _content(body) if body is not None else ("", True)
        if not sure:
            yield Problem("encoding_unsure", place)
    except Unreadable as error:
        yield Problem(error.code, place)
    except Exception:  # the attachments may be sound
        yield Problem("damaged", place)
    yield part_of(label, with_header(lines, text), place)

    def attached() -> Iterator[Reader]:
        for leaf, alternative in _leaves(message):
            if (
                leaf is body
                or leaf.get_content_type() in _SIGNATURES
                or (alternative and leaf.get_content_maintype() == "text" and not leaf.is_attachment())
            ):
                continue
            yield partial(_attachment, leaf, label, depth + 1, read_attached)

    yield from numbered(place, attached())


def _header(message: EmailMessage, name: str) -> str:
    for key, value in message.raw_items():
        if key.lower() == name.lower() and isinstance(value, str) and not _RAW.isdisjoint(value):
            raw = "".join(value.splitlines()).strip()
            return decode(raw.encode("utf-8", "surrogateescape"))[0]
    return str(message[name]) if message[name] is not None else ""


def _body(message: EmailMessage) -> EmailMessage | None:
    """The part with the words: plain text, or HTML where that is empty or missing."""
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        if body is not None and (body.get_payload(decode=True) or b"").strip():  # type: ignore[union-attr]
            return cast(EmailMessage, body)
    return None


def _leaves(part: EmailMessage, alternative: bool = False) -> Iterator[tuple[EmailMessage, bool]]:
    """All parts that hold something, attached mails as one, each with whether it is one of several versions."""
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        for inner in part.iter_parts():
            yield from _leaves(cast(EmailMessage, inner), alternative or part.get_content_subtype() == "alternative")
    elif part.get_content_maintype() != "multipart":
        yield part, alternative


def _content(part: EmailMessage) -> tuple[str, bool]:
    """The text of a part, and whether its encoding is beyond doubt: what it declares holds where it fits."""
    data = cast("bytes | None", part.get_payload(decode=True)) or b""
    declared = part.get_content_charset()
    # Programs on Windows write iso-8859-1 and mean their own, which differs in dashes, quotes and the euro.
    if declared == "iso-8859-1" and len(data) > len(data.translate(None, bytes(range(0x80, 0xA0)))):
        declared = "cp1252"
    try:
        text, sure = (data.decode(declared), True) if declared not in (None, "us-ascii") else decode(data)
    except (UnicodeError, LookupError):
        text, sure = decode(data)[0], False
    return (text_of(text) if part.get_content_subtype() == "html" else text), sure


def _attachment(part: EmailMessage, label: str, depth: int, read_attached: ReadAttached, place: str) -> Iterator[Item]:
    try:
        name = part.get_filename() or ""
        kind = part.get_content_type()
        if kind == "message/rfc822" and part.is_multipart():
            if depth > MAX_DEPTH:
                yield Problem("too_deep", place)
            else:
                inner = cast(EmailMessage, part.get_payload(0))
                yield from _read(inner, name or label, place, depth, read_attached)
        elif not name and kind in ("text/plain", "text/html"):  # a body in several pieces
            text, sure = _content(part)
            if not sure:
                yield Problem("encoding_unsure", place)
            if text.strip():
                yield part_of(label, text, place)
        elif kind.startswith("message/") and part.is_multipart():  # notes of mail servers on a delivery
            yield Problem("unknown_type", place)
        else:
            data = cast("bytes | None", part.get_payload(decode=True)) or b""
            yield from read_attached(name or label.replace(".", " ") + _NAMELESS.get(kind, ""), data, place, depth)
    except Unreadable as error:
        yield Problem(error.code, place)
    except Exception:  # whatever is wrong with one attachment, the others are read
        yield Problem("damaged", place)
