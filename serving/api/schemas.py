"""Shapes of requests and responses, as OpenAPI describes them. There is no field that says whether somebody is a victim."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from triage.text import STATES
from triage.wire import WireDocument

MAX_DOCUMENTS = 64
_Share = Annotated[float, Field(ge=0, le=1)]
_Offset = Annotated[int, Field(ge=0, description="Unicode code points into the text exactly as received.")]


class TagRequest(BaseModel):
    """Texts to tag."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)
    documents: Annotated[list[WireDocument], Field(min_length=1, max_length=MAX_DOCUMENTS)]

    def repeated_ids(self) -> list[int]:
        """Places of the documents whose id an earlier one has."""
        first: dict[str, int] = {}
        return [i for i, document in enumerate(self.documents) if first.setdefault(document.id, i) != i]


class Model(BaseModel):
    """Which model answered."""

    name: str
    version: str
    scheme: str


class Priority(BaseModel):
    """Place in the queue by a readable rule; it decides nothing."""

    level: Literal["high", "medium", "low", "none"]
    elements: Annotated[
        dict[Literal["act", "means", "purpose"], _Share], Field(description="After the Palermo Protocol.")
    ]


class Form(BaseModel):
    """A form of exploitation that flagged indicators point to."""

    code: str
    name: str
    because: list[str]


class Evidence(BaseModel):
    """Words of the text with their share of the indicator's score."""

    start: _Offset
    end: _Offset
    quote: str
    weight: _Share


class Check(BaseModel):
    """Whether the evidence alone gives the same decision, and whether the decision falls without it."""

    sufficient: bool
    necessary: bool


class Indicator(BaseModel):
    """A possible indicator in the text."""

    code: str
    name: str
    element: Literal["act", "means", "purpose", "sign", "ad"]
    strength: Literal["strong", "medium", "weak"]
    evidence_base: Literal["tested", "consensus", "practice", "contested"]
    probability: _Share
    decision: Literal["flag", "look", "clear"]
    state: Literal[STATES]  # type: ignore[valid-type]
    evidence: list[Evidence]
    check: Check | None


class Mention(BaseModel):
    """Words that name an indicator without stating it of the case."""

    code: str
    state: Literal["denied", "other_person", "hypothetical"]
    start: _Offset
    end: _Offset
    quote: str


class Entity(BaseModel):
    """A contact, register number, price, time, place, age or name in the text. All are candidates.

    The value is its normal form: a phone as E.164; a handle as `service:name` (`any` where no service is named); a price as
    `900 DKK`; hours as `10:00-22:00`; a date as ISO 8601 (`--05-03` without a year, `---03` without a month, `a/b` from a to b);
    a place as the list of places has it; a CPR number masked, `010190-xxxx`. The quote is as in the text.
    """

    type: Literal[
        "phone", "email", "url", "handle", "mobilepay", "cpr", "cvr", "price", "hours", "date", "place", "age", "name"
    ]
    start: _Offset
    end: _Offset
    quote: str
    value: str


class Result(BaseModel):
    """What the tagger says of one text."""

    id: str
    status: Literal["tagged", "abstained"]
    reasons: list[str]
    priority: Priority
    forms: list[Form]
    indicators: list[Indicator]
    mentions: list[Mention]
    entities: list[Entity]


class TagResponse(BaseModel):
    """The answer to a `TagRequest`, in its order."""

    model: Model
    results: list[Result]
