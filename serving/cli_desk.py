"""Commands for what the review desk stores: exports, erasure, the audit log, a new master key."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import typer

from serving.desk import casefile, cases, decisions, rotation
from serving.desk.cases import ERASED_FOR, NoSuchCase
from serving.opening import open_existing, open_settings, stop
from serving.store import anchors
from serving.store.ledger import SYSTEM, UnusableEnd
from serving.store.vault import UNREADABLE

audit = typer.Typer(help="The audit log.", no_args_is_help=True)
TEXT_LEFT = (
    "the texts leave the protection of Tegn here: keep them where only those read them who may, and erase them in time"
)


def add_to(app: typer.Typer) -> None:
    """Give a command line these commands."""
    app.command("export-decisions")(export_decisions)
    app.command("erase")(erase)
    app.command("rotate-key")(rotate_key)
    app.add_typer(audit, name="audit")


@contextmanager
def _written(path: Path, *, force: bool) -> Iterator[TextIO]:
    """A file for its owner alone that gets its name once it is whole."""
    if path.exists() and not force:
        stop(f"{path} is there already; choose another name, or say --force to replace it")
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        stop(f"{path} cannot be written ({error.strerror}); choose a folder that is there and open to you")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            yield file
            file.flush()
            os.fsync(handle)
        if force:
            new.replace(path)
        else:
            try:
                os.link(new, path)  # refuses a name that was taken meanwhile
            except FileExistsError:
                stop(f"{path} was made by somebody else meanwhile; choose another name, or say --force to replace it")
    finally:
        new.unlink(missing_ok=True)


def export_decisions(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File of documents; standard output without it.")
    ] = None,
    provenance: Annotated[
        Path | None, typer.Option(help="File of how labels came about; OUTPUT.provenance.jsonl without it.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Write texts that are decided and may be used for training, with their labels, as JSON Lines of documents.

    Exit 3 if some could not be opened: they are named and left out.
    """
    if provenance is None and output is not None:
        provenance = output.with_name(f"{output.name}.provenance.jsonl")
    if output is not None and provenance == output:
        stop("documents and provenance are two files; give them two names")
    ledger = open_existing(open_settings())
    count, unread = 0, list[tuple[int, Exception]]()
    try:
        with ExitStack() as files:
            documents = files.enter_context(_written(output, force=force)) if output else sys.stdout
            origins = files.enter_context(_written(provenance, force=force)) if provenance else None
            for record in decisions.export(ledger, unreadable=lambda number, error: unread.append((number, error))):
                documents.write(json.dumps(record.document, ensure_ascii=False) + "\n")
                if origins is not None:
                    origins.write(json.dumps(record.provenance, ensure_ascii=False) + "\n")
                count += 1
    except BrokenPipeError:  # whoever read standard output stopped; so does Python at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        stop(f"the reader of standard output stopped after some of the first {count} texts")
    except OSError as error:
        stop(
            f"the export was not finished ({error.strerror}), and no file is left of it; check the disk and run it again"
        )
    typer.echo(
        f"{count} texts; {TEXT_LEFT}" if count else "there are no decided texts that may be used for training", err=True
    )
    if unread:
        for number, why in unread:
            typer.echo(f"text {number} was left out: {why}", err=True)
        raise typer.Exit(3)


def erase(
    case: Annotated[int, typer.Argument(min=1, max=2**31 - 1, help="Number of the case.")],
    reason: Annotated[str, typer.Option(help=f"Why: {', '.join(ERASED_FOR)}.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a case for good: its key, its texts and all that was decided."""
    if reason not in ERASED_FOR:
        stop(f"--reason is one of {', '.join(ERASED_FOR)}")
    ledger = open_existing(open_settings())
    try:
        with ledger.reading() as db:
            found = casefile.read(db, ledger, case)
        if found.erased is not None:
            raise NoSuchCase(f"case {case} was erased already, at {found.erased.isoformat(timespec='seconds')}")
        if not yes:
            what = f"{found.ads} ads" if found.group else f"{found.count} texts and {found.readings} readings"
            typer.confirm(f"Erase case {case} with {what} for good?", abort=True)
        done = cases.erase(ledger, case, actor=SYSTEM, reason=reason)
    except (*UNREADABLE, NoSuchCase) as error:
        stop(error)
    typer.echo(f"case {case} is erased with {done.texts} texts; copies and backups from before still hold it", err=True)
    if not done.overwritten:
        typer.echo(
            "the database's log could not be emptied, as somebody is reading: the service does it within ten minutes; "
            "where none runs, `python -m serving migrate` does it once nobody reads any more",
            err=True,
        )


@audit.command("verify")
def audit_verify(
    anchor: Annotated[str | None, typer.Option(help="An entry that was kept elsewhere, as SEQ:HEX.")] = None,
) -> None:
    """Check that nobody changed or cut the log; exit 1 with the first break."""
    settings = open_settings()
    known = []
    try:
        if anchor is not None:
            known.append(anchors.parse(anchor))
        kept = anchors.read_anchor(settings.home)
    except anchors.UnusableAnchor as error:
        stop(error)
    ledger = open_existing(settings)
    count, broken = anchors.verify(ledger, [*known, *([kept] if kept else [])], actor=SYSTEM)
    if broken is not None:
        typer.echo(
            f"{broken}. Copy TEGN_HOME and the database before anybody changes anything, and compare with the backups. "
            "If the master key was changed, the old ones have to be there: see docs/operations.md",
            err=True,
        )
        raise typer.Exit(1)
    print(f"intact: {count} entries; keep this anchor elsewhere: {anchors.dump(ledger.last())}")


@audit.command("anchor")
def audit_anchor() -> None:
    """Print the newest entry as SEQ:HEX, to be kept elsewhere."""
    ledger = open_existing(open_settings())
    try:
        print(anchors.dump(ledger.last()))
    except UnusableEnd as error:
        stop(error)


def rotate_key() -> None:
    """After the master key was replaced: bring everything under the new one. Run it again if it was interrupted."""
    ledger = open_existing(open_settings())
    try:
        done = rotation.rotate(ledger, progress=lambda count: typer.echo(f"{count} cases", err=True))
    except UNREADABLE as error:
        stop(error)
    for unread in done.unreadable:
        typer.echo(f"left under the old key, as it cannot be opened: {unread}", err=True)
    if not done.cases and not done.unreadable:
        typer.echo(f"everything is under the master key {ledger.vault.key_id} already", err=True)
        return
    typer.echo(
        f"{done.cases} cases and {done.texts} texts are under the master key {ledger.vault.key_id}; "
        "keep the old key apart for the audit log and backups from before",
        err=True,
    )
    if done.unreadable:
        typer.echo("leave the old key where it is, mend what cannot be opened, and run this again", err=True)
        raise typer.Exit(3)
