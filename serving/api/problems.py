"""Errors as problem documents (RFC 9457). They never repeat what was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

MEDIA_TYPE = "application/problem+json"
_URN = "urn:tegn:problem:"

# Stable: callers may branch on them. One status each.
TYPES: dict[str, tuple[int, str]] = {
    "malformed-json": (400, "The body is not JSON"),
    "no-key": (401, "A valid API key is needed"),
    "scope": (403, "The key may not do this"),
    "not-found": (404, "There is nothing here"),
    "method": (405, "This path does not take this method"),
    "too-large": (413, "The request is too large"),
    "media-type": (415, "The body must be application/json"),
    "invalid-request": (422, "The request breaks the format"),
    "rate": (429, "Too many requests in a short time"),
    "internal": (500, "Tegn failed"),
    "interrupted": (503, "Reading the texts was interrupted"),
    "loading": (503, "The model is still loading"),
    "overloaded": (503, "Too many texts wait"),
    "store": (503, "The store does not answer"),
}


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    path: Annotated[str, Field(description="Where, such as documents[0].text; empty for the whole body.")]
    problem: str


class ProblemDocument(BaseModel):
    """The body of every error."""

    type: Annotated[str, Field(description="One of " + ", ".join(_URN + name for name in TYPES))]
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = Field(default_factory=list)


class Problem(Exception):
    """Ends a request with a problem document."""

    def __init__(
        self,
        name: str,
        detail: str,
        *,
        errors: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.name, self.detail, self.errors, self.headers = name, detail, tuple(errors), dict(headers or {})
        super().__init__(name)

    def response(self) -> JSONResponse:
        """The response of this problem."""
        status, title = TYPES[self.name]
        document = ProblemDocument(
            type=_URN + self.name,
            title=title,
            status=status,
            detail=self.detail,
            errors=[FieldProblem(path=path, problem=problem) for path, problem in self.errors],
        )
        return JSONResponse(
            document.model_dump(exclude_defaults=True), HTTPStatus(status), self.headers, media_type=MEDIA_TYPE
        )
