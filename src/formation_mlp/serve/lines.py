"""Answers of many rows as lines of JSON, part by part: what is computed is sent while the rest still is."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import anyio
from fastapi.responses import StreamingResponse
from starlette.types import Message, Send

from formation_mlp.errors import FormationMLPError
from formation_mlp.serve.predicting import check_details, predict
from formation_mlp.serve.problems import ProblemError, of_error, problem
from formation_mlp.serve.schemas import PredictRequest
from formation_mlp.serve.state import Service

MEDIA_TYPE = "application/x-ndjson"
ROWS_PER_PART = 1_000
HEADING = ("unit", "scale", "models", "columns")
"""What a reader must know before the first row."""
HEADERS = {"x-accel-buffering": "no"}  # a proxy is not to collect the lines

log = logging.getLogger("formation_mlp.serve")


def asks_for_lines(accept: str) -> bool:
    """Return whether a header Accept names lines of JSON.

    Examples
    --------
    >>> asks_for_lines("application/x-ndjson; q=0.9, */*"), asks_for_lines("application/json")
    (True, False)
    """
    return any(kind.partition(";")[0].strip().lower() == MEDIA_TYPE for kind in accept.split(","))


class Lines(StreamingResponse):
    """Lines that are sent as they come, to a client that takes them.

    Parameters
    ----------
    content
        The lines.
    idle_seconds
        That the client may let a block lie; then it is given up, since it holds memory.
    """

    def __init__(self, content: AsyncIterator[bytes], idle_seconds: float) -> None:
        super().__init__(content, media_type=MEDIA_TYPE, headers=HEADERS)
        self._idle_seconds = idle_seconds

    async def stream_response(self, send: Send) -> None:
        """Send all lines."""

        async def sent(message: Message) -> None:
            with anyio.fail_after(self._idle_seconds):
                await send(message)

        try:
            await super().stream_response(sent)
        except TimeoutError:
            log.warning("a client took nothing for %g s, and is given up", self._idle_seconds)


async def predicted_lines(service: Service, request: PredictRequest, request_id: str) -> Lines:
    """Return the answer to a request as lines: a heading, a row of each formula, and at last counts and notes.

    Memory holds the request and a part of the answer. Each part waits for its turn as a request does. An error of the
    first part is raised; one of a later part is the last line, as problem details.

    Raises
    ------
    FormationMLPError
        As `predict` does.
    """
    check_details(request)
    first = await service.compute(_part, service, request, 0)
    return Lines(_lines(service, request, first, request_id), service.settings.limits.idle_seconds)


async def _lines(
    service: Service, request: PredictRequest, first: tuple[dict[str, Any], bytes], request_id: str
) -> AsyncIterator[bytes]:
    told, rows = first
    yield _line({name: told[name] for name in HEADING}) + rows
    n, n_failed = len(request.formulas), told["n_failed"]
    try:
        for start in range(ROWS_PER_PART, n, ROWS_PER_PART):
            told, rows = await service.compute(_part, service, request, start)
            n_failed += told["n_failed"]
            yield rows
    except Exception as error:
        yield _problem(error, request_id)
        return
    yield _line({"n_rows": n, "n_failed": n_failed, "notes": told["notes"]})


def _part(service: Service, request: PredictRequest, start: int) -> tuple[dict[str, Any], bytes]:
    """Return the answer to some formulas, and its rows as lines."""
    formulas = request.formulas[start : start + ROWS_PER_PART]
    told = predict(service, request.model_copy(update={"formulas": formulas}))
    return told, b"".join(map(_line, told.pop("rows")))


def _line(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def _problem(error: Exception, request_id: str) -> bytes:
    """Return the line that says why no more follow; the status is long sent."""
    if isinstance(error, FormationMLPError):
        answer = of_error(error)
    elif isinstance(error, ProblemError):
        answer = problem(error.status_code, error.detail)
    else:
        log.error("defect", exc_info=error, extra={"fields": {"request": request_id}})
        answer = problem(500, f"The service has a defect here; its log tells more under the request id {request_id}.")
    return bytes(answer.body) + b"\n"
