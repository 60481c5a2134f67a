"""What a file holds, by its first bytes; its name decides nothing."""

from __future__ import annotations

import codecs
import re

from triage.wire import MalformedJSON, delimiter_of, parse_json

HEAD = 8192
"""Bytes that are looked at."""
PAGES = ("text/html", "application/xhtml+xml")
"""Content types of pages."""
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BEGINNINGS = (
    ("gzip", re.compile(rb"\x1f\x8b")),
    ("archive", re.compile(rb"PK\x03\x04|PK\x05\x06|7z\xbc\xaf|Rar!|\x28\xb5\x2f\xfd|BZh\d|\xfd7zXZ")),
    ("warc", re.compile(rb"\s{0,16}WARC/\d")),
    (
        "picture",
        re.compile(
            rb"\x89PNG\r|\xff\xd8\xff|GIF8[79]a|RIFF....(?:WEBP|WAVE|AVI )|\x00\x00\x01\x00|\x00\x00\x00.ftyp|\x1aE\xdf\xa3"
            rb"|ID3[\x02-\x04]|(?:wOF[F2])?(?:\x00\x01\x00\x00|OTTO\x00)|wOF[F2]OTTO",
            re.S,
        ),
    ),
    ("mail", re.compile(rb"(?:[!-9;-~]{1,99}:[^\n]*\n(?:[ \t][^\n]*\n)*){0,30}?MIME-Version:", re.I)),
)
_FEED = re.compile(r"<(?:rss|feed|rdf:RDF)[\s>]", re.I)
_HTML = re.compile(
    r"<(?:!doctype html|html|head|body|title|meta|div|p|h[1-6]|table|article|main|section|span|a|ul|br)\b[^<>]{0,2000}/?>",
    re.I,
)
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]{2,40})""", re.I)
_NO_TABLE = re.compile(r"[{}<>\x00-\x08]")


def kind_of(head: bytes) -> str:
    """warc, gzip, archive, picture, mail, feed, html, jsonl, json, table, or nothing that is known.

    Fonts and films are taken for pictures, and the one file that a browser makes of a page (.mhtml) for a mail.
    """
    for kind, begins in _BEGINNINGS:
        if begins.match(head):
            return kind
    text = _text(head).lstrip("\ufeff \t\r\n")
    if text.startswith(("{", "[")):
        return _kind_of_json(text)
    if _FEED.search(text) and text.startswith("<"):
        found = _HTML.search(text)
        return "html" if found and found.start() < _FEED.search(text).start() else "feed"  # type: ignore[union-attr]
    if _HTML.search(text):
        return "html"
    first = text.split("\n", 1)[0]
    return "table" if delimiter_of(first) in first and not _NO_TABLE.search(first) else ""


def charset_of(content_type: str) -> str | None:
    """The encoding that a content type tells."""
    found = _CHARSET.search(content_type)
    return found[1] if found else None


def _text(head: bytes) -> str:
    if head.startswith(UTF_16):
        return head.decode("utf-16", "replace")
    return head.decode("utf-8", "replace").replace("\x00", "")  # UTF-16 without a mark: NUL in every other byte


def _kind_of_json(text: str) -> str:
    line, ends, _ = text.partition("\n")
    if text.startswith("["):
        return "json"
    if not ends and len(text) >= HEAD // 4:  # one long line
        return "jsonl"
    try:
        return "jsonl" if isinstance(parse_json(line), dict) else "json"
    except MalformedJSON:
        # A broken line among lines of JSON, or the first line of one object on many lines.
        return "jsonl" if line.rstrip().endswith("}") or len(line) > 200 else "json"
