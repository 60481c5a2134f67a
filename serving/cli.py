"""The command line of the service."""

from __future__ import annotations

import errno
import os
import socket
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import typer

from serving import cli_desk
from serving.opening import open_settings as _settings
from serving.opening import open_store as _ledger
from serving.opening import stop as _stop
from serving.settings import Settings
from serving.store.access import Access, NotAllowed

app = typer.Typer(help="Serve a model folder.", no_args_is_help=True, pretty_exceptions_enable=False)
users = typer.Typer(help="People who may log in.", no_args_is_help=True)
keys = typer.Typer(help="API keys of other systems.", no_args_is_help=True)
app.add_typer(users, name="user")
app.add_typer(keys, name="key")
cli_desk.add_to(app)


def _access(settings: Settings) -> Access:
    return Access(_ledger(settings).engine)


def _link(settings: Settings, token: str) -> str:
    return f"{settings.origin}/login/{token}"


def _try_to_listen(settings: Settings) -> None:
    """Listen where the service will, and let go again: a service that cannot start hands out no link and no key."""
    host, port = settings.host, settings.port
    try:
        family = socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET
    except ValueError:  # BentoML takes no names
        _stop(
            f"TEGN_HOST: {host} is no IP address; use 127.0.0.1 for this machine alone, 0.0.0.0 for all that reach it"
        )
    try:
        with socket.socket(family) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the service does
            trial.bind((host, port))
            trial.listen()
    except OSError as error:
        what = {
            errno.EADDRINUSE: f"port {port} of {host} is in use; stop what uses it or set TEGN_PORT to another",
            errno.EACCES: f"port {port} of {host} may not be used by this user; set TEGN_PORT to 1024 or more",
            errno.EADDRNOTAVAIL: f"{host} is no address of this machine, so port {port} cannot be used; set TEGN_HOST",
        }
        other = f"port {port} of {host} cannot be used ({error.strerror}); set TEGN_HOST and TEGN_PORT to others"
        _stop(what.get(error.errno or 0, other))


@app.command()
def start() -> None:
    """Migrate the store and serve; prints a log-in link and an API key if there are none yet."""
    from triage.modelfolder import BrokenModel, read_manifest

    settings = _settings()
    try:
        model = read_manifest(settings.model)
    except BrokenModel as error:
        _stop(error)
    _try_to_listen(settings)
    access = _access(settings)
    if not access.has_users():
        print(f"Log in once with this link: {_link(settings, access.add_user('admin', 'admin'))}")
    if not access.has_keys():
        print(f"API key of the first client: {access.add_key('first client', ['tag'])}")
    print(f"Tegn serves {model['name']} {model['version']} on {settings.origin}", flush=True)
    root = Path(__file__).resolve().parent.parent
    environment = {
        **os.environ,
        # BentoML's worker runs from the project's folder: every path must hold there too.
        "TEGN_HOME": str(settings.home.resolve()),
        "TEGN_DATABASE_URL": settings.store_url,
        "TEGN_MODEL": str(settings.model.resolve()),
        "BENTOML_DO_NOT_TRACK": "True",
        "BENTOML_HOME": str((settings.home / "bentoml").resolve()),
    }
    arguments = ["serve", "serving.service:Tegn", "--host", settings.host, "--port", str(settings.port)]
    os.chdir(root)
    os.execve(sys.executable, [sys.executable, "-m", "bentoml", *arguments], environment)  # noqa: S606


@app.command("migrate")
def migrate_store() -> None:
    """Bring the store to the newest form of its tables."""
    _access(_settings())
    typer.echo("the store is up to date", err=True)


@users.command("add")
def user_add(
    name: Annotated[str, typer.Argument(help="Name shown on the pages.")],
    role: Annotated[str, typer.Option(help="analyst, lead or admin.")],
) -> None:
    """Add a person; prints a one-time log-in link."""
    settings = _settings()
    try:
        print(_link(settings, _access(settings).add_user(name, role)))
    except NotAllowed as error:
        _stop(error)


@users.command("link")
def user_link(name: Annotated[str, typer.Argument(help="Name of the person.")]) -> None:
    """Print a new one-time log-in link for a person; unused earlier ones stop working."""
    settings = _settings()
    try:
        print(_link(settings, _access(settings).new_link(name)))
    except NotAllowed as error:
        _stop(error)


@keys.command("add")
def key_add(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    scope: Annotated[list[str] | None, typer.Option(help="What it may do; `tag` if none is named.")] = None,
) -> None:
    """Make an API key and print it; it cannot be read again."""
    try:
        print(_access(_settings()).add_key(name, scope or ["tag"]))
    except NotAllowed as error:
        _stop(error)


@app.command()
def tag(
    source: Annotated[str, typer.Argument(metavar="INPUT", help="JSONL, CSV or Parquet file; - reads JSON Lines.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="One result object a line, in the order of INPUT.")],
    model: Annotated[
        Path | None, typer.Option(help="Model folder; TEGN_MODEL or the shipped one if not given.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that tag.")] = 1,
    engine: Annotated[str, typer.Option(help="local runs on this machine.")] = "local",
    all_indicators: Annotated[bool, typer.Option("--all", help="All indicators, not only flag and look.")] = False,
) -> None:
    """Tag a file. After an interruption the same command goes on where it stopped; exit 3 if some lines were bad."""
    from serving.batch.run import CannotTag, tag_file
    from triage.modelfolder import BrokenModel

    if engine != "local":
        _stop(f"the engine {engine!r} is not available in this version; use --engine local")
    try:
        summary = tag_file(source, output, model or _settings().model, workers=workers, all_indicators=all_indicators)
    except (CannotTag, BrokenModel) as error:
        _stop(error)
    except KeyboardInterrupt:
        typer.echo("interrupted; run the same command again to go on", err=True)
        raise typer.Exit(130) from None
    typer.echo(summary.sentence(), err=True)
    raise typer.Exit(3 if summary.bad else 0)
