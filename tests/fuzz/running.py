"""A running app with people of every role and something on the desk, and an ear on everything that it logs."""

from __future__ import annotations

import json
import logging
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from argon2.profiles import CHEAPEST
from starlette.testclient import TestClient

from serving.app import create_app
from serving.headers import SECURITY
from serving.limits import Buckets, Limits
from serving.settings import Settings
from serving.store.desk import Mark, Text
from serving.store.tables import ROLES
from tests.fuzz.targets import Finding
from tests.localengine import LocalEngine

HOME = "http://127.0.0.1:3000"
NOTE = (
    "Manden skylder 30.000 kr. for rejsen til den der kørte bilen. Formanden har taget passet og gemt det. Sag nr. {}."
)
_PATIENCE = 60


@dataclass
class Ear(logging.Handler):
    """Hears what every logger says, whatever level and handlers it has, and keeps what holds a canary."""

    canary: str
    leaks: list[str] = field(default_factory=list)
    heard: int = 0

    def __post_init__(self) -> None:
        super().__init__(logging.DEBUG)

    __hash__ = logging.Handler.__hash__

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] in ("httpx", "httpx2", "httpcore", "httpcore2", "schemathesis"):
            return  # what the client of the tests says of itself
        self.heard += 1
        said = f"{record.getMessage()} {record.exc_info} {record.exc_text} {record.stack_info}"
        if record.exc_info:
            said += logging.Formatter().formatException(record.exc_info)
        if self.canary in said:
            self.leaks.append(f"{record.name} {record.levelname} {record.pathname.rsplit('/', 1)[-1]}:{record.lineno}")


@dataclass
class Running:
    """The app and who uses it."""

    app: Any
    client: TestClient
    ear: Ear
    key: str
    sessions: dict[str, str] = field(default_factory=dict)
    number: int = 0

    @property
    def canary(self) -> str:
        """The token that stands in everything that is sent."""
        return self.ear.canary

    def session(self, role: str) -> str:
        """The session of somebody of a role: made anew where an earlier request ended it."""
        access = self.app.state.access
        person = access.person(self.sessions.get(role, ""))
        if person is None or person.role != role:
            self.number += 1
            self.sessions[role] = access.use_link(access.add_user(f"{role} {self.number}", role))
        return self.sessions[role]

    def fill(self) -> None:
        """Put a text that is tagged, one that somebody reads and a table onto the desk."""
        for count in range(2):
            self.number += 1
            self.post(
                "/submit", "analyst", {"text": NOTE.format(f"{self.number}"), "kind": "note", "reference": f"J {count}"}
            )
        files = [("files", ("a.csv", b"nr;tekst\n1;Hun bor her i huset hos en mand\n", "text/csv"))]
        self.client.cookies.clear()
        self.client.cookies.set("tegn", self.session("analyst"))
        self.client.post("/uploads", data={"files_kind": "note"}, files=files, follow_redirects=False)
        until = time.monotonic() + _PATIENCE
        while (found := self._first()) is None and time.monotonic() < until:
            time.sleep(0.02)
        if found is not None:
            self.post(f"/texts/{found}/take", "analyst", {})

    def _first(self) -> int | None:
        with self.app.state.ledger.reading() as db:
            return db.scalar(sa.select(Text.id).where(Text.stage == "first").order_by(Text.id.desc()).limit(1))

    def version(self) -> str:
        """The version of the text somebody last marked."""
        with self.app.state.ledger.reading() as db:
            return str(db.scalar(sa.select(sa.func.max(Mark.id))) or 0)

    def post(self, path: str, role: str, data: dict[str, str]) -> None:
        """Send a form."""
        self.client.cookies.clear()
        self.client.cookies.set("tegn", self.session(role))
        self.client.post(path, data=data, follow_redirects=False)

    def check(self, response: Any, *, echoes: bool) -> None:
        """Refuse an answer that no request may get.

        Args:
            echoes: whether this answer may give back what was sent, as a form that has to be sent again does.

        Raises:
            Finding: it failed inside, lacks a header, leads elsewhere, or gives away what was sent.
        """
        status, headers = response.status_code, response.headers
        if status >= 500 and not (status == 503 and "retry-after" in headers):
            raise Finding(f"{status} with {headers.get('content-type')}")
        for name, value in SECURITY.items():
            allowed = name == "Cache-Control" and response.request.url.path.startswith("/static/")
            if headers.get_list(name) != [value] and not allowed:
                raise Finding(f"{status} without {name}")
        where = headers.get("location", "/")
        if not where.startswith("/") or where.startswith(("//", "/\\")):
            raise Finding("it leads elsewhere")
        if self.canary in str(headers):
            raise Finding("a header holds what was sent")
        if not echoes and self.canary in response.text:
            raise Finding(f"{status} gives back what was sent")
        if response.headers.get("content-type", "").startswith("text/html") and f"<{self.canary}" in response.text:
            raise Finding("what was sent stands in a page as markup")
        self.silent()

    def silent(self) -> None:
        """Refuse what was logged.

        Raises:
            Finding: some of it holds what was sent.
        """
        if self.ear.leaks:
            leaks, self.ear.leaks = self.ear.leaks, []
            raise Finding(f"a log holds what was sent: {leaks}")

    def finish(self) -> None:
        """Look at what nobody looks at after each request: the audit log, its chain, and the metrics.

        Raises:
            Finding: what was sent stands there, or the log is broken.
        """
        self.silent()
        with self.app.state.ledger.reading() as db:
            for row in db.connection().exec_driver_sql("SELECT actor, act, subject, details FROM audit"):
                if self.canary in json.dumps([str(x) for x in row]):
                    raise Finding("the audit log holds what was sent")
        if self.app.state.ledger.verify()[1] is not None:
            raise Finding("the audit log is broken")
        if self.canary in self.client.get("/metrics").text:
            raise Finding("the metrics hold what was sent")
        if not self.ear.heard:
            raise Finding("nothing was heard: the ear is deaf")


