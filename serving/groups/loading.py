"""Brings groups of ads into the store of the desk: files of ads, groups and answers in, the same state however often it is run.

Ads first, then answers, then groups: each in transactions of its own, so that an interruption leaves nothing half done, and the
same command goes on. What is stored already as it comes is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

from serving.ads.ads import MAX_URL, page_of
from serving.ads.linkable import to_linkable
from serving.batch.records import Record, UnreadableInput, check_source, read_records
from serving.batch.resuming import unfinished
from serving.groups.adstore import Incoming, Stored, store_ads
from serving.groups.answering import keep_answers, read_answers
from serving.groups.gone import count_gone, keep_gone, read_reports, uncounted
from serving.groups.lines import GroupLine, read_groups
from serving.groups.placing import erased_names, forget_loose, place_group
from serving.store.ledger import Ledger
from serving.store.vault import UNREADABLE

_BATCH = 64
"""Ads, or groups that are counted, of one transaction: others wait for the store meanwhile."""
Tell = Callable[[str], None]
T = TypeVar("T")


class CannotLoad(RuntimeError):
    """The loading cannot begin or go on; the message says what to do. Nothing finished is lost."""


@dataclass(slots=True)
class Summary:
    """What was brought in."""

    groups: int = 0
    changed: int = 0
    """Groups that are new or otherwise than before."""
    ads: int = 0
    """New ones."""
    renewed: int = 0
    """Ads that came otherwise than before."""
    answers: int = 0
    gone: int = 0
    """Ads that are gone from their pages since, or there again."""
    dropped: int = 0
    missing: int = 0
    """Ads of groups that are neither in the files nor in the store."""
    left_out: int = 0
    """Groups that were erased here."""
    bad: int = 0
    """Lines with faults, and what cannot be opened."""

    def sentence(self) -> str:
        """The summary in words."""
        parts = [
            f"{self.groups:,} groups, {self.changed:,} of them new or changed",
            f"{self.ads:,} ads new, {self.renewed:,} renewed, {self.dropped:,} in no group any more",
            f"{self.answers:,} answers new",
        ]
        if self.gone:
            parts.append(f"{self.gone:,} ads gone from their pages, or there again")
        if self.missing:
            parts.append(f"{self.missing:,} ads of groups are missing: give the files that they came in, too")
        if self.left_out:
            parts.append(f"{self.left_out:,} groups that were erased here were left out (--again brings them back)")
        if self.bad:
            parts.append(f"{self.bad:,} faults")
        return "; ".join(parts)


@dataclass(slots=True)
class _Wanted:
    """What the file of groups asks for."""

    group_of: dict[str, str] = field(default_factory=dict)
    """Of each ad the id of its group."""
    names: set[str] = field(default_factory=set)
    left_out: set[str] = field(default_factory=set)


def load_groups(
    ledger: Ledger,
    groups: Path,
    ads: Sequence[Path],
    answers: Sequence[Path] = (),
    reports: Sequence[Path] = (),
    *,
    keep_days: int,
    again: bool = False,
    tell: Tell = lambda _: None,
) -> Summary:
    """Bring groups in, with their ads and what the model said of these.

    Args:
        reports: what `ads collect` and `ads import` say of ads that are gone, see `serving.groups.gone`.
        again: groups that were erased here, too.
        tell: called with each fault, in words that quote nothing.

    Raises:
        CannotLoad: see the class.
    """
    summary = Summary()

    def fault(said: str) -> None:
        summary.bad += 1
        tell(said)

    try:
        for source in ads:
            check_source(str(source))
        for source in answers:
            source.open("rb").close()
        wanted = _want(ledger, groups, again=again, fault=fault)
        summary.left_out = len(wanted.left_out)
        sights = read_reports(reports, {page_of(x) for x in wanted.group_of}, fault)
        for stored in _store(ledger, ads, wanted, keep_days, fault):
            summary.ads += stored.new
            summary.renewed += stored.changed
            for said in stored.unreadable:
                fault(f"an ad was left as it is: {said}")
        for source in answers:
            for kept in _in_batches(read_answers(source, wanted.group_of.keys(), fault)):
                summary.answers += keep_answers(ledger, kept, fault)
        for told in _in_batches(x for x in wanted.group_of if page_of(x) in sights):
            summary.gone += keep_gone(ledger, told, sights, fault)
        for line in _lines(groups):
            if line[0].id in wanted.left_out:
                continue
            _place(ledger, *line, keep_days, wanted, summary, fault)
        summary.dropped = forget_loose(ledger)
        for numbers in _in_batches(iter(uncounted(ledger))):
            count_gone(ledger, numbers)
    except UnreadableInput as error:
        raise CannotLoad(str(error)) from None
    except OSError as error:
        raise CannotLoad(unfinished(error, groups)) from None
    return summary


def _lines(groups: Path) -> Iterator[tuple[GroupLine, str]]:
    for line in read_groups(groups):
        if line.group is not None:
            yield line.group, line.digest


def _want(ledger: Ledger, groups: Path, *, again: bool, fault: Tell) -> _Wanted:
    """Look through the file once: which ads are asked for, and whether it is a file of groups at all."""
    with ledger.reading() as db:
        erased = frozenset[str]() if again else erased_names(db)
    wanted, good = _Wanted(), 0
    for line in read_groups(groups):
        if line.group is None:
            fault(f"{groups}, line {line.number}: {line.problem}")
            continue
        good += 1
        if erased.intersection((line.group.id, *line.group.was)):
            wanted.left_out.add(line.group.id)
            continue
        wanted.names |= {line.group.id, *line.group.was}
        wanted.group_of |= dict.fromkeys(line.group.ads, line.group.id)
    if not good:
        raise CannotLoad(f"{groups} has no group that can be read; give the GROUPS that `ads link` wrote")
    return wanted


def _store(ledger: Ledger, ads: Sequence[Path], wanted: _Wanted, keep_days: int, fault: Tell) -> Iterator[Stored]:
    with tqdm(unit=" ads", disable=None) as bar:
        for source in ads:
            for batch in _in_batches(_incoming(source, wanted, fault, bar.update)):
                yield store_ads(ledger, batch, keep_days=keep_days)


def _incoming(source: Path, wanted: _Wanted, fault: Tell, advance: Callable[[], object]) -> Iterator[Incoming]:
    for record in read_records(str(source), about_ads=True):
        ad, problems = to_linkable(record)
        if problems:
            said = "; ".join(f"{path} {problem}".strip() for path, problem in problems)
            fault(f"{source}, line {record.line}: {said}")
        if ad is not None and ad.id in wanted.group_of:
            yield Incoming(ad, _url(record), wanted.group_of[ad.id])
        advance()


def _url(record: Record) -> str:
    value = record.about.get("url")
    return value if isinstance(value, str) and len(value) <= MAX_URL and value.isprintable() else ""


def _in_batches(items: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(islice(items, _BATCH)):
        yield batch


def _place(
    ledger: Ledger, line: GroupLine, digest: str, keep_days: int, wanted: _Wanted, summary: Summary, fault: Tell
) -> None:
    summary.groups += 1
    try:
        placed = place_group(ledger, line, digest, keep_days=keep_days, named=wanted.names)
    except UNREADABLE as error:
        fault(f"a group was left as it is: {error}")
        return
    summary.changed += placed.changed
    summary.missing += placed.missing
