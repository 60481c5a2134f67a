"""Documents as they travel: one JSON object each, checked strictly, errors that never repeat the input.

Offsets are code points (see `triage.text`). The same model reads API requests, JSON Lines, CSV and Parquet rows.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from triage.text import MAX_TEXT, NUL, SURROGATE, Document, Label, Span


class InvalidDocument(ValueError):
    """A document breaks the format: `problems` holds (path, what to do) pairs, never the text itself."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{path}: {problem}" if path else problem for path, problem in problems))


class MalformedJSON(ValueError):
    """Bytes are not one JSON value in UTF-8."""


def _check_characters(value: str) -> str:
    if NUL in value:
        raise ValueError("must not contain NUL characters; remove them")
    if SURROGATE.search(value):
        raise ValueError("must be Unicode text; it holds half of a surrogate pair")
    return value


CleanText = Annotated[str, AfterValidator(_check_characters)]
State = Literal["stated", "denied", "other_person", "hypothetical"]
_STRICT = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True, frozen=True)


class WireLabel(BaseModel):
    """An indicator marked in a text."""

    model_config = _STRICT
    indicator: Annotated[str, Field(min_length=1, max_length=100)]
    state: State = "stated"
    spans: list[Annotated[list[int], Field(min_length=2, max_length=2)]] = Field(default_factory=list)


class WireDocument(BaseModel):
    """A text to tag."""

    model_config = _STRICT
    id: Annotated[CleanText, Field(min_length=1, max_length=200, description="Your own id; unique within a request.")]
    kind: Literal["note", "ad"]
    text: Annotated[
        CleanText,
        Field(min_length=1, max_length=MAX_TEXT, description="Code points are counted; kept exactly as received."),
    ]
    source: Annotated[CleanText, Field(max_length=200)] | None = None
    lang: Annotated[CleanText, Field(max_length=35)] | None = None

    def document(self) -> Document:
        """The domain's own form of this document."""
        return Document(self.id, self.kind, self.text, self.source, self.lang)


class LabelledDocument(WireDocument):
    """A text with the labels people gave it; training texts may be of any length."""

    text: Annotated[CleanText, Field(min_length=1)]
    labels: list[WireLabel] = Field(default_factory=list)

    @model_validator(mode="after")
    def _spans_lie_in_text(self) -> LabelledDocument:
        for label in self.labels:
            for start, end in label.spans:
                if not 0 <= start < end <= len(self.text):
                    raise ValueError(f"span [{start}, {end}] of {label.indicator} is empty or outside the text")
        return self

    def document(self) -> Document:
        labels = tuple(
            Label(x.indicator, x.state, tuple(Span(start, end) for start, end in x.spans)) for x in self.labels
        )
        return Document(self.id, self.kind, self.text, self.source, self.lang, labels)


def parse_json(raw: bytes | str) -> Any:
    """One JSON value.

    Raises:
        MalformedJSON: not UTF-8, not JSON, NaN or Infinity, or nested too deeply; the message names the place only.
    """

    def refuse(_: str) -> None:
        raise ValueError

    try:
        return json.loads(raw.decode("utf-8") if isinstance(raw, bytes) else raw, parse_constant=refuse)
    except UnicodeDecodeError as error:
        raise MalformedJSON(f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise MalformedJSON(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except (ValueError, RecursionError):
        raise MalformedJSON("not JSON: a number out of range or nesting too deep") from None


def delimiter_of(first: str) -> str:
    """What separates the cells of CSV, by its first line: comma, tab, or the semicolon of spreadsheets in Denmark."""
    return max(",;\t", key=first.count)


def problems_of(error: ValidationError) -> list[tuple[str, str]]:
    """(path, problem) pairs of a validation error, without any input."""
    found = []
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        path = ""
        for part in item["loc"]:
            # An unknown field's name is the sender's own text: it is not repeated.
            if item["type"] == "extra_forbidden" and part == item["loc"][-1]:
                continue
            path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
        if item["type"] == "extra_forbidden":
            problem = "has a field that is not known; remove it"
        else:
            problem = item["msg"].removeprefix("Value error, ")
        found.append((path, problem))
    return found


def read_document(value: Any, *, labelled: bool = False) -> Document:
    """The document of one parsed JSON object.

    Raises:
        InvalidDocument: a field is missing, unknown or wrong.
    """
    try:
        return (LabelledDocument if labelled else WireDocument).model_validate(value).document()
    except ValidationError as error:
        raise InvalidDocument(problems_of(error)) from None


def document_to_json(document: Document) -> dict[str, Any]:
    """The JSON object of a document; fields that are not set are left out."""
    record: dict[str, Any] = {"id": document.id, "kind": document.kind}
    if document.source is not None:
        record["source"] = document.source
    if document.lang is not None:
        record["lang"] = document.lang
    record["text"] = document.text
    record["labels"] = [
        {"indicator": x.indicator, "state": x.state, "spans": [[s.start, s.end] for s in x.spans]}
        for x in document.labels
    ]
    return record
