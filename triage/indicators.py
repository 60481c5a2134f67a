"""The indicator scheme, read from ``indicators.toml`` (or from any file of that format).

The order of the file is the order of every vector in a model folder.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

_Element = Literal["act", "means", "purpose", "sign", "ad"]
ELEMENTS: tuple[str, ...] = get_args(_Element)
"""In the order in which they are read: what is done, by which means, to what end; then what can be seen."""


class InvalidScheme(ValueError):
    """An indicator file breaks the format; the message says where."""


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    da: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]
    definition_da: Annotated[str, Field(min_length=1)]
    definition_en: Annotated[str, Field(min_length=1)]
    element: _Element
    strength: Literal["strong", "medium", "weak"]
    evidence_base: Literal["tested", "consensus", "practice", "contested"]
    forms: Literal["all"] | list[str]
    sources: list[str]


class _Names(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    da: str
    en: str
    about_da: str = ""
    about_en: str = ""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    version: str
    sources: dict[str, str]
    elements: dict[_Element, _Names]
    forms: dict[str, _Names]
    indicator: Annotated[list[_Row], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Names:
    """A name in both languages, with a short explanation where there is one."""

    da: str
    en: str
    about_da: str = ""
    about_en: str = ""


@dataclass(frozen=True, slots=True)
class Indicator:
    """One sign. `forms` is empty where the sign points to no form more than to another ("all")."""

    code: str
    da: str
    en: str
    definition_da: str
    definition_en: str
    element: str
    strength: str
    evidence_base: str
    forms: tuple[str, ...]
    sources: tuple[str, ...]

    @property
    def contested(self) -> bool:
        """Whether a controlled study found no effect or the opposite: shown, never weighted up."""
        return self.evidence_base == "contested"


@dataclass(frozen=True)
class Scheme:
    """The indicators in their order, with the names of elements and forms."""

    version: str
    indicators: tuple[Indicator, ...]
    elements: dict[str, Names]
    forms: dict[str, Names]
    sources: dict[str, str] = field(repr=False)
    raw: str = field(repr=False, compare=False)
    """The file itself, copied into every model folder."""

    def __iter__(self) -> Iterator[Indicator]:
        return iter(self.indicators)

    def __len__(self) -> int:
        return len(self.indicators)

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """Codes in the order of every vector."""
        return tuple(x.code for x in self.indicators)

    @cached_property
    def position(self) -> dict[str, int]:
        """Index of each code in that order."""
        return {code: index for index, code in enumerate(self.codes)}

    def __getitem__(self, code: str) -> Indicator:
        return self.indicators[self.position[code]]


def parse_scheme(raw: str) -> Scheme:
    """A scheme from the text of a TOML file.

    Raises:
        InvalidScheme: the file breaks the format.
    """
    try:
        file = _File.model_validate(tomllib.loads(raw))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise InvalidScheme(f"the indicator file is not valid: {error}") from None
    except RecursionError:
        raise InvalidScheme("the indicator file is not valid: it is nested too deeply") from None
    codes = [row.code for row in file.indicator]
    if len(set(codes)) != len(codes):
        raise InvalidScheme("the indicator file has the same code twice")
    for row in file.indicator:
        unknown = [x for x in ([] if row.forms == "all" else row.forms) if x not in file.forms]
        unknown += [x for x in row.sources if x not in file.sources]
        if row.element not in file.elements:
            unknown.append(row.element)
        if unknown:
            raise InvalidScheme(f"indicator {row.code} names what the file does not define: {', '.join(unknown)}")
    return Scheme(
        version=file.version,
        indicators=tuple(
            Indicator(
                **row.model_dump(exclude={"forms", "sources"}),
                forms=() if row.forms == "all" else tuple(row.forms),
                sources=tuple(row.sources),
            )
            for row in file.indicator
        ),
        elements={code: Names(**names.model_dump()) for code, names in file.elements.items()},
        forms={code: Names(**names.model_dump()) for code, names in file.forms.items()},
        sources=file.sources,
        raw=raw,
    )


def load_scheme(path: Path | None = None) -> Scheme:
    """The scheme of a file; without a path, the one shipped with Tegn.

    Raises:
        InvalidScheme: the file breaks the format.
        OSError, UnicodeDecodeError: it cannot be read, or is not UTF-8.
    """
    if path is None:
        return parse_scheme(files("triage").joinpath("indicators.toml").read_text("utf-8"))
    return parse_scheme(path.read_text("utf-8"))
