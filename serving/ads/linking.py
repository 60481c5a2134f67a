"""Links ads: files in, groups out, with the signatures kept so that later files add to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import numpy as np
from tqdm import tqdm

from serving.ads import lineage
from serving.ads.faults import name_of
from serving.ads.groupfile import Show, kinds_shown, to_json, write_parquet
from serving.ads.linkable import Linkable, to_linkable
from serving.ads.linkkey import UnusableLinkKey, open_key
from serving.ads.signing import SignersLost, sign_new, signers
from serving.batch.alone import alone, locked
from serving.batch.engines import LOCAL, PATIENCE, EngineStopped, check_engine
from serving.batch.records import UnreadableInput, check_source, read_records
from serving.batch.resuming import CannotGoOn, opened, refuse_what_is_no_file, unfinished
from serving.linking import segments
from serving.linking.groups import Tie
from serving.linking.linking import Links, link_joined
from serving.linking.ragged import Array, Ragged, starts_of
from serving.linking.showing import Highlight, show_tie
from serving.linking.signatures import OtherKey, join, newest
from serving.ondisk import publish, put

_FAULTS = 500
"""Written at a time."""
Tell = Callable[[str], None]


class CannotLink(RuntimeError):
    """The linking cannot begin or go on; the message says what to do. Nothing finished is lost."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What was linked."""

    ads: int
    groups: int
    grouped: int
    bad: int
    faults: Path

    def sentence(self) -> str:
        """The summary in words."""
        bad = f"; {self.bad:,} lines with faults, see {self.faults}" if self.bad else ""
        return f"{self.groups:,} groups of {self.grouped:,} ads; {self.ads - self.grouped:,} ads alone{bad}"


def link_ads(
    sources: Sequence[Path],
    output: Path,
    *,
    folder: Path | None = None,
    key_file: Path | None = None,
    workers: int | None = 1,
    engine: str = LOCAL,
    patience: float = PATIENCE,
    tell: Tell = lambda _: None,
) -> Summary:
    """Write the groups of all ads of `sources` and of those that `folder` has signatures of.

    Lines with faults go to ``output.errors.jsonl``, and to `tell` in words. An earlier `output` that was another is kept as
    ``.previous``.

    Args:
        workers, engine, patience: see `signers`.

    Raises:
        CannotLink: see the class.
    """
    if output.suffix.lower() not in (".jsonl", ".ndjson", ".json", ".parquet"):
        raise CannotLink(f"{output}: name GROUPS that end in .jsonl or .parquet")
    folder = folder or output.with_name(output.name + ".signatures")
    faults = _Faults(output.with_name(output.name + ".errors.jsonl"), tell)
    try:
        check_engine(engine)
        _refuse(sources, output, folder)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        refusal = f"another `ads link` works in {folder}; wait for it, or name another folder"
        with locked(folder / "lock", refusal), alone(output, "ads link"):
            key = open_key(folder, key_file, begun=bool(segments.batches(folder)))
            with faults, tqdm(unit=" ads", disable=None) as bar, signers(engine, key, workers, patience) as sign:
                sign_new(_read(sources, faults, bar.update), folder, key, sign)
            links, shown = _link(folder)
            named = lineage.name_groups(links.groups, lineage.read_lineage(folder))
            put(folder / lineage.FILE, lambda out: _write(out, [lineage.to_json(named)]))
            groups = (
                to_json(group, name.id, name.was, shown)
                for group, name in zip(tqdm(links.groups, unit=" groups", disable=None), named, strict=True)
            )
            _put_groups(output, groups)
            faults.publish()
    except (
        UnreadableInput,
        CannotGoOn,
        UnusableLinkKey,
        OtherKey,
        SignersLost,
        EngineStopped,
        segments.DamagedSegment,
        lineage.BrokenLineage,
    ) as error:
        raise CannotLink(str(error)) from None
    except OSError as error:
        raise CannotLink(unfinished(error, output)) from None
    grouped = sum(len(x.ads) for x in links.groups)
    return Summary(links.ads, len(links.groups), grouped, faults.count, faults.path)


