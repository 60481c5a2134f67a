"""Entities marked in a text by hand: the markup they are written in, its parser, and what their values look like.

``[[type|words]]`` marks words whose value can be read off them; ``[[type:value|words]]`` gives it, in short: a Danish phone
number as its eight digits, a price as its amount, hours as ``10-22``. ``[[type!:value|words]]`` says that the words are
disguised. Marks do not nest.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

from training.markup import InvalidMarkup
from triage.text import Span

_MARK = re.compile(r"\[\[([a-z]+)(!?)(?::([^|\]\n]*))?\|(.*?)\]\](?!\])", re.DOTALL)
_AMOUNT = re.compile(r"(\d{1,3}(?:\.\d{3})+|\d+)(?:,(\d\d))?")
_SPOKEN_FOR = re.compile(
    r"\+45[01]\d{7}|\+471\d{7}|\+401\d{8}|\+4810\d{7}|"
    r"\+447700900\d{3}|\+4670174(?:060[5-9]|06[1-9]\d)|\+4917139200\d\d"
)
"""Numbers nobody has: no Danish number begins with 0 or 1, no Norwegian or Romanian one with 1, no Polish one with 10; the
British, Swedish and German authorities keep the others for fiction."""

_DAY = r"(?:\d{4}|-)-\d\d-\d\d"
_NUMBER = r"\d+(?:\.\d\d)?"
SHAPES = {
    "phone": r"\+\d{8,15}",
    "email": r"[a-zæøå0-9._+-]+@[a-zæøå0-9.-]+\.example",
    "url": r"(?:https?://)?[a-zæøå0-9.-]+\.example(?:/[^\s]*)?",
    "handle": r"[a-z]+:[^\s@]+",
    "mobilepay": r"\+45[01]\d{7}|\d{5,6}",
    "cpr": r"[0-9x]{6}-xxxx",
    "cvr": r"0\d{7}",
    "price": rf"{_NUMBER}(?:-{_NUMBER})? (?:DKK|EUR)",
    "hours": r"(?:[01]\d|2[0-3]):[0-5]\d-(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)",
    "date": rf"{_DAY}(?:/{_DAY})?",
    "place": r"[A-ZÆØÅ][^\n]*",
    "age": r"[1-9]\d?(?:-[1-9]\d?)?",
    "name": r"[A-ZÆØÅ][^\n]*",
}
"""The form of each type's value. A CVR number begins with 0, which none has."""


@dataclass(frozen=True, slots=True)
class MarkedEntity:
    """Words of a text that a person marked."""

    type: str
    span: Span
    value: str
    disguised: bool = False


def parse_entities(marked: str) -> tuple[str, tuple[MarkedEntity, ...]]:
    """The plain text and the entities of a marked one, in order.

    Raises:
        InvalidMarkup: a mark is of no known type, has a value of the wrong form, or is not closed.
    """
    plain, entities, position, length = [], [], 0, 0
    for match in _MARK.finditer(marked):
        before = marked[position : match.start()]
        kind, disguised, written, words = match.groups()
        plain += [before, words]
        start = length + len(before)
        length = start + len(words)
        position = match.end()
        if kind not in SHAPES:
            raise InvalidMarkup(f"{kind!r} is no type of entity; types are {', '.join(SHAPES)}")
        if words != words.strip() or not words:
            raise InvalidMarkup(f"the mark of {kind} at {start} is empty, or begins or ends with white space")
        value = _value(kind, written, words, start)
        entities.append(MarkedEntity(kind, Span(start, length), value, bool(disguised)))
    text = "".join([*plain, marked[position:]])
    if "[[" in text or re.search(r"\w\]\](?!\])", marked[position:]):
        raise InvalidMarkup("a mark is not closed, or is not written as [[type:value|words]]")
    return text, tuple(entities)


def _value(kind: str, written: str | None, words: str, start: int) -> str:
    value = _expand(kind, words if written is None else written, words)
    if not re.fullmatch(SHAPES[kind], value) or (kind == "date" and not _is_day(value)):
        raise InvalidMarkup(f"the value of {kind} at {start} has not the form that a {kind} has; write it in the mark")
    if kind == "phone" and not _SPOKEN_FOR.fullmatch(value):
        raise InvalidMarkup(f"the phone number at {start} may be somebody's; a Danish one must begin with 0 or 1")
    return value


def _expand(kind: str, short: str, words: str) -> str:
    """The value that a mark gives in short, or the words themselves."""
    if kind in ("phone", "mobilepay"):
        digits = re.sub(r"\D", "", short)
        return f"+{digits}" if short.startswith("+") else f"+45{digits}" if len(digits) == 8 else digits
    if kind == "cvr":
        return re.sub(r"\D", "", short)
    if kind == "price":
        amounts = short if short != words else _amount(short)
        return f"{amounts} {'EUR' if re.search('eur|€', words, re.IGNORECASE) else 'DKK'}"
    if kind == "hours":
        return "-".join(_time(x) for x in short.split("-"))
    if kind == "age":
        return "-".join(re.findall(r"\d+", short))
    return short.lower() if kind == "email" else short


def _amount(words: str) -> str:
    found = _AMOUNT.search(words)
    if found is None:
        return ""
    return found[1].replace(".", "") + (f".{found[2]}" if found[2] not in (None, "00") else "")


def _time(short: str) -> str:
    hour, _, minute = short.partition(":")
    return f"{hour:0>2}:{minute or '00'}"


def _is_day(value: str) -> bool:
    """Whether a date, or both ends of a range, are in the calendar; without a year, in that of a leap year."""
    for day in value.split("/"):
        try:
            datetime.date.fromisoformat(day if not day.startswith("--") else f"2024-{day[2:]}")
        except ValueError:
            return False
    return True