def _unmute() -> dict[logging.Logger, tuple[int, bool, bool]]:
    """Let every logger there is be heard, whatever its library or another test made of it; returns how they were."""
    loggers = [x for x in logging.Logger.manager.loggerDict.values() if isinstance(x, logging.Logger)]
    before = {x: (x.level, x.propagate, x.disabled) for x in loggers}
    for x in loggers:
        # Below its warnings SQLAlchemy tells every row: nobody turns that on by chance.
        x.setLevel(logging.WARNING if x.name.startswith("sqlalchemy") else logging.NOTSET)
        x.propagate, x.disabled = True, False
    return before


@contextmanager
def running(model: Path, seed: int) -> Iterator[Running]:
    """A running app on a model folder, listened to."""
    canary = f"Kanariefugl{seed % 10_000:04}"
    ear = Ear(canary)
    root, own = logging.getLogger(), logging.getLogger("tegn")
    engine = LocalEngine(model)
    with tempfile.TemporaryDirectory() as home, pytest.MonkeyPatch.context() as patch:
        patch.setattr("serving.store.passwords.PARAMETERS", CHEAPEST)
        settings = Settings(home=Path(home) / "home", model=model)
        app = create_app(lambda: settings, engine)
        level, before = root.level, _unmute()
        logging.captureWarnings(True)
        root.addHandler(ear)
        own.addHandler(ear)
        root.setLevel(logging.DEBUG)
        try:
            with TestClient(app, base_url=HOME) as client:
                app.state.limits = Limits(*(Buckets(1_000_000) for _ in range(4)))
                _unmute()  # also those that came with the start
                found = Running(app, client, ear, app.state.access.add_key(f"key {secrets.token_hex(4)}", ["tag"]))
                for role in ROLES:
                    found.session(role)
                yield found
        finally:
            root.removeHandler(ear)
            own.removeHandler(ear)
            root.setLevel(level)
            for logger, (old, propagate, disabled) in before.items():
                logger.setLevel(old)
                logger.propagate, logger.disabled = propagate, disabled
            logging.captureWarnings(False)
