"""Data cards: the front matter of ``README.md`` in a data set folder, as a strict model, and the generated part of the prose."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from triage.wire import problems_of

BEGIN, END = "<!-- generated: begin -->", "<!-- generated: end -->"
_STRICT = ConfigDict(extra="forbid", hide_input_in_errors=True)
_Text = Annotated[str, Field(min_length=1)]

# Sections of the prose, after Gebru et al., "Datasheets for Datasets" (2021).
SECTIONS = ("Motivation", "Composition", "Collection", "Annotation", "Uses", "Distribution", "Maintenance")


class InvalidCard(ValueError):
    """A card is missing, incomplete or wrong; the message says what to write."""


class Agreement(BaseModel):
    """Agreement of two annotations of the same texts, before settling; `texts` is 0 until a set is annotated twice.

    Of entities, `label_f1` is of types and values, `span_f1` of types with the exact words, and there is no kappa.
    """

    model_config = _STRICT
    texts: Annotated[int, Field(ge=0)]
    label_f1: float | None = None
    kappa: float | None = None
    span_f1: float | None = None


class About(BaseModel):
    """What Tegn itself needs to know of a data set."""

    model_config = _STRICT
    origin: _Text
    """Where the texts come from."""
    legal_basis: _Text
    """Why they may be processed."""
    sensitivity: Literal["none", "confidential", "case_data"]
    annotators: _Text
    agreement: Agreement
    scheme: _Text
    """Version of the indicator scheme the labels follow."""
    revision: _Text
    checksum: dict[str, str]
    """SHA-256 of each split's documents; written by `data build`."""


class DataFile(BaseModel):
    """One split of a Hub configuration."""

    model_config = _STRICT
    split: str
    path: str


class HubConfig(BaseModel):
    """A configuration as the Hugging Face Hub reads it."""

    model_config = _STRICT
    config_name: str
    data_files: list[DataFile]


class Card(BaseModel):
    """Front matter: Hub-compatible fields, and Tegn's own under `tegn`."""

    model_config = _STRICT
    pretty_name: _Text
    license: _Text
    language: list[str]
    task_categories: list[str]
    size_categories: list[str]
    tags: list[str]
    configs: list[HubConfig]
    tegn: About


def _split(raw: str) -> tuple[str, str]:
    if not raw.startswith("---\n") or "\n---\n" not in raw[4:]:
        raise InvalidCard("the card must begin with YAML front matter between two lines '---'")
    front, _, prose = raw[4:].partition("\n---\n")
    return front, prose


def read_card(folder: Path) -> Card:
    """The card of a data set folder.

    Raises:
        InvalidCard: see the class.
    """
    path = folder / "README.md"
    name = f"{folder.name}/README.md"
    try:
        front, prose = _split(path.read_text("utf-8"))
        card = Card.model_validate(yaml.safe_load(front))
    except OSError:
        raise InvalidCard(f"{folder.name}: the card README.md is missing") from None
    except UnicodeDecodeError:
        raise InvalidCard(f"{name} is not UTF-8; save it as UTF-8") from None
    except yaml.YAMLError as error:
        raise InvalidCard(f"{name}: the front matter is not YAML: {error}") from None
    except ValidationError as error:
        raise InvalidCard(f"{name}: " + "; ".join(": ".join(x) for x in problems_of(error))) from None
    except InvalidCard as error:
        raise InvalidCard(f"{name}: {error}") from None
    missing = [x for x in SECTIONS if f"\n## {x}\n" not in prose]
    if missing:
        raise InvalidCard(f"{name} lacks the sections {', '.join(missing)}")
    if BEGIN not in prose or END not in prose:
        raise InvalidCard(f"{name} lacks the marks {BEGIN} and {END}")
    return card


def update_card(folder: Path, *, checksum: dict[str, str], agreement: Agreement, texts: int, generated: str) -> None:
    """Write checksums, agreement and the generated part into a card; everything else stays as it is."""
    path = folder / "README.md"
    front, prose = _split(path.read_text("utf-8"))
    fields: dict[str, Any] = yaml.safe_load(front)
    if fields["tegn"]["checksum"] != checksum:
        fields["tegn"]["revision"] = datetime.date.today().isoformat()
    fields["tegn"]["checksum"] = checksum
    fields["tegn"]["agreement"] = agreement.model_dump(exclude_none=True)
    fields["size_categories"] = ["n<1K" if texts < 1000 else "1K<n<10K" if texts < 10_000 else "10K<n<100K"]
    before, _, rest = prose.partition(BEGIN)
    _, _, after = rest.partition(END)
    front = yaml.safe_dump(fields, allow_unicode=True, sort_keys=False, width=120)
    path.write_text(f"---\n{front}---\n{before}{BEGIN}\n{generated.strip()}\n{END}{after}", "utf-8", newline="\n")
