"""What is written down of every request: an id, a line in the log, counts for Prometheus."""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from datetime import UTC, datetime

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from formation_mlp.serve.metrics import counted
from formation_mlp.serve.problems import problem

API = "/api/v1"
REQUEST_ID = "x-request-id"
_SOUND_ID = re.compile(r"[\w.-]{1,64}")

log = logging.getLogger("formation_mlp.serve")


class Observed:
    """Gives each request an id, or keeps the one that it brings; writes a line, and counts.

    What the program fails at, the user is told as a problem with the id, and the log in full.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        brought = Headers(scope=scope).get(REQUEST_ID, "")
        id_ = brought if _SOUND_ID.fullmatch(brought) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = id_
        begun, status, n_bytes = time.perf_counter(), 0, 0

        async def seen(message: Message) -> None:
            nonlocal status, n_bytes
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = id_
            else:
                n_bytes += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, seen)
        except Exception:
            log.exception("defect", extra={"fields": {"request": id_, "path": scope["path"]}})
            if status:
                raise
            said = f"The service has a defect here; its log tells more under the request id {id_}."
            await problem(500, said)(scope, receive, seen)
        finally:
            seconds = time.perf_counter() - begun
            counted(scope["method"], _route(scope), status, seconds)
            log.info("request", extra={"fields": _told(scope, id_, status, n_bytes, seconds)})


def _route(scope: Scope) -> str:
    """Return the address without what differs from request to request, so that counts are few."""
    route = scope.get("route")
    if route is not None and hasattr(route, "methods"):
        path = str(route.path)
        return path if path.startswith(API) or not scope["path"].startswith(API) else f"{API}{path}"
    return "/static" if scope["path"].startswith("/static/") else "other"


def _told(scope: Scope, id_: str, status: int, n_bytes: int, seconds: float) -> dict[str, object]:
    client = scope.get("client")
    return {
        "request": id_,
        "method": scope["method"],
        "path": scope["path"],
        "status": status,
        "ms": round(1000 * seconds, 1),
        "bytes": n_bytes,
        "client": client[0] if client else None,
    }


class JsonLines(logging.Formatter):
    """One JSON object a line: what a log collector reads, and nothing that a sender can break a line with."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True)


def write_log(*, quiet: bool = False) -> None:
    """Write what the service logs to standard error; of requests nothing if ``quiet``."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    log.handlers, log.propagate = [handler], False
    log.setLevel(logging.WARNING if quiet else logging.INFO)