def _refuse(sources: Sequence[Path], output: Path, folder: Path) -> None:
    refuse_what_is_no_file(output)
    if folder.exists() and not folder.is_dir():
        raise CannotGoOn(f"{folder} is no folder; name another with --signatures")
    for source in sources:
        if output.exists() and source.exists() and output.samefile(source):
            raise CannotGoOn("GROUPS is the same file as ADS; name another")
        check_source(str(source))


@dataclass
class _Faults:
    """Lines that could not be read, or not in full; the file gets its name at the end."""

    path: Path
    tell: Tell
    count: int = 0
    _lines: list[str] = field(default_factory=list)

    @property
    def _fresh(self) -> Path:
        return self.path.with_name(f".{self.path.name}.new")

    def __enter__(self) -> _Faults:
        self._opened = opened(self._fresh, 0)
        self._out = self._opened.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._out.save(self._lines)
        self._opened.__exit__(None, None, None)

    def add(self, source: Path, line: int, problems: Sequence[tuple[str, str]]) -> None:
        """Note what is wrong with a line."""
        self.count += 1
        errors = [{"path": path, "problem": problem} for path, problem in problems]
        self._lines.append(json.dumps({"file": name_of(source), "line": line, "errors": errors}, ensure_ascii=False))
        if len(self._lines) >= _FAULTS:
            self._out.save(self._lines)
            self._lines.clear()
        self.tell(f"{source}, line {line}: " + "; ".join(f"{path} {problem}".strip() for path, problem in problems))

    def publish(self) -> None:
        """Give the file its name; without a fault there is none."""
        if self.count:
            publish(self._fresh, self.path, keep=True)
            return
        self._fresh.unlink()
        if self.path.exists():
            self.path.replace(self.path.with_name(self.path.name + ".previous"))


def _read(sources: Sequence[Path], faults: _Faults, advance: Callable[[], object]) -> Iterator[Linkable]:
    for source in sources:
        for record in read_records(str(source), about_ads=True):
            ad, problems = to_linkable(record)
            if problems:
                faults.add(source, record.line, problems)
            advance()
            if ad is not None:
                yield ad


def _link(folder: Path) -> tuple[Links, Show]:
    """The groups of all signatures, and what shows a tie."""
    names = segments.batches(folder)
    if not names:
        return Links(0, (), ()), lambda _: ()
    parts = [segments.load(folder, x) for x in names]
    rows = newest(parts)
    starts = starts_of([len(x) for x in parts])
    signatures = join(parts)
    parts.clear()
    links = link_joined(signatures) if len(signatures) else Links(0, (), ())
    at = dict(zip(signatures.ids, rows.tolist(), strict=True))
    hubs = frozenset(links.hubs)

    @lru_cache(maxsize=4_096)
    def batch(number: int) -> Ragged:
        return segments.load_marks(folder, names[number])

    def marks(ad: str) -> Array:
        number = int(np.searchsorted(starts, at[ad], "right")) - 1
        return batch(number)[at[ad] - int(starts[number])]

    def show(tie: Tie) -> tuple[Highlight, ...]:
        return show_tie(marks(tie.first), marks(tie.second), hubs, kinds_shown(tie))

    return links, show


def _put_groups(output: Path, groups: Iterator[dict[str, Any]]) -> None:
    if output.suffix.lower() == ".parquet":
        put(output, lambda out: write_parquet(groups, out), keep=True)
    else:
        put(output, lambda out: _write(out, (json.dumps(x, ensure_ascii=False) for x in groups)), keep=True)


def _write(out: IO[bytes], lines: Sequence[str] | Iterator[str]) -> None:
    for line in lines:
        out.write(line.encode("utf-8") + b"\n")
