"""Errors as problem details (RFC 9457), with the words of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException as StarletteHTTPException

from formation_mlp.errors import (
    CheckpointError,
    ComputeError,
    ConfigError,
    DataError,
    FeatureError,
    FormationMLPError,
    InUseError,
)
from formation_mlp.quoting import quoted

MEDIA_TYPE = "application/problem+json"
KINDS: dict[type[FormationMLPError], tuple[int, str, str]] = {
    InUseError: (409, "in-use", "Another process works on this"),
    ComputeError: (503, "compute", "The work cannot be done now"),
    ConfigError: (422, "config", "An option is wrong"),
    DataError: (422, "data", "The data cannot be used"),
    FeatureError: (422, "feature", "A feature cannot be computed"),
    CheckpointError: (422, "model", "The model cannot answer this"),
    FormationMLPError: (422, "input", "The request cannot be answered"),
}
"""Error to the status, the last part of the type, and the title of its problem; the first that fits."""
STATUS = {
    400: ("request", "The request cannot be read"),
    401: ("token", "A token is needed"),
    403: ("origin", "The request comes from another site"),
    408: ("too-slow", "The request does not arrive"),
    409: ("state", "This cannot be done now"),
    404: ("not-found", "There is nothing at this address"),
    405: ("method", "This address does not know the method"),
    413: ("too-large", "The request is too large"),
    415: ("media-type", "The request is of another kind than is read here"),
    421: ("host", "The service is not called so"),
    422: ("input", "The request cannot be answered"),
    500: ("defect", "A defect of the service"),
    503: ("busy", "The service is busy"),
    507: ("no-room", "There is no room for this"),
}


class ProblemError(HTTPException):
    """An answer that is an error of the request, or of the service; of a kind that passes through the framework."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, detail, dict(headers or {}))


def problem(
    status: int,
    detail: str,
    *,
    kind: str | None = None,
    title: str | None = None,
    headers: Mapping[str, str] | None = None,
    **further: Any,
) -> JSONResponse:
    """Return an error as problem details.

    Parameters
    ----------
    status
        Of HTTP.
    detail
        What is wrong here, what is allowed, and what to try.
    kind, title
        Last part of the type, and what all problems of the type have in common; by default those of the status.
    headers
        Of the answer.
    further
        Members beyond those of the standard.
    """
    usual = STATUS.get(status, ("http", "The request failed"))
    content = {
        "type": f"urn:formation-mlp:problem:{kind or usual[0]}",
        "title": title or usual[1],
        "status": status,
        "detail": detail,
        **further,
    }
    return JSONResponse(content, status, dict(headers or {}), media_type=MEDIA_TYPE)


def of_error(error: FormationMLPError) -> JSONResponse:
    """Return the problem that an error of the user is."""
    status, kind, title = next(KINDS[one] for one in KINDS if isinstance(error, one))
    return problem(status, str(error), kind=kind, title=title)


def add_handlers(app: FastAPI) -> None:
    """Let an application answer all errors as problems."""

    @app.exception_handler(FormationMLPError)
    async def _of_user(_request: Request, error: FormationMLPError) -> Response:
        return of_error(error)

    @app.exception_handler(ProblemError)
    async def _of_service(_request: Request, error: ProblemError) -> Response:
        return problem(error.status_code, error.detail, headers=error.headers)

    @app.exception_handler(StarletteHTTPException)
    async def _of_http(request: Request, error: StarletteHTTPException) -> Response:
        where = f"{request.method} {quoted(request.url.path)[1:-1]}"
        detail = {404: f"{where}: there is nothing here. /api/v1/openapi.json lists the addresses."}.get(
            error.status_code, f"{where}: {error.detail}"
        )
        return problem(error.status_code, detail, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def _of_schema(_request: Request, error: RequestValidationError) -> Response:
        return of_validation(error)


def of_validation(error: RequestValidationError) -> JSONResponse:
    """Return the problem of a request that its schema does not allow: all that is wrong with it at once."""
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        return problem(400, f"The body is no JSON: {found[0]['ctx']['error']}.")
    errors = [
        {"pointer": "".join(f"/{part}" for part in one["loc"][1:]), "in": str(one["loc"][0]), "detail": one["msg"]}
        for one in found[:100]
    ]
    said = "; ".join(f"{'.'.join(map(str, one['loc'][1:])) or one['loc'][0]}: {one['msg']}" for one in found[:5])
    return problem(
        422, f"{said}.", kind="schema", title="The request is not of the form that is read here", errors=errors
    )
