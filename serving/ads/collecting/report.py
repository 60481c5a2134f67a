"""What a run tells of one site: a line for each change and each fault, and numbers. No line has words of a page."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from serving.ads.collecting.faults import Trouble
from serving.ads.collecting.state import State

JOURNAL, ERRORS = "journal", "errors"


class Report:
    """The lines of one site, kept in the state until they are written out. For use inside `State.change`."""

    def __init__(
        self, state: State, site: str, run: str, tell: Callable[[Trouble], None], now: Callable[[], datetime]
    ) -> None:
        self._state, self._site, self._run, self._tell, self._now = state, site, run, tell, now

    def time(self) -> str:
        """Now, as it stands in reports."""
        return self._now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def trouble(self, url: str, fault: str, status: int | None) -> None:
        """An address gave nothing, or not what it should."""
        trouble = Trouble(self.time(), self._site, url, fault, status)
        self._state.spool.say(ERRORS, json.dumps(trouble.to_json(), ensure_ascii=False))
        self._state.count("faults")
        self._state.count(f"fault {fault}")
        self._tell(trouble)

    def limit(self, url: str, fault: str) -> None:
        """A limit of the rules keeps from going on: said once in a run."""
        fact = f"{fault} of {self._site}"
        if self._state.fact(fact) != self._run:
            self._state.set_fact(fact, self._run)
            self.trouble(url, fault, None)

    def change(self, url: str, status: int | None, change: str, *, same_as: str | None = None) -> None:
        """A page is not what it was."""
        line = {"time": self.time(), "site": self._site, "address": url, "status": status, "change": change}
        if same_as is not None:
            line["same_as"] = same_as
        self._state.spool.say(JOURNAL, json.dumps(line, ensure_ascii=False))
        self._state.count(change)
