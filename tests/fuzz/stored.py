"""What comes from files and from the store: batches, models, keys, anchors, sealed texts, training texts."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from serving.batch.journal import BrokenJournal, Journal
from serving.batch.records import UnreadableInput, read_records
from serving.store import anchors
from serving.store.masterkey import MasterKey, UnusableKey, _parse
from serving.store.vault import UNREADABLE, Place, Vault
from tests.fuzz import seeds
from tests.fuzz.targets import Finding, Target, refusing, silent
from training.markup import InvalidMarkup, parse_markup, to_markup
from triage.indicators import InvalidScheme, load_scheme, parse_scheme
from triage.loading import load
from triage.modelfolder import CALIBRATION, MANIFEST, BrokenModel, sha256_of
from triage.text import Document

NOTE = Document("a", "note", "Manden skylder 30.000 kr. for rejsen. Formanden har taget passet og gemt det. Sag nr. 7.")


@cache
def folder() -> Path:
    """A folder for what these targets write."""
    return Path(tempfile.mkdtemp(prefix="tegn-fuzz-"))


def batch(suffix: str, data: bytes) -> None:
    """A file of records."""
    path = folder() / f"records{suffix}"
    path.write_bytes(data)
    with refusing(UnreadableInput):
        line = 0
        for record in read_records(str(path)):
            silent(record.problems)
            if (record.document is None) == (not record.problems):
                raise Finding("a record is neither a document nor a problem, or both")
            if record.line < line:
                raise Finding("records go backwards")
            line = record.line
            if record.document is not None:
                record.document.text.encode("utf-8")


@cache
def _model() -> tuple[Path, dict[str, Any], dict[str, Any]]:
    from tests.conftest import save_tiny

    place = folder() / "model"
    save_tiny(place)
    manifest, calibration = (json.loads((place / name).read_text("utf-8")) for name in (MANIFEST, CALIBRATION))
    return place, manifest, calibration


def _overlaid(honest: Any, value: Any) -> Any:
    """`honest` with the parts of it that `value` says otherwise."""
    if isinstance(honest, dict) and isinstance(value, dict):
        return {**honest, **{name: _overlaid(honest.get(name), x) for name, x in value.items()}}
    return value


def _loads(place: Path) -> None:
    with refusing(BrokenModel):
        tagger = load(place)
        for finding in tagger([NOTE])[0].findings:
            if not 0 <= finding.probability <= 1:
                raise Finding("a probability is none")
        json.dumps({"name": tagger.name, "version": tagger.version}).encode("utf-8")


def manifest(data: bytes) -> None:
    """``model.json``, whole or over an honest one."""
    place, honest, _ = _model()
    for text in (data, _over(honest, data)):
        (place / MANIFEST).write_bytes(text)
        _loads(place)


def calibration(data: bytes) -> None:
    """``calibration.json`` in a folder that is otherwise whole, its checksum as it should be."""
    place, honest, calibrated = _model()
    whole = (place / CALIBRATION).read_bytes()
    try:
        for text in (data, _over(calibrated, data)):
            (place / CALIBRATION).write_bytes(text)
            files = honest["files"] | {CALIBRATION: sha256_of(place / CALIBRATION)}
            (place / MANIFEST).write_text(json.dumps(honest | {"files": files}), "utf-8")
            _loads(place)
    finally:
        (place / CALIBRATION).write_bytes(whole)


def _over(honest: dict[str, Any], data: bytes) -> bytes:
    try:
        return json.dumps(_overlaid(honest, json.loads(data))).encode()
    except (ValueError, RecursionError):
        return data


def scheme(data: bytes) -> None:
    """``indicators.toml``, which people write for themselves."""
    with refusing(InvalidScheme):
        parse_scheme(data.decode("utf-8", "replace"))


def journal(data: bytes) -> None:
    """What an interrupted batch left."""
    path = folder() / "journal"
    path.write_bytes(data)
    with refusing(BrokenJournal):
        Journal(path).read()


def keys(data: bytes) -> None:
    """A key file or variable, and an anchor of the audit log."""
    text = data.decode("ascii", "replace")
    with refusing(UnusableKey):
        MasterKey.derive(*_parse(text, "here")[:1] or [bytes(range(32))])
    with refusing(anchors.UnusableAnchor):
        anchor = anchors.parse(text)
        if anchors.parse(anchors.dump(anchor)) != anchor:
            raise Finding("an anchor is not read as it was written")


@cache
def _vault() -> tuple[Vault, bytes]:
    vault = Vault(MasterKey.derive(bytes(range(32))))
    return vault, vault.new_case_key(Place("cases", "key", 1))


def sealed(data: bytes) -> None:
    """A wrapped key and a sealed text, as a damaged store or a backup holds them."""
    vault, wrapped = _vault()
    place = Place("texts", "text", 1)
    for key, text in ((data, b""), (wrapped, data), (bytes(a ^ b for a, b in zip(wrapped, data, strict=False)), data)):
        with refusing(*UNREADABLE):
            vault.open_case(key, Place("cases", "key", 1)).open_text(text, place)
            raise Finding("what was never sealed opens")


def markup(data: bytes) -> None:
    """Training texts in their markup, and back."""
    with refusing(InvalidMarkup):
        for written in parse_markup(data.decode("utf-8", "replace")):
            for label in written.document.labels:
                if any(not 0 <= x.start < x.end <= len(written.document.text) for x in label.spans):
                    raise Finding("a mark lies outside its text")
            (again,) = parse_markup(to_markup(written.document, written.scenario))
            if again.document != written.document:
                raise Finding("a text is not read as it was written")


def targets() -> list[Target]:
    """Of files and of the store."""
    some = b'{"family":"linear","familiarity":0.7,"highlights":{"keep":0.3,"gap":2},"scheme":{"indicators":[]},"files":{"a":"b"}}'
    code = load_scheme().codes[0]
    one = json.dumps({code: {"slope": 1.0, "intercept": 0.0, "look": 0.1, "flag": 0.5, "positives": 3}}).encode()
    toml = load_scheme().raw.encode()
    progress = b'{"model":"a","all_indicators":false,"records":3,"digest":"","output_bytes":1,"error_bytes":0,"bad":0}'
    return [
        Target("jsonl", lambda data: batch(".jsonl", data), seeds.lines),
        Target("batch-csv", lambda data: batch(".csv", data), seeds.batch_tables),
        Target("parquet", lambda data: batch(".parquet", data), seeds.parquet_files),
        Target("model", manifest, lambda: [some, b"{}"]),
        Target("calibration", calibration, lambda: [one, b"{}"]),
        Target("scheme", scheme, lambda: [toml[:6000], b'version = "1"\n[[indicator]]\ncode = "a"\n'], 8192),
        Target("journal", journal, lambda: [progress]),
        Target("keys", keys, lambda: [b"A" * 43, b"q1w2e3r4t5y6u7i8o9p0a1s2d3f4g5h6j7k8l9z0x1c", b"7:" + b"0" * 64]),
        Target("sealed", sealed, lambda: [bytes(65), b"\x01" + bytes(40)]),
        Target("markup", markup, seeds.marked),
    ]
