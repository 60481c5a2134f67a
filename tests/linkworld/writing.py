"""Texts with their slots filled in: what was written where is known, so the entities need no finder."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.linkworld.grammar import Sentence
from triage.assessment import Entity
from triage.text import Span

_SLOT = re.compile(r"\{(\w+)\}")
_WORDS = ("nul", "en", "to", "tre", "fire", "fem", "seks", "syv", "otte", "ni")
_LOOKALIKE = str.maketrans("aeopcx", "аеорсх")


@dataclass(frozen=True, slots=True)
class Filling:
    """What the slots of one ad are filled with."""

    posted: date
    names: Sequence[str]
    place: str
    prices: Sequence[int]
    hours: str
    age: int
    phones: Sequence[str]
    portal: str = ""
    disguised: bool = False
    marks: Sequence[str] = field(default=())
    """Emoji between sentences; none for plain full stops."""
    blurred: float = 0.0
    """Share of words written with look-alike letters or invisible joiners."""


def write(draft: Sequence[Sentence], filling: Filling, chance: random.Random) -> tuple[str, tuple[Entity, ...]]:
    """The text of an ad, and what stands in it."""
    parts: list[str] = []
    entities: list[Entity] = []
    at = 0

    def put(text: str) -> None:
        nonlocal at
        parts.append(text)
        at += len(text)

    turn = {"name": 0, "price": 0, "phone": 0}
    for sentence in draft:
        done = 0
        for slot in _SLOT.finditer(sentence.words):
            put(_blur(sentence.words[done : slot.start()], filling.blurred, chance))
            done = slot.end()
            for kind, shown, value in _fill(slot[1], filling, turn, chance):
                if kind:
                    entities.append(Entity(kind, Span(at, at + len(shown)), shown, value))
                put(shown)
        put(_blur(sentence.words[done:], filling.blurred, chance))
        put(f" {chance.choice(filling.marks)}\n" if filling.marks else chance.choice((". ", ". ", "\n")))
    return "".join(parts), tuple(entities)


def _fill(slot: str, filling: Filling, turn: dict[str, int], chance: random.Random) -> list[tuple[str, str, str]]:
    """(type, as written, value); an empty type is plain text between."""
    if slot == "name":
        name = filling.names[turn["name"] % len(filling.names)]
        turn["name"] += 1
        return [("name", name, name)]
    if slot == "place":
        return [("place", filling.place, filling.place)]
    if slot == "age":
        return [("age", str(filling.age), str(filling.age))]
    if slot == "price":
        price = filling.prices[turn["price"] % len(filling.prices)]
        turn["price"] += 1
        return [("price", f"{price} {chance.choice(('kr', 'kr.', ',-'))}", f"{price} DKK")]
    if slot == "hours":
        return [("hours", filling.hours, filling.hours)]
    if slot == "dates":
        last = filling.posted + timedelta(days=4)
        first = (f"{filling.posted.day}/{filling.posted.month}", filling.posted.isoformat())
        return [("date", *first), ("", "-", ""), ("date", f"{last.day}/{last.month}", last.isoformat())]
    if slot == "portal":
        return [("phone", _spaced(filling.portal), f"+45{filling.portal}")]
    if not filling.phones:
        return [("", chance.choice(("hjemmesiden", "siden her", "kontaktformularen")), "")]
    number = filling.phones[turn["phone"] % len(filling.phones)]
    turn["phone"] += 1
    return [("phone", disguise(number, chance) if filling.disguised else _spaced(number), f"+45{number}")]


def _spaced(number: str) -> str:
    return " ".join(number[i : i + 2] for i in range(0, 8, 2))


def disguise(number: str, chance: random.Random) -> str:
    """A number as it is hidden from those who search for it."""
    way = chance.randrange(5)
    if way == 0:
        return " ".join(_WORDS[int(x)] for x in number)
    if way == 1:
        return "".join(f"{x}\ufe0f\u20e3" for x in number)
    if way == 2:
        return chance.choice((" . ", " - ", " / ", "*")).join(number)
    if way == 3:
        return _spaced(number).replace("0", "O").replace("1", "l")
    return " ".join(_WORDS[int(x)] if chance.random() < 0.5 else x for x in number)


def _blur(text: str, share: float, chance: random.Random) -> str:
    if not share:
        return text
    return " ".join(
        _hide(word, chance) if len(word) > 3 and chance.random() < share else word for word in text.split(" ")
    )


def _hide(word: str, chance: random.Random) -> str:
    if chance.random() < 0.6:
        return word.translate(_LOOKALIKE)
    middle = len(word) // 2
    return word[:middle] + "\u200b" + word[middle:]
