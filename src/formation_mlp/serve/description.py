"""The description of the interface (OpenAPI): every address, every word, and problems as they are."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from formation_mlp.serve.problems import MEDIA_TYPE
from formation_mlp.serve.replies import Problem

METHODS = ("get", "post", "delete", "put", "patch")
OPEN_ADDRESSES = ("/healthz",)


def described(app: FastAPI) -> dict[str, Any]:
    """Return the description of an application: that of the framework, with problems in place of its own errors."""
    found = FastAPI.openapi(app)
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    found["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    answer = {
        "description": "A problem (RFC 9457).",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for address, methods in found["paths"].items():
        for method in (methods[name] for name in METHODS if name in methods):
            method["responses"].pop("422", None)
            method["responses"]["default"] = answer
            if address not in OPEN_ADDRESSES:
                method["security"] = [{"token": []}, {}]
    return found
