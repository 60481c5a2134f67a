"""Commands for ads: collect their pages, take them in from pages, crawls and feeds, link them, and bring groups to the desk."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from serving.batch.engines import LOCAL, PATIENCE
from serving.opening import end, plain, resumable, stop

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


@ads.command("collect")
def collect_sites(
    rules: Annotated[
        Path, typer.Argument(metavar="SITES.toml", help="Sites, who allowed them to be read, and what their ads are.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="WARC files that `import` reads.")],
    site: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="This site alone; all that may be if not given.")
    ] = None,
) -> None:
    """Read sites that you may read, slowly. After an interruption the same command goes on; exit 3 if there were faults."""
    from serving.ads.collecting.collecting import CannotCollect, collect
    from serving.ads.rules import UnusableRules, read_rules

    with resumable(CannotCollect, UnusableRules):
        summary = collect(
            read_rules(rules), output, tuple(site or ()), tell=_teller(f"the errors file in {output}.runs")
        )
        if summary.interrupted:
            typer.echo(plain(summary.sentence()), err=True)
            raise KeyboardInterrupt
    end(summary.sentence(), summary.bad)


@ads.command("import")
def import_sources(
    sources: Annotated[
        list[Path],
        typer.Argument(metavar="SOURCE...", help="Folders of saved pages, HTML, WARC, JSONL, CSV, RSS or Atom files."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Ads that `tag` reads: .jsonl or .parquet.")],
    rules: Annotated[Path | None, typer.Option(metavar="FILE.toml", help="What sites and feeds look like.")] = None,
    site: Annotated[str | None, typer.Option(metavar="NAME", help="The site that all sources come from.")] = None,
    retrieved: Annotated[
        str | None,
        typer.Option(metavar="DAY", help="When the sources were saved, for those that do not tell it: 2026-11-21."),
    ] = None,
) -> None:
    """Take ads in, without any network. After an interruption the same command goes on; exit 3 if there were faults."""
    from serving.ads.importing import CannotImport, import_ads
    from serving.ads.rules import UnusableRules, read_rules

    with resumable(CannotImport, UnusableRules):
        known = read_rules(rules)
        if rules is not None and site is not None and site not in known.sites:
            stop(f"{rules} has no site named {site}; it has {', '.join(known.sites) or 'none'}")
        tell = _teller(f"{output}.faults.jsonl")
        summary = import_ads(sources, output, known, site, retrieved=retrieved, tell=tell)
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


@ads.command("load")
def load_files(
    files: Annotated[list[Path], typer.Argument(metavar="ADS...", help="Files of ads that were linked.")],
    groups: Annotated[Path, typer.Option("--groups", "-g", metavar="GROUPS", help="What `ads link` wrote of them.")],
    answers: Annotated[
        list[Path] | None,
        typer.Option("--answers", "-a", metavar="TAGGED", help="What `tag` wrote of them; may be given several times."),
    ] = None,
    gone: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="REPORT",
            help="RUN.jsonl of `ads collect` or OUTPUT.faults.jsonl of `ads import`, which say what ads are gone;"
            " may be given several times.",
        ),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Bring back groups that were erased here, too.")] = False,
) -> None:
    """Bring groups of ads to the review desk. Run again, it follows what changed; exit 3 if there were faults."""
    from tqdm import tqdm

    from serving.groups.loading import CannotLoad, load_groups
    from serving.opening import open_existing, open_settings

    settings = open_settings()
    ledger = open_existing(settings)
    with resumable(CannotLoad):
        summary = load_groups(
            ledger,
            groups,
            files,
            answers or (),
            gone or (),
            keep_days=settings.keep_days,
            again=again,
            tell=lambda said: tqdm.write(plain(said), file=sys.stderr),
        )
    end(summary.sentence(), summary.bad or summary.missing)


def _teller(rest: str) -> Callable[[str], None]:
    """Says the first faults, and where the others stand."""
    from tqdm import tqdm

    told = 0

    def tell(fault: str) -> None:
        nonlocal told
        told += 1
        if told <= _TOLD:
            tqdm.write(plain(fault), file=sys.stderr)
        elif told == _TOLD + 1:
            tqdm.write(plain(f"further faults stand in {rest}"), file=sys.stderr)

    return tell
