"""Where a run puts what it found: WARC files in the folder, and its reports beside it. Each step can be done twice."""

from __future__ import annotations

import json
from contextlib import closing
from functools import partial
from pathlib import Path

from serving.ads.collecting.report import ERRORS, JOURNAL
from serving.ads.collecting.state import State
from serving.ads.collecting.warcfile import write_warc
from serving.batch.resuming import Output
from serving.ondisk import put, sync_folder

_ANSWERS = 500
"""Answers that wait, at most, until they are written out."""
_BYTES = 20_000_000


class Shelf:
    """The files of one run."""

    def __init__(self, folder: Path, beside: Path, state: State, run: str) -> None:
        self._folder, self._beside, self._state, self._run = folder, beside, state, run
        self.files = {JOURNAL: beside / f"{run}.jsonl", ERRORS: beside / f"{run}.errors.jsonl"}

    def is_full(self) -> bool:
        """Whether enough waits to be written out."""
        return self._state.spool.answers >= _ANSWERS or self._state.spool.bytes >= _BYTES

    def write_out(self) -> None:
        """Write out what waits. After a kill in between it is done again, into the same files with the same bytes."""
        spool = self._state.spool
        number = int(self._state.fact("warcs") or 0)
        sites = spool.sites()
        for site in sites:
            folder = self._folder / site
            folder.mkdir(mode=0o700, exist_ok=True)
            number += 1
            name = f"{self._run}-{number:05}.warc.gz"
            about = json.loads(self._state.fact(f"about {site}") or "{}")
            write = partial(
                write_warc, name=name, time=self._state.fact("began") or "", about=about, answers=spool.kept(site)
            )
            # Made beside the folder: whoever reads it meets whole files alone.
            put(folder / name, write, made_in=self._beside)
            sync_folder(folder)
        sizes = {file: self._append(file) for file in self.files}
        if sites:
            sync_folder(self._folder)
        with self._state.change():
            spool.forget()
            self._state.set_fact("warcs", str(number))
            for file, size in sizes.items():
                self._state.set_fact(f"{file}_bytes", str(size))

    def _append(self, file: str) -> int:
        size = int(self._state.fact(f"{file}_bytes") or 0)
        lines = self._state.spool.said(file)
        if not lines and not size:
            return 0
        with closing(Output(self.files[file], size)) as out:
            return out.save(lines)
