"""The service as people start it, in a home that goes away; and a plain app that answers with what it was sent."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from tests.conftest import ROOT
from triage.text import Document

FIRST = {"documents": [{"id": "first", "kind": "note", "text": "Han skylder penge for rejsen. Passet er taget."}]}


class NotStarted(RuntimeError):
    """The service did not begin to answer; its log says why."""


@dataclass
class Service:
    """``python -m serving start`` with defaults, but for the home, the port, the model and the calls a key has."""

    home: Path
    model: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=lambda: free_port())  # noqa: PLW0108 - defined below
    key: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What it has said."""
        return self.home / "log"

    @property
    def environment(self) -> dict[str, str]:
        """Of the service and of commands on its store."""
        others = {name: x for name, x in os.environ.items() if not name.startswith("TEGN_")}
        return others | {
            "TEGN_HOME": str(self.home / "tegn"),
            "TEGN_MODEL": str(self.model),
            "TEGN_PORT": str(self.port),
            "TEGN_CALLS_PER_MINUTE": "1000000",
            **self.settings,
        }

    def start(self, timeout: float = 180) -> float:
        """Start it; returns the seconds until it first answered a text.

        Raises:
            NotStarted: see the class.
        """
        self.home.mkdir(exist_ok=True)
        began = time.perf_counter()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "serving", "start"],
                cwd=ROOT, env=self.environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        with httpx.Client(base_url=self.url, timeout=60) as client:
            while time.perf_counter() < began + timeout:
                if self.process.poll() is not None:
                    break
                if not self.key and (found := re.search(r"tegn_\S+", self.log.read_text("utf-8"))):
                    self.key = found[0]
                with contextlib.suppress(httpx.HTTPError):
                    if self.key and client.post("/v1/tag", json=FIRST, headers=self.headers).status_code == 200:
                        return time.perf_counter() - began
                time.sleep(0.05)
        self.stop()
        raise NotStarted(self.log.read_text("utf-8")[-2000:])

    @property
    def headers(self) -> dict[str, str]:
        """Of a call with the key."""
        return {"Authorization": f"Bearer {self.key}"}

    def stop(self) -> None:
        """End it."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of the service's command line, on its store."""
        return subprocess.run(
            [sys.executable, "-m", "serving", *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def processes(self) -> list[psutil.Process]:
        """All its processes."""
        if self.process is None or not psutil.pid_exists(self.process.pid):
            return []
        top = psutil.Process(self.process.pid)
        return [top, *top.children(recursive=True)]

    def readers(self) -> list[psutil.Process]:
        """Its processes that read texts."""
        found = []
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                if "serving.inference.worker" in process.cmdline():
                    found.append(process)
        return found

    def wait_for_readers(self, timeout: float = 120) -> None:
        """Wait until as many processes as cores read: the first answer comes when one does."""
        end, wanted = time.monotonic() + timeout, len(os.sched_getaffinity(0))
        while time.monotonic() < end:
            found = self.readers()
            # One that has loaded its model waits for texts and uses no processor time.
            if len(found) >= wanted and all(x.cpu_percent(0.3) < 5 for x in found):
                return


@contextmanager
def serve(model: Path, *, inside: Path | None = None, **settings: str) -> Iterator[Service]:
    """A running service in a home that goes away, with all its reading processes ready."""
    with tempfile.TemporaryDirectory(prefix="tegn-bench-", dir=inside) as home:
        service = Service(Path(home), model, settings)
        try:
            service.start()
            service.wait_for_readers()
            yield service
        finally:
            service.stop()


@contextmanager
def echo() -> Iterator[str]:
    """A running app of Starlette alone that answers JSON with the same JSON; gives its address."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "tests.bench.echo:app", "--port", str(port), "--log-level", "error"], cwd=ROOT
    )
    try:
        for _ in range(600):
            with contextlib.suppress(httpx.HTTPError):
                if httpx.post(f"http://127.0.0.1:{port}/", json={}).status_code == 200:
                    break
            time.sleep(0.1)
        else:
            raise NotStarted("the plain app does not answer")
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(30)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with contextlib.closing(socket.socket()) as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def compiled_copy(model: Path, place: Path, documents: list[Document]) -> Path:
    """A copy of a model folder, compiled if it is of the encoder family and was not: what a release ships."""
    from triage.modelfolder import read_manifest

    shutil.copytree(model, place)
    manifest = read_manifest(place)
    if manifest["family"] == "encoder" and "compiled" not in manifest:
        from training.compile import compile_folder  # and with it torch

        compile_folder(place, documents)
    return place
