"""The description of the API, OpenAPI 3.1, made of its routes."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from serving.api.problems import ProblemDocument
from serving.api.schemas import TagRequest


def describe(app: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1 of everything under ``/v1``."""
    described = get_openapi(
        title="Tegn",
        version="1",
        openapi_version="3.1.0",
        description="Possible indicators of human trafficking in Danish texts, with the words that are the evidence. "
        "People decide; nothing here is a statement about a person.",
        routes=app.routes,
    )
    schemas = described.setdefault("components", {}).setdefault("schemas", {})
    for model in (TagRequest, ProblemDocument):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas[model.__name__] = schema
    described["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    # FastAPI describes its own form of 422 errors, which this API does not send.
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    return described
