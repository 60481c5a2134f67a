"""Commands for ads: take them in from saved pages, crawls and feeds, and link them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from serving.batch.engines import LOCAL, PATIENCE
from serving.opening import end, resumable, stop

ads = typer.Typer(help="Ads from saved pages, crawls and feeds, and what links them.", no_args_is_help=True)
_TOLD = 20
"""Faults that are said one by one; the file has all."""
EngineName = Annotated[
    str,
    typer.Option(
        help="local: this machine; ray: the cluster of RAY_ADDRESS, or one of this machine (docs/operations.md)."
    ),
]
Patience = Annotated[
    float, typer.Option(min=1, metavar="SECONDS", help="Of a cluster: stop if it finished nothing for so long.")
]


def add_to(app: typer.Typer) -> None:
    """Give a command line these commands."""
    app.add_typer(ads, name="ads")


@ads.callback()
def _group() -> None:
    """Ads from saved pages, crawls and feeds, and what links them."""


@ads.command("import")
def import_sources(
    sources: Annotated[
        list[Path],
        typer.Argument(metavar="SOURCE...", help="Folders of saved pages, HTML, WARC, JSONL, CSV, RSS or Atom files."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Ads that `tag` reads: .jsonl or .parquet.")],
    rules: Annotated[Path | None, typer.Option(metavar="FILE.toml", help="What sites and feeds look like.")] = None,
    site: Annotated[str | None, typer.Option(metavar="NAME", help="The site that all sources come from.")] = None,
) -> None:
    """Take ads in, without any network. After an interruption the same command goes on; exit 3 if there were faults."""
    from serving.ads.importing import CannotImport, import_ads
    from serving.ads.rules import UnusableRules, read_rules

    with resumable(CannotImport, UnusableRules):
        known = read_rules(rules)
        if rules is not None and site is not None and site not in known.sites:
            stop(f"{rules} has no site named {site}; it has {', '.join(known.sites) or 'none'}")
        summary = import_ads(sources, output, known, site, tell=_teller(f"{output}.faults.jsonl"))
    end(summary.sentence(), summary.bad)


@ads.command("link")
def link_files(
    files: Annotated[
        list[Path], typer.Argument(metavar="ADS...", help="JSONL, CSV or Parquet files, as `ads import` writes them.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="One group a line: .jsonl or .parquet.")],
    signatures: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="What later runs add to; GROUPS.signatures if not given."),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Key of the hashes, kept elsewhere; else link.key in FOLDER, made on first use."
        ),
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes that sign; one a core if not given.")] = None,
    engine: EngineName = LOCAL,
    patience: Patience = PATIENCE,
) -> None:
    """Find out which ads belong together. After an interruption the same command goes on; exit 3 if lines were bad."""
    from serving.ads.linking import CannotLink, link_ads

    with resumable(CannotLink):
        summary = link_ads(
            files,
            output,
            folder=signatures,
            key_file=key,
            workers=workers,
            engine=engine,
            patience=patience,
            tell=_teller(f"{output}.errors.jsonl"),
        )
    end(summary.sentence(), summary.bad)


def _teller(rest: str) -> Callable[[str], None]:
    """Says the first faults, and where the others stand."""
    from tqdm import tqdm

    told = 0

    def tell(fault: str) -> None:
        nonlocal told
        told += 1
        if told <= _TOLD:
            tqdm.write(fault, file=sys.stderr)
        elif told == _TOLD + 1:
            tqdm.write(f"further faults stand in {rest}", file=sys.stderr)

    return tell
