"""A WARC file of answers, written as a whole."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Iterable, Mapping
from typing import IO

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from serving.ads.collecting.spool import Kept

_IDS = uuid.UUID("6f9d9a0e-6f0e-4b5e-9d6a-0d5a3b8f2c11")
_UNKEPT = frozenset(("content-length", "transfer-encoding", "connection", "set-cookie", "set-cookie2"))
"""Headers that say how an answer was sent, or who asked."""


def write_warc(out: IO[bytes], name: str, time: str, about: Mapping[str, str], answers: Iterable[Kept]) -> None:
    """Write answers as the server sent them, packed one by one. The same answers give the same bytes.

    Args:
        name: The file's own.
        time: When the run began.
        about: Who collected, how, and by whose permission; stands in the first record.
    """
    writer = WARCWriter(out, gzip=True)
    info = "".join(f"{key}: {' '.join(value.split())}\r\n" for key, value in about.items()).encode()
    writer.write_record(
        writer.create_warc_record(
            "",
            "warcinfo",
            payload=io.BytesIO(info),
            length=len(info),
            warc_content_type="application/warc-fields",
            warc_headers_dict={"WARC-Filename": name, "WARC-Date": time, "WARC-Record-ID": _id(name, "info")},
        )
    )
    for number, kept in enumerate(answers, 1):
        headers = [(x, y) for x, y in json.loads(kept.headers) if x.lower() not in _UNKEPT]
        headers.append(("Content-Length", str(len(kept.body))))
        about_record = {"WARC-Date": kept.time, "WARC-Record-ID": _id(name, str(number))}
        if kept.ip:
            about_record["WARC-IP-Address"] = kept.ip
        writer.write_record(
            writer.create_warc_record(
                kept.url,
                "response",
                payload=io.BytesIO(kept.body),
                http_headers=StatusAndHeaders(kept.status, headers, protocol="HTTP/1.1"),
                warc_headers_dict=about_record,
            )
        )


def _id(name: str, record: str) -> str:
    return f"<urn:uuid:{uuid.uuid5(_IDS, f'{name} {record}')}>"
