"""Templates of a world, and sentences made of them."""

from __future__ import annotations

import random
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_CHOICE = re.compile(r"\[([^\[\]]*)\]")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A template with its choices made; slots are still open."""

    template: str
    words: str


@dataclass(frozen=True)
class Grammar:
    """Everything that texts of a world are made of."""

    names: list[str]
    places: list[str]
    emoji: list[str]
    agency: list[str]
    portal_head: list[str]
    portal_foot: list[str]
    clinic: list[str]
    sections: dict[str, list[str]]
    habits: dict[str, list[str]]

    def draft(self, chance: random.Random) -> tuple[Sentence, ...]:
        """A new text: one or two sentences of most sections, in an order of its own between first and last."""
        first, *middle, last = self.sections
        chance.shuffle(middle)
        chosen = [first]
        for section in middle:
            chosen += [section] * chance.choices((0, 1, 2), (2, 6, 2))[0]
        return tuple(self._sentence(section, chance) for section in [*chosen, last])

    def paraphrase(self, draft: tuple[Sentence, ...], chance: random.Random) -> tuple[Sentence, ...]:
        """The same said otherwise: choices made anew, a third of the sentences replaced, the middle reordered."""
        section_of = {template: name for name, templates in self.sections.items() for template in templates}
        said = []
        for sentence in draft:
            section = section_of.get(sentence.template)
            if section and chance.random() < 0.35:
                said.append(self._sentence(section, chance))
            else:
                said.append(choose(sentence.template, chance))
        first, *middle, last = said
        chance.shuffle(middle)
        return (first, *middle, last)

    def habit(self, chance: random.Random) -> Sentence:
        """A turn of speech of somebody's own."""
        return choose(self._habit(chance.choice(self.habits["frames"]), chance), chance)

    def label(self, chance: random.Random) -> str:
        """An invented name of an agency."""
        return f"{chance.choice(self.habits['a'])} {chance.choice(self.habits['b'])}"

    def _habit(self, frame: str, chance: random.Random) -> str:
        return re.sub(r"\{([abc])\}", lambda x: chance.choice(self.habits[x[1]]), frame)

    def _sentence(self, section: str, chance: random.Random) -> Sentence:
        return choose(chance.choice(self.sections[section]), chance)


def choose(template: str, chance: random.Random) -> Sentence:
    """Make each choice of a template."""
    return Sentence(template, _CHOICE.sub(lambda x: chance.choice(x[1].split("|")), template))


@cache
def load_grammar(name: str) -> Grammar:
    """The grammar of a file beside this one."""
    with (Path(__file__).parent / f"{name}.toml").open("rb") as file:
        found: dict[str, Any] = tomllib.load(file)
    return Grammar(**found)
