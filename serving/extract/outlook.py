"""Outlook's .msg files."""

from __future__ import annotations

from collections.abc import Iterator
from email.header import decode_header, make_header
from email.utils import format_datetime
from functools import partial
from io import BytesIO

from oxmsg import Message
from oxmsg.attachment import Attachment
from oxmsg.domain import constants
from oxmsg.properties import Properties
from oxmsg.storage import Storage

from serving.extract.html import text_of
from serving.extract.mail import HEADERS, MAX_DEPTH, ReadAttached, Reader, numbered, with_header
from serving.extract.result import Item, Problem, Unreadable, part_of

_EMBEDDED_OFFSET = 24
"""Length of the properties header of a message within a message ([MS-OXMSG] 2.4.1.2)."""
_EMBEDDED = "__substg1.0_3701000D"
"""Storage of an attached message ([MS-OXMSG] 2.2.2.1)."""


class _EmbeddedMessage(Message):
    """A message attached to another, which the library leaves to its user."""

    @property
    def _properties(self) -> Properties:
        return Properties(self._storage, properties_header_offset=_EMBEDDED_OFFSET)


def read_msg(data: bytes, label: str, place: str, depth: int, read_attached: ReadAttached) -> Iterator[Item]:
    """The message as one part and its attachments as further ones.

    Raises:
        Unreadable: the message is encrypted.
    """
    yield from _read(Message.load(BytesIO(data)), label, place, depth, read_attached)


def _read(message: Message, label: str, place: str, depth: int, read_attached: ReadAttached) -> Iterator[Item]:
    if message.message_class.upper().endswith(".SMIME"):
        raise Unreadable("encrypted")
    lines: list[tuple[str, str]] = []
    for name, value_of in zip(HEADERS, (_subject, _sender, _recipients, _date), strict=True):
        try:
            lines.append((name, value_of(message)))
        except Exception:  # whatever is wrong with one line, the rest is read
            yield Problem("header_unreadable", place)
    body = ""
    try:
        body = _body(message)
        if not body.strip() and message.properties.binary_prop_value(constants.PID_RTF_COMPRESSED):
            yield Problem("rtf_body", place)
    except Exception:  # the attachments may be sound
        yield Problem("damaged", place)
    yield part_of(label, with_header(lines, body), place)

    def attached() -> Iterator[Reader]:
        for attachment in message.attachments:
            yield partial(_attachment, attachment, label, depth + 1, read_attached)

    yield from numbered(place, attached())


def _body(message: Message) -> str:
    plain = message.body or ""
    return plain if plain.strip() else text_of(message.html_body or "")


def _subject(message: Message) -> str:
    return message.subject


def _sender(message: Message) -> str:
    return str(make_header(decode_header(message.sender or "")))


def _recipients(message: Message) -> str:
    pairs = ((x.name, x.email_address) for x in message.recipients)
    return ", ".join(f"{name} <{address}>" if name and address else name or address for name, address in pairs)


def _date(message: Message) -> str:
    return format_datetime(message.sent_date) if message.sent_date else ""


def _attachment(
    attachment: Attachment, label: str, depth: int, read_attached: ReadAttached, place: str
) -> Iterator[Item]:
    try:
        names = (constants.PID_ATTACH_LONG_FILENAME, constants.PID_ATTACH_FILENAME, constants.PID_DISPLAY_NAME)
        name = next(filter(None, map(attachment.properties.str_prop_value, names)), label)
        embedded = [x for x in _storage_of(attachment).storages if x.name == _EMBEDDED]
        if embedded and depth > MAX_DEPTH:
            yield Problem("too_deep", place)
        elif embedded:
            yield from _read(_EmbeddedMessage(embedded[0]), name, place, depth, read_attached)
        else:
            yield from read_attached(name, attachment.file_bytes or b"", place, depth)
    except Unreadable as error:
        yield Problem(error.code, place)
    except Exception:  # whatever is wrong with one attachment, the others are read
        yield Problem("damaged", place)


def _storage_of(attachment: Attachment) -> Storage:
    storage = attachment._storage
    assert isinstance(storage, Storage)
    return storage
