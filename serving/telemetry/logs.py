"""Log lines, as plain text or as one JSON object a line. Standard library alone: a formatter of a few lines needs no dependency.

Lines of Tegn say what their call says. Of all other loggers only the first line of a message is written, and never a traceback:
asyncio and servers put the words of exceptions there, and those may hold text of a document.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

OURS = "tegn"
FORMATS = ("text", "json")
_OTHERS = ("", "bentoml", "uvicorn.error", "circus")
"""Loggers whose handlers BentoML makes; "" is the root."""
REQUEST = "%s %s %d %.0f ms"
"""The line of a request as text; its fields are in `FIELDS`."""
FIELDS = ("route", "method", "status", "ms", "trace")


def request_line(log: logging.Logger, route: str, method: str, status: int, seconds: float, trace: str | None) -> None:
    """Write the line of a request: route, method, status, milliseconds and trace. Never the path as sent, a header or a body."""
    fields = {"route": route, "method": method, "status": status, "ms": round(seconds * 1000, 1), "trace": trace}
    log.info(REQUEST, method, route, status, seconds * 1000, extra={"tegn": fields})


class _Plain(logging.Formatter):
    """Time, level and words; no traceback."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        record = _without_traceback(record)
        return super().format(record)


class _JSON(logging.Formatter):
    """One JSON object a line: time, level, event, and the fields of a request or the words."""

    def format(self, record: logging.LogRecord) -> str:
        record = _without_traceback(record)
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
        }
        fields = getattr(record, "tegn", None)
        if isinstance(fields, dict):
            line["event"] = "request"
            line |= {name: fields[name] for name in FIELDS if fields.get(name) is not None}
        elif record.name == OURS:
            # What the line says of every text or file alike: it can be counted without knowing the words.
            line |= {"event": str(record.msg), "message": record.getMessage()}
        else:
            line |= {"event": "server", "logger": record.name, "message": record.getMessage()}
        return json.dumps(line, ensure_ascii=False)


class _Kept(logging.Formatter):
    """Another formatter's lines without tracebacks."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        return self._inner.format(_without_traceback(record))


def _without_traceback(record: logging.LogRecord) -> logging.LogRecord:
    """A copy without traceback; of other loggers than ours with the first line of the message alone, and the error's kind."""
    copy = logging.makeLogRecord(record.__dict__)
    copy.exc_info = copy.exc_text = copy.stack_info = None
    if record.name != OURS:
        copy.msg, copy.args = record.getMessage().split("\n", 1)[0], ()
        if record.exc_info and record.exc_info[0]:
            copy.msg += f" ({record.exc_info[0].__name__})"
    return copy


def set_up(form: str) -> None:
    """Write Tegn's own lines to standard error, and keep the words of documents out of the server's.

    Args:
        form: one of `FORMATS`.
    """
    log = logging.getLogger(OURS)
    formatter: logging.Formatter = _JSON() if form == "json" else _Plain()
    if not log.handlers:
        log.addHandler(logging.StreamHandler())
        log.setLevel(logging.INFO)
        log.propagate = False
    for handler in log.handlers:
        handler.setFormatter(formatter)
    logging.captureWarnings(form == "json")  # else they go to standard error as they are
    for name in _OTHERS:
        for handler in logging.getLogger(name).handlers:
            inner = handler.formatter or logging.Formatter()
            if form == "json":
                handler.setFormatter(formatter)
            elif not isinstance(inner, _Kept):
                handler.setFormatter(_Kept(inner))
