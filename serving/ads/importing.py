"""Takes ads in: pieces of sources in, documents that `tag` reads out, in order, resumable at any moment."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

from tqdm import tqdm

from serving.ads.ads import Ad
from serving.ads.columnar import write_parquet
from serving.ads.dates import moment
from serving.ads.faults import Fault
from serving.ads.making import Maker
from serving.ads.reader import Reader, ReaderLost
from serving.ads.rules import Rules
from serving.ads.sources.files import NoSource, read_sources
from serving.ads.sources.pieces import Piece
from serving.batch.alone import alone
from serving.batch.journal import BrokenJournal, Journal, Progress
from serving.batch.resuming import (
    CannotGoOn,
    Output,
    chained,
    opened,
    refuse_what_is_no_file,
    set_aside,
    skip_finished,
    unfinished,
)

_FORM = 6
"""Of what an import makes of its sources: higher where the same sources give something else than before."""
_PIECES = 500
"""Pieces between two entries in the journal, at most."""
_CHARACTERS = 1_000_000
"""Code points of output between two entries in the journal."""
_SECONDS = 2.0
_LACKING = {"date": b'"posted": null', "place": b'"place": null', "contact": b'"contacts": []'}
"""How a line says so; within a text every quote has a stroke before it."""


class CannotImport(RuntimeError):
    """The import cannot begin or go on; the message says what to do. Nothing finished is lost."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What an import did."""

    records: int
    ads: int
    left_out: int
    bad: int
    resumed_at: int
    faults: Path
    kinds: Counter[str]
    """Faults of this run, by kind."""
    lacking: Counter[str]
    """Ads that tell no date, place or contact."""

    def sentence(self) -> str:
        """The summary in words."""
        begun = f", going on after {self.resumed_at:,} records" if self.resumed_at else ""
        left = f"; {self.left_out:,} were no ads or there already" if self.left_out else ""
        kinds = ", ".join(f"{kind} {number:,}" for kind, number in sorted(self.kinds.items()))
        faults = "1 fault" if self.bad == 1 else f"{self.bad:,} faults"
        bad = f"; {faults}, see {self.faults}" + (f" ({kinds})" if kinds else "") if self.bad else ""
        lacking = ", ".join(f"{number:,} without a {what}" for what, number in self.lacking.items() if number)
        ads = "1 ad" if self.ads == 1 else f"{self.ads:,} ads"
        return f"{ads} taken in{begun}{f', {lacking}' if lacking else ''}{left}{bad}"


def import_ads(
    sources: Sequence[Path],
    output: Path,
    rules: Rules,
    named: str | None = None,
    *,
    retrieved: str | None = None,
    tell: Callable[[str], None] = lambda _: None,
    reader: Reader | None = None,
) -> Summary:
    """Take the ads of all sources into `output`, JSON Lines or Parquet by its name.

    Args:
        retrieved: When the sources were saved, in ISO 8601; holds for those that do not tell it.

    Faults go to ``output.faults.jsonl``, and to `tell` in words. A finished `output` of an earlier import is kept as
    ``.previous``.

    Raises:
        CannotImport: a source is not there, `retrieved` is no moment, the output cannot be written, or an interrupted import
            does not fit.
    """
    if output.suffix.lower() not in (".jsonl", ".ndjson", ".json", ".parquet"):
        raise CannotImport(f"{output}: name an OUTPUT that ends in .jsonl or .parquet")
    if retrieved is not None and moment(retrieved) is None:
        raise CannotImport("--retrieved is no day or moment; write it as 2026-11-21 or 2026-11-21T14:30:00+01:00")
    try:
        refuse_what_is_no_file(output)
        _refuse_own_output(sources, output)
        pieces = read_sources(sources, rules, named)
        with alone(output, "ads import"), reader or Reader(rules, named) as child:
            return _import(pieces, output, rules, named, retrieved, tell, child)
    except (NoSource, BrokenJournal, CannotGoOn, ReaderLost) as error:
        raise CannotImport(str(error)) from None
    except sqlite3.Error as error:  # of `_seen_in` alone
        raise CannotImport(unfinished(error, "temporary files (TMPDIR, else /var/tmp)")) from None
    except OSError as error:
        raise CannotImport(unfinished(error, output)) from None


