"""Invented pages, feeds and crawls, made as the programs that save them make them."""

from __future__ import annotations

import gzip
import io
import json
import re
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

CANARY = "KANARIEFUGL"
TEXT = "Rengøring tilbydes i Århus og omegn. Ring på 00 00 00 00 efter klokken 16, spørg efter Ære."


def page(text: str = TEXT, *, title: str = "Rengøring", head: str = "", body: str = "", charset: str = "utf-8") -> str:
    """A page of a portal, with menus and a foot around the ad."""
    return f"""<!DOCTYPE html><html lang="da"><head><meta charset="{charset}"><title>{title} | Opslagstavlen</title>
{head}</head><body><nav><ul><li><a href="/">Forside</a></li><li><a href="/alle">Alle annoncer</a></li></ul></nav>
<main><h1>{title}</h1><div class="ad-body"><p>{text}</p></div>{body}</main>
<footer>Opslagstavlen. <a href="tel:+4500000099">Ring til os</a></footer></body></html>"""


def save(folder: Path, name: str, content: str | bytes, **beside: str) -> Path:
    """A saved page, with the JSON beside it if anything is to stand in it."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    if beside:
        path.with_name(path.name + ".json").write_text(json.dumps(beside), "utf-8")
    return path


def record(
    url: str,
    body: bytes,
    *,
    status: str = "200 OK",
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/html"),),
    packed: bool = False,
    date: str = "2026-11-20T10:00:00Z",
) -> bytes:
    """One record of a WARC file, with the answer of a server."""
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=packed)
    made = writer.create_warc_record(
        url,
        "response",
        payload=io.BytesIO(body),
        http_headers=StatusAndHeaders(status, list(headers), protocol="HTTP/1.1"),
        warc_headers_dict={"WARC-Date": date},
    )
    writer.write_record(made)
    return out.getvalue()


def info(*, packed: bool = False) -> bytes:
    """The record that every crawl begins with."""
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=packed)
    writer.write_record(writer.create_warcinfo_record("crawl.warc", {"software": "made for a test"}))
    return out.getvalue()


def chunked(body: bytes, size: int = 100) -> bytes:
    """A body as a server sends it in chunks."""
    parts = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(x), x) for x in parts) + b"0\r\n\r\n"


def rss(*items: str, before: str = "") -> str:
    """An RSS feed."""
    return f"""<?xml version="1.0" encoding="utf-8"?>{before}<rss version="2.0"><channel><title>Annoncer</title>
<link>https://tavle.example/</link><description>Alle</description>{"".join(items)}</channel></rss>"""


def item(number: int, text: str = TEXT, date: str = "Sun, 03 May 2026 10:00:00 +0200") -> str:
    """One item of it."""
    return (
        f"<item><title>Annonce {number}</title><link>https://tavle.example/annonce/{number}</link>"
        f"<description>&lt;p&gt;{text}&lt;/p&gt;</description><pubDate>{date}</pubDate></item>"
    )


def zeros(megabytes: int) -> bytes:
    """A gzip bomb: a thousand times larger unpacked."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=9) as file:
        for _ in range(megabytes):
            file.write(bytes(1_000_000))
    return out.getvalue()


def ads_of(path: Path) -> list[dict]:
    """What an import wrote."""
    return [json.loads(x) for x in path.read_text("utf-8").splitlines()]


def faults_of(path: Path) -> list[tuple[str, int, str]]:
    """What it could not read: the file's own name, record and kind."""
    side = path.with_name(path.name + ".faults.jsonl")
    if not side.exists():
        return []
    found = [json.loads(x) for x in side.read_text("utf-8").splitlines()]
    assert all(set(x) == {"file", "record", "fault"} | ({"page", "time"} if "page" in x else set()) for x in found)
    assert all(x["fault"] == "gone" and re.fullmatch("[0-9a-f]{24}", x["page"]) for x in found if "page" in x)
    return [(Path(x["file"]).name, x["record"], x["fault"]) for x in found]
