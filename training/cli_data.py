"""The commands below `data`: check, count, build and import data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from training import agreement, card, cardsets, croissant, datacheck, dataset, datastats, entityset
from triage.indicators import load_scheme
from triage.modelfolder import write_json

data_app = typer.Typer(help="Check, count and build the data sets.", no_args_is_help=True)

Folders = Annotated[list[Path] | None, typer.Argument(help="Data set folders; all below data_cards/ if none is named.")]


def stop(error: object) -> NoReturn:
    """Say what is wrong and exit with 2."""
    typer.echo(str(error), err=True)
    raise typer.Exit(2)


def refuse_no_folder(file: Path | None) -> None:
    """Stop before anything is computed where its result cannot be written.

    Args:
        file: to be written; None for nowhere.
    """
    if file is not None and not file.parent.is_dir():
        stop(f"{file.parent} is no folder; make it, or name another")
    if file is not None and file.is_dir():
        stop(f"{file} is a folder; name a file in it")


def _folders(named: list[Path] | None) -> list[Path]:
    found = named or cardsets.set_folders()
    if not found:
        stop("no data set folder found; start in the repository, or name a folder with a card README.md")
    return found


@data_app.command("check")
def data_check(folders: Folders = None) -> None:
    """Check codes, offsets, states, splits, leakage and content rules; exit 1 if anything is wrong."""
    problems = datacheck.check_folders(_folders(folders), load_scheme())
    for problem in problems:
        typer.echo(problem, err=True)
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    typer.echo(count if problems else "all data sets are in order")
    raise typer.Exit(1 if problems else 0)


@data_app.command("stats")
def data_stats(folders: Folders = None) -> None:
    """Print the statistics of the data sets."""
    scheme = load_scheme()
    try:
        for folder in _folders(folders):
            typer.echo(f"# {folder.name}\n")
            if entityset.is_entity_set(folder):
                stats = entityset.describe(folder, entityset.read_folder(folder))
                typer.echo(entityset.as_markdown(folder, stats) + "\n")
                continue
            typer.echo(
                datastats.as_markdown(datastats.describe(cardsets.read_set(folder, scheme), scheme), scheme) + "\n"
            )
    except dataset.InvalidDataset as error:
        stop(error)


@data_app.command("build")
def data_build(folders: Folders = None) -> None:
    """Build data/*.jsonl, statistics and plot from the markup, and bring the card up to date."""
    scheme = load_scheme()
    try:
        for folder in _folders(folders):
            if entityset.is_entity_set(folder):
                typer.echo(f"{folder.name}: {entityset.build(folder)} test")
                continue
            texts = cardsets.read_set(folder, scheme)
            card.read_card(folder)  # before anything is written: data and card are built together or not at all
            dataset.build(folder, texts)
            stats = datastats.describe(texts, scheme)
            write_json(folder / "stats.json", stats)
            datastats.plot_indicators(stats, scheme, folder / "indicators.png")
            checksums = {split: dataset.checksum(texts.documents(split)) for split in dataset.SPLITS}
            card.update_card(
                folder,
                checksum=checksums,
                agreement=agreement.agreement_of(folder, scheme),
                texts=sum(len(texts.texts[split]) for split in dataset.SPLITS),
                generated=datastats.as_markdown(stats, scheme),
            )
            croissant.write(folder, card.read_card(folder))
            typer.echo(f"{folder.name}: " + ", ".join(f"{len(texts.texts[s])} {s}" for s in dataset.SPLITS))
    except (dataset.InvalidDataset, card.InvalidCard, OSError) as error:
        stop(error)


@data_app.command("import")
def data_import(
    source: Annotated[Path, typer.Argument(help="Export of another tool.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Labelled documents (JSON Lines).")],
    format_name: Annotated[str, typer.Option("--format", help="csv, jsonl, doccano, label-studio or prodigy.")],
    kind: Annotated[str, typer.Option(help="note or ad, where the export does not say.")] = "note",
) -> None:
    """Bring texts of your own, labelled elsewhere, into the format; exit 3 if some records could not be read."""
    from training.importer import FORMATS, CannotImport, import_file

    if format_name not in FORMATS:
        stop(f"unknown format {format_name!r}; formats are {', '.join(FORMATS)}")
    if output.exists():
        stop(f"{output} is there already; name another file")
    refuse_no_folder(output)
    try:
        found = import_file(source, format_name, load_scheme(), kind=kind)
    except CannotImport as error:
        stop(error)
    output.write_text(dataset.to_jsonl(found.documents), "utf-8", newline="\n")
    for problem in found.problems:
        typer.echo(problem, err=True)
    typer.echo(f"{len(found.documents)} documents in {output}, {len(found.problems)} records left out")
    raise typer.Exit(3 if found.problems else 0)