def _import(
    pieces: Iterator[Piece],
    output: Path,
    rules: Rules,
    named: str | None,
    retrieved: str | None,
    tell: Callable[[str], None],
    child: Reader,
) -> Summary:
    columnar = output.suffix.lower() == ".parquet"
    faults = output.with_name(output.name + ".faults.jsonl")
    journal = Journal(output.with_name(output.name + ".progress"))
    lines = output.with_name(output.name + ".part") if columnar else output
    kinds: Counter[str] = Counter()
    told = f"{rules.fingerprint()} {named or ''} {retrieved or ''}"
    fresh = Progress(f"ads {_FORM} {told} trafilatura {version('trafilatura')}")
    progress = _begin(journal, pieces, fresh, lines, faults, output)
    resumed_at = progress.records
    with (
        opened(lines, progress.output_bytes) as out,
        opened(faults, progress.error_bytes) as problems,
        closing(_seen_in(lines, progress.output_bytes)) as seen,
        tqdm(unit=" records", disable=None, initial=resumed_at) as bar,
    ):
        maker = Maker(child, rules, named, retrieved, seen)
        for batch in _batches(pieces, maker, progress.digest):
            for fault in batch.faults:
                kinds[fault.kind] += 1
                tell(fault.sentence())
            progress = batch.save(progress, out, problems)
            journal.write(progress)
            bar.update(batch.pieces)
    if columnar:
        write_parquet(lines, output)
    ads, lacking = _count(lines)
    if not progress.error_bytes:
        faults.unlink(missing_ok=True)
    journal.remove()
    if columnar:
        lines.unlink(missing_ok=True)
    return Summary(progress.records, ads, progress.left_out, progress.bad, resumed_at, faults, kinds, lacking)


def _refuse_own_output(sources: Sequence[Path], output: Path) -> None:
    folder = output.parent.resolve()
    for source in sources:
        here = source.resolve()
        if here == output.resolve() or (source.is_dir() and folder.is_relative_to(here)):
            raise CannotGoOn(f"{output} lies in {source}, and would be read as a part of it; name a place outside")


def _begin(
    journal: Journal, pieces: Iterator[Piece], fresh: Progress, lines: Path, faults: Path, output: Path
) -> Progress:
    """The progress to go on from, with `pieces` moved past what is finished."""
    progress = journal.read()
    if progress is None:
        set_aside(tuple(dict.fromkeys((output, lines, faults))))
        journal.write(fresh)
        return fresh
    if progress.model != fresh.model:
        raise CannotGoOn(
            f"{output} was begun with other rules, another --site or --retrieved, or another version; use the same, or delete "
            f"{journal.path} to begin anew"
        )
    files = ((lines, progress.output_bytes), (faults, progress.error_bytes))
    skip_finished(journal, progress, pieces, files, "SOURCE")
    return progress


def _seen_in(lines: Path, size: int) -> sqlite3.Connection:
    """The ids of the ads that are written already, on disk and not in memory; it holds nothing else, and goes with the import."""
    seen = sqlite3.connect("", isolation_level=None)
    seen.execute("CREATE TABLE ids (id TEXT PRIMARY KEY) WITHOUT ROWID")
    seen.execute("BEGIN")
    with lines.open("rb") as file:
        while file.tell() < size:
            seen.execute("INSERT OR IGNORE INTO ids VALUES (?)", (json.loads(file.readline())["id"],))
    return seen


def _count(lines: Path) -> tuple[int, Counter[str]]:
    """Ads, and how many of them lack what groups are made and shown by."""
    ads, lacking = 0, Counter(dict.fromkeys(_LACKING, 0))
    with lines.open("rb") as file:
        for line in file:
            ads += 1
            lacking.update(what for what, mark in _LACKING.items() if mark in line)
    return ads, lacking


@dataclass(slots=True)
class _Batch:
    """What some pieces gave."""

    digest: str
    """Chained hash of all pieces so far."""
    pieces: int = 0
    left_out: int = 0
    size: int = 0
    lines: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def add(self, piece: Piece, made: Iterable[Ad | Fault | None]) -> None:
        """Add what a piece gave."""
        self.pieces += 1
        self.digest = chained(self.digest, piece)
        for x in made:
            if isinstance(x, Fault):
                self.faults.append(x)
            elif x is None:
                self.left_out += 1
            else:
                self.lines.append(json.dumps(x.to_json(), ensure_ascii=False))
                self.size += len(self.lines[-1])

    def save(self, progress: Progress, out: Output, problems: Output) -> Progress:
        """Write it; returns how far the import is then."""
        return replace(
            progress,
            records=progress.records + self.pieces,
            digest=self.digest,
            output_bytes=out.save(self.lines),
            error_bytes=problems.save([json.dumps(x.to_json(), ensure_ascii=False) for x in self.faults]),
            bad=progress.bad + len(self.faults),
            left_out=progress.left_out + self.left_out,
        )


def _batches(pieces: Iterator[Piece], maker: Maker, digest: str) -> Iterator[_Batch]:
    """Batches of whole pieces, small enough for memory and long enough for the disk."""
    batch, begun = _Batch(digest), time.monotonic()
    for piece in pieces:
        batch.add(piece, maker.make(piece))
        if batch.pieces >= _PIECES or batch.size >= _CHARACTERS or time.monotonic() - begun > _SECONDS:
            yield batch
            batch, begun = _Batch(batch.digest), time.monotonic()
    if batch.pieces:
        yield batch
