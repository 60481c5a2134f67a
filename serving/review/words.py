"""What the pages say, in Danish and English (``words.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files

from markupsafe import Markup, escape

from triage.indicators import Indicator, Names

LANGUAGES = ("da", "en")


class Words:
    """The messages of one language."""

    def __init__(self, language: str, messages: dict[str, str]) -> None:
        self.language = language
        self._messages = messages

    def __contains__(self, key: str) -> bool:
        return key in self._messages

    def __iter__(self) -> Iterator[str]:
        return iter(self._messages)

    def __getitem__(self, key: str) -> str:
        return self._messages[key]

    def say(self, key: str, **values: object) -> str:
        """A message with its values filled in; markup, such as a moment's, stays markup."""
        if any(isinstance(x, Markup) for x in values.values()):
            return escape(self._messages[key]).format(**values)
        return self._messages[key].format(**values)

    def number(self, value: int) -> str:
        """A number of people's size, its thousands apart as the language has it."""
        return f"{value:,}".replace(",", "." if self.language == "da" else ",")

    def of(self, named: Indicator | Names) -> str:
        """The name of an indicator, element or form."""
        return named.en if self.language == "en" else named.da

    def about(self, names: Names) -> str:
        """The short explanation of an element."""
        return names.about_en if self.language == "en" else names.about_da

    def definition(self, indicator: Indicator) -> str:
        """What an indicator means."""
        return indicator.definition_en if self.language == "en" else indicator.definition_da


@lru_cache(maxsize=1)
def _file() -> dict[str, dict[str, str]]:
    return tomllib.loads((files("serving.review") / "words.toml").read_text("utf-8"))


def words_in(language: str | None) -> Words:
    """The messages of a language; Danish where it is not known."""
    chosen = language if language in LANGUAGES else "da"
    return Words(chosen, _file()[chosen])
