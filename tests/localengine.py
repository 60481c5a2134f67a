"""An engine without processes of its own: pages and tools that are tried need no more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import anyio

from serving.engine import Described
from serving.inference.turns import Answer, Unreadable
from triage import language
from triage.loading import Model, load
from triage.tagger import Tagger
from triage.text import Document


class LocalEngine(Described):
    """One text at a time, in this process."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.tagger: Tagger = load(folder)
        self._tell(self.model)
        language.warm_up()
        self._limiter: anyio.CapacityLimiter | None = None

    ready = True

    async def read(
        self, documents: Sequence[Document], *, check: bool = True, patient: bool = False
    ) -> tuple[Model, list[Answer]]:
        """See `Engine.read`."""
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(1)
        with self._observer.timed("tag"):
            return self.model, [
                await anyio.to_thread.run_sync(self._one, x, check, limiter=self._limiter) for x in documents
            ]

    waiting = 0

    def _one(self, document: Document, check: bool) -> Answer:
        try:
            return self.tagger([document], check=check)[0]
        except Exception as error:  # its words may hold text
            return Unreadable(type(error).__name__)

    async def close(self) -> None:
        """Nothing is to be ended."""
