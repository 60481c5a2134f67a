"""A PostgreSQL server of the tests' own, from the binaries of the machine, on a Unix socket in a folder that goes away."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)


def find_binaries() -> Path | None:
    """The newest folder with `initdb` and `postgres`, or None."""
    found = [x for place in _PLACES for x in Path("/").glob(place.removeprefix("/")) if (x / "initdb").is_file()]
    if (on_path := shutil.which("initdb")) is not None:
        found.append(Path(on_path).resolve().parent)
    return max(found, key=lambda x: x.as_posix(), default=None)


def _account() -> dict[str, int]:
    """PostgreSQL does not run as root: then it runs as a user without rights."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid}
    raise LookupError("running as root, and there is neither a user postgres nor nobody to run PostgreSQL as")


@contextmanager
def server(binaries: Path) -> Iterator[str]:
    """A running server; gives the URL of its maintenance database."""
    account = _account()
    home = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path may have 107 bytes at most
    if account:
        os.chown(home, account["user"], account["group"])
    data = home / "data"
    subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "tegn", "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync"],
        check=True, capture_output=True, cwd=home, **account,
    )  # fmt: skip
    settings = {"listen_addresses": "", "unix_socket_directories": str(home), "fsync": "off", "max_connections": "60"}
    process = subprocess.Popen(
        [binaries / "postgres", "-D", data, *(f"--{key}={value}" for key, value in settings.items())],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=home, **account,
    )  # fmt: skip
    try:
        for _ in range(600):
            ready = subprocess.run([binaries / "pg_isready", "-h", home, "-q"], check=False).returncode == 0
            if ready:
                break
            if process.poll() is not None:
                raise RuntimeError(f"PostgreSQL ended with {process.returncode} before it was ready")
            subprocess.run(["sleep", "0.1"], check=True)
        yield f"postgresql+psycopg://tegn@/postgres?host={home}"
    finally:
        process.send_signal(signal.SIGINT)  # ends open connections; SIGTERM would wait for them
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
        shutil.rmtree(home, ignore_errors=True)


def new_database(url: str) -> str:
    """The URL of a fresh database on a server."""
    name = f"t{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)
