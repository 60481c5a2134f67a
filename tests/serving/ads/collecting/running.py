"""Runs the command as an operator does, and reads what it left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from warcio.archiveiterator import ArchiveIterator

from tests.adsite.server import Served
from tests.conftest import ROOT

TIMEOUT = 400
_LIMITED = """import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
os.execv(sys.argv[2], sys.argv[2:])"""


def write_sites(path: Path, served: Served, **manners: Any) -> Path:
    """A rules file for a served site, as fast as a site of one's own may be read."""
    return write_file(path, table("tavle", ["127.0.0.1"], start=[f"{served.origin}/"], **manners))


def write_file(path: Path, *tables: str) -> Path:
    """A rules file with sites."""
    head = 'limit_mb = 1\n[collector]\ncontact = "ads@tavle.example"\n'
    path.write_text(head + "".join(tables), "utf-8")
    return path


def table(name: str, hosts: list[str], **manners: Any) -> str:
    """One site of a rules file."""
    known = {
        "permission": "Invented for a test, 3 May 2026",
        "follow": [r"/alle\?side=\d+$", r"/kalender\?dag=\d+$"],
        "private": True,
        "delay": 0,
        "concurrency": 4,
        "timeout": 20,
        "again": 0,
        **manners,
    }
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in known.items())
    return f"""[sites.{name}]
hosts = {json.dumps(hosts)}
ads = ['/annonce/[\\w-]+$']
text = ".ad-body"
title = "h1"
place = ".by"
[sites.{name}.collect]
{lines}
"""


def start(sites: Path, folder: Path, *more: str, disk: int | None = None) -> subprocess.Popen[str]:
    """Start the command.

    Args:
        disk: Bytes a file may have, as if the disk were full then.
    """
    command = [sys.executable, "-m", "serving", "ads", "collect", str(sites), "-o", str(folder), *more]
    if disk is not None:
        command = [sys.executable, "-c", _LIMITED, str(disk), *command]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True)


def run(sites: Path, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return finish(start(sites, folder, *more))


def finish(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """Wait for the end of a command."""
    try:
        out, err = process.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def path_of(url: str) -> str:
    """An address without its host."""
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def lines_of(folder: Path, *, errors: bool = False) -> list[dict[str, Any]]:
    """The lines of the last run's journal, or of its errors."""
    runs = sorted(x for x in beside(folder).glob("*.jsonl") if x.name.endswith(".errors.jsonl") == errors)
    return [json.loads(x) for x in runs[-1].read_text("utf-8").splitlines()] if runs else []


def changes_of(folder: Path) -> dict[str, list[str]]:
    """The paths of the last run's journal, by what changed."""
    found: dict[str, list[str]] = {}
    for line in lines_of(folder):
        found.setdefault(line["change"], []).append(path_of(line["address"]))
    return {change: sorted(paths) for change, paths in found.items()}


def beside(folder: Path) -> Path:
    """Where all but the pages lies."""
    return folder.with_name(folder.name + ".runs")


def kept(folder: Path, run: str = "") -> list[str]:
    """The paths of the pages in WARC files of a run, or of all."""
    found = []
    for file in sorted(folder.rglob(f"{run}*.warc.gz")):
        with file.open("rb") as stream:
            for record in ArchiveIterator(stream):
                record.content_stream().read()
                if record.rec_type == "response":
                    found.append(path_of(record.rec_headers.get_header("WARC-Target-URI")))
    return found


def runs(folder: Path) -> list[str]:
    """The names of all runs."""
    return sorted({x.name.split(".")[0] for x in beside(folder).glob("*.jsonl")})
