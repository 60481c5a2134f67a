"""Routes under ``/v1``."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from serving.api.auth import Key
from serving.api.bodies import read_json
from serving.api.problems import MEDIA_TYPE, TYPES, Problem
from serving.api.schemas import TagRequest, TagResponse
from serving.engine import Engine, StillLoading
from serving.engine import tag as ask
from serving.noting import note
from serving.store.access import System
from serving.telemetry.observer import Observer

router = APIRouter(prefix="/v1")


def _errors(*names: str) -> dict[int | str, dict[str, Any]]:
    """The problem documents of a route, for its description."""
    described: dict[int | str, dict[str, Any]] = {}
    for name in names:
        status, title = TYPES[name]
        described[status] = {
            "description": title,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
        }
    return described


@router.post(
    "/tag",
    response_model=TagResponse,
    responses=_errors(
        "malformed-json",
        "no-key",
        "scope",
        "too-large",
        "media-type",
        "invalid-request",
        "rate",
        "internal",
        "interrupted",
        "loading",
        "overloaded",
        "store",
    ),
    summary="Tag texts with possible indicators and their evidence; stores nothing",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/TagRequest"}}},
        },
        "security": [{"key": []}],
    },
)
async def tag(
    request: Request,
    system: Annotated[System, Depends(Key("tag"))],
    all_indicators: Annotated[
        bool, Query(alias="all", description="Also the indicators decided `clear`, with their probabilities.")
    ] = False,
    check: Annotated[
        bool,
        Query(
            description="Check each flag by reading its words alone, and the text without them; takes half the time."
        ),
    ] = True,
) -> JSONResponse:
    """Texts of 1 to 50,000 code points, at most 64 at a time. The unit is the text: no person is scored."""
    engine: Engine = request.app.state.engine
    observer: Observer = request.app.state.observer
    if not engine.ready:
        raise StillLoading("the model is still loading")
    with observer.timed("read"):
        body = await read_json(request, TagRequest)
    if repeated := body.repeated_ids():
        problem = "stands twice; ids are unique within a request"
        raise Problem(
            "invalid-request",
            "See `errors` for each field.",
            errors=[(f"documents[{i}].id", problem) for i in repeated],
        )
    documents = [document.document() for document in body.documents]
    # The entry is written while the model works, so it costs no time; without it there is no answer.
    with observer.timed("whole"):
        (model, assessments), _ = await asyncio.gather(
            ask(engine, documents, check=check),
            note(request, system.actor, "api.called", route="v1.tag", documents=len(documents)),
        )
    observer.assessed("api", documents, assessments)
    return JSONResponse(
        {
            "model": {"name": model.name, "version": model.version, "scheme": model.scheme.version},
            "results": [assessment.to_json(all_indicators=all_indicators) for assessment in assessments],
        }
    )
