"""Invented ads and groups of them, as `ads import`, `tag` and `ads link` write them. All numbers begin with 0 or 1."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from serving.ads.ads import id_of
from serving.linking.contacts import KINDS

CANARY = "Kanariefugl-7731"
PHONE = "01 66 12 34"
WORDS = "Velkommen hos mig i den gamle bydel, her er der altid varm te og rolig musik"


def an_ad(number: int, text: str = "", **about: Any) -> dict[str, Any]:
    """An ad at an address of its own."""
    text = text or f"{WORDS}. Annonce {number}, {CANARY}. Ring {PHONE}."
    about = {"title": None, "place": None, "contacts": [], "posted": None, "retrieved": None} | about
    url = f"https://tavle.example/{number}"
    id_ = id_of(url, None, title=about["title"], text=text, place=about["place"], contacts=about["contacts"])
    return {"id": id_, "kind": "ad", "text": text, "url": url, "site": "tavle.example", **about}


def spans(ad: dict[str, Any], words: str, field: str = "text") -> list[dict[str, Any]]:
    """Where words stand in a field of an ad."""
    start = ad[field].find(words)
    return [{"field": field, "start": start, "end": start + len(words)}] if start >= 0 else []


def a_reason(kind: str, words: str, one: dict[str, Any], other: dict[str, Any], count: int = 1) -> dict[str, Any]:
    return {"kind": kind, "count": count, "first_spans": spans(one, words), "second_spans": spans(other, words)}


def a_tie(one: dict[str, Any], other: dict[str, Any], *reasons: dict[str, Any]) -> dict[str, Any]:
    found = reasons or (a_reason("phone", PHONE, one, other),)
    return {"first": one["id"], "second": other["id"], "strength": "strong", "reasons": list(found)}


def a_group(
    id_: str, ads: Sequence[dict[str, Any]], *, was: Sequence[str] = (), ties: Any = None, **more: Any
) -> dict[str, Any]:
    """A group that its first ad holds together, if no other ties are given."""
    days = sorted(x["posted"] for x in ads if x["posted"])
    counts = {
        "ads": len(ads),
        "texts": len(ads),
        "names": 2,
        "towns": 1,
        "sites": 1,
        "contacts": dict.fromkeys(KINDS, 0),
    }
    counts["contacts"] |= {"phone": 1}
    counts |= {"first": days[0] if days else None, "last": days[-1] if days else None}
    undated = sum(x["posted"] is None for x in ads)
    group = {
        "id": id_,
        "was": list(was),
        "ads": [x["id"] for x in ads],
        "counts": counts | more.pop("counts", {}),
        "ties": [a_tie(ads[0], x) for x in ads[1:]] if ties is None else list(ties),
        "hubs": dict.fromkeys(KINDS, 0) | more.pop("hubs", {}),
        "unknown": {"undated": undated, "without_contact": 0, "without_place": len(ads), "too_short": 0},
    }
    return group | more


def an_answer(ad: dict[str, Any], **signs: str) -> dict[str, Any]:
    """What `tag` says of an ad: each indicator suggested where its words stand."""
    found = []
    for code, words in signs.items():
        start = ad["text"].find(words)
        evidence = [{"start": start, "end": start + len(words), "quote": words, "weight": 1.0}]
        base = "contested" if code == "city_rotation" else "tested"
        more = {"element": "ad", "strength": "weak", "evidence_base": base, "probability": 0.9, "state": "stated"}
        found.append({"code": code, "name": code, **more, "decision": "flag", "evidence": evidence, "check": None})
    about = {"status": "tagged", "reasons": [], "priority": {"level": "low", "elements": {}}, "forms": []}
    return {"id": ad["id"], **about, "indicators": found, "mentions": [], "entities": []}


def a_change(number: int, change: str, time: str) -> dict[str, Any]:
    """What the collector reports of the page of `an_ad`."""
    address = f"https://tavle.example/{number}"
    return {"time": time, "site": "tavle.example", "address": address, "status": 404, "change": change}


def write(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(x, ensure_ascii=False) + "\n" for x in rows), "utf-8")
    return path
