"""The command line of the service."""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import typer

from serving import cli_ads, cli_backup, cli_desk
from serving.batch.engines import LOCAL, PATIENCE
from serving.cli_ads import EngineName, Patience
from serving.opening import end, open_existing, resumable
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
cli_backup.add_to(app)
cli_ads.add_to(app)


def _access(settings: Settings) -> Access:
    return Access(_ledger(settings))


def _link(settings: Settings, token: str) -> str:
    return f"{settings.origin}/login/{token}"


def _try_to_listen(host: str, port: int, variable: str = "TEGN") -> None:
    """Listen where the service will, and let go again: a service that cannot start hands out no link and no key.

    Args:
        variable: what the settings of this address begin with.
    """
    try:
        family = socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET
    except ValueError:  # BentoML takes no names
        _stop(
            f"{variable}_HOST: {host} is no IP address; use 127.0.0.1 for this machine alone, 0.0.0.0 for all that reach it"
        )
    try:
        with socket.socket(family) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the service does
            trial.bind((host, port))
            trial.listen()
    except OSError as error:
        what = {
            errno.EADDRINUSE: f"port {port} of {host} is in use; stop what uses it or set {variable}_PORT to another",
            errno.EACCES: f"port {port} of {host} may not be used by this user; set {variable}_PORT to 1024 or more",
            errno.EADDRNOTAVAIL: f"{host} is no address of this machine, so port {port} cannot be used; set {variable}_HOST",
        }
        other = f"port {port} of {host} cannot be used ({error.strerror}); set {variable}_HOST and {variable}_PORT to others"
        _stop(what.get(error.errno or 0, other))


@app.command()
def start() -> None:
    """Migrate the store and serve; prints a log-in link and an API key if there are none yet."""
    from triage.loading import check_model
    from triage.modelfolder import BrokenModel

    settings = _settings()
    try:
        model = check_model(settings.model, settings.inference)
    except BrokenModel as error:
        _stop(error)
    _try_to_listen(settings.host, settings.port)
    if settings.metrics_port:
        _try_to_listen(settings.metrics_host, settings.metrics_port, "TEGN_METRICS")
    access = _access(settings)
    if not access.has_users():
        print(f"Log in once with this link: {_link(settings, access.add_user('admin', 'admin'))}")
    if not access.has_keys():
        print(f"API key of the first client: {access.add_key('first client', ['tag'])}")
    print(f"Tegn serves {model.name} {model.version} on {settings.origin}", flush=True)
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
    if settings.log == "json":
        arguments.append("--quiet")  # BentoML's supervisor writes lines of its own form: errors alone then
    os.chdir(root)
    os.execve(sys.executable, [sys.executable, "-m", "bentoml", *arguments], environment)  # noqa: S606


@app.command("migrate")
def migrate_store() -> None:
    """Bring the store to the newest form of its tables."""
    _access(_settings())
    typer.echo("the store is up to date", err=True)


Name = Annotated[str, typer.Argument(help="Name of the person.")]
Role = Annotated[str, typer.Option(help="analyst, lead, engineer or admin.")]


@contextmanager
def _arranging(*, may_begin: bool = False) -> Iterator[tuple[Access, Settings]]:
    """The store, for a command that says what cannot be and stops.

    Args:
        may_begin: the command may be the first, and makes the store then.
    """
    settings = _settings()
    access = _access(settings) if may_begin else Access(open_existing(settings))
    try:
        yield access, settings
    except NotAllowed as error:
        _stop(error)


@users.command("add")
def user_add(name: Annotated[str, typer.Argument(help="Name shown on the pages.")], role: Role) -> None:
    """Add a person; prints a one-time log-in link."""
    with _arranging(may_begin=True) as (access, settings):
        print(_link(settings, access.add_user(name, role)))


@users.command("link")
def user_link(name: Name) -> None:
    """Print a new one-time log-in link for a person; unused earlier ones stop working."""
    with _arranging() as (access, settings):
        print(_link(settings, access.new_link(name)))


@users.command("role")
def user_role(name: Name, role: Annotated[str, typer.Argument(help="analyst, lead, engineer or admin.")]) -> None:
    """Give a person another role; logs them out everywhere."""
    with _arranging() as (access, _):
        access.change_role(name, role)


@users.command("remove")
def user_remove(name: Name) -> None:
    """Let a person log in no more; the name stays with what they did."""
    with _arranging() as (access, _):
        access.remove_user(name)


@users.command("unlock")
def user_unlock(name: Name) -> None:
    """Let a person who is locked out try their password again."""
    with _arranging() as (access, _):
        access.unlock(name)


@users.command("bind")
def user_bind(name: Name, subject: Annotated[str, typer.Argument(help="The `sub` of the provider.")]) -> None:
    """Say who a person is at the OpenID Connect provider of the settings."""
    with _arranging() as (access, settings):
        if not settings.oidc_issuer:
            _stop("there is no provider; set TEGN_OIDC_ISSUER and what belongs to it (docs/operations.md)")
        access.bind(name, settings.oidc_issuer, subject)


@users.command("list")
def user_list() -> None:
    """Print name, role, when last seen, and state of everybody, with tabs between."""
    with _arranging() as (access, _):
        for x in access.users():
            state = "removed" if x.removed else "locked" if x.locked else "" if x.has_password else "no password"
            seen = x.seen.isoformat(timespec="minutes") if x.seen else "never"
            print(x.name, x.role, seen, state, sep="\t")


@keys.command("add")
def key_add(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    scope: Annotated[list[str] | None, typer.Option(help="What it may do; `tag` if none is named.")] = None,
) -> None:
    """Make an API key and print it; it cannot be read again."""
    with _arranging(may_begin=True) as (access, _):
        print(access.add_key(name, scope or ["tag"]))


@keys.command("list")
def key_list() -> None:
    """Print name, scopes and when it was made of each key, with tabs between; never the key."""
    with _arranging() as (access, _):
        for x in access.systems():
            print(x.name, ",".join(sorted(x.scopes)), x.created.isoformat(timespec="minutes"), sep="\t")


@keys.command("remove")
def key_remove(name: Annotated[str, typer.Argument(help="Name of the key.")]) -> None:
    """End a key."""
    with _arranging() as (access, _):
        access.remove_key(name)


@app.command()
def tag(
    source: Annotated[str, typer.Argument(metavar="INPUT", help="JSONL, CSV or Parquet file; - reads JSON Lines.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="One result object a line, in the order of INPUT.")],
    model: Annotated[
        Path | None, typer.Option(help="Model folder; TEGN_MODEL or the shipped one if not given.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes that tag; if not given one, or of a cluster all its processors."),
    ] = None,
    engine: EngineName = LOCAL,
    patience: Patience = PATIENCE,
    all_indicators: Annotated[bool, typer.Option("--all", help="All indicators, not only flag and look.")] = False,
    check: Annotated[bool, typer.Option(help="Check flags by their words; without, it takes half the time.")] = True,
) -> None:
    """Tag a file. After an interruption the same command goes on where it stopped; exit 3 if some lines were bad."""
    from serving.batch.run import CannotTag, tag_file
    from triage.modelfolder import BrokenModel

    settings = _settings()
    with resumable(CannotTag, BrokenModel):
        summary = tag_file(
            source,
            output,
            model or settings.model,
            inference=settings.inference,
            workers=workers,
            all_indicators=all_indicators,
            check=check,
            engine=engine,
            patience=patience,
        )
    end(summary.sentence(), summary.bad)
