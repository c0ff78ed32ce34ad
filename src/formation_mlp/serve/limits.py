"""Bodies that are too large are refused before they are read, and while they are."""

from __future__ import annotations

import anyio
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from formation_mlp.serve.problems import ProblemError, problem
from formation_mlp.serve.settings import Settings

TABLES = "/api/v1/jobs"
"""The address that takes tables, which may be larger than other bodies."""


class BodyLimit:
    """Passes on at most as many bytes of a body as the address takes."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._limits = app, settings.limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._limits.table_bytes if scope["path"] == TABLES else self._limits.body_bytes
        stated = Headers(scope=scope).get("content-length", "0")
        if not stated.isdigit() or int(stated) > most:
            await problem(413, self._said(most))(scope, receive, send)
            return
        n_read, is_whole = 0, False

        async def counted() -> Message:
            nonlocal n_read, is_whole
            if is_whole:  # what is waited for then is the end of the connection
                return await receive()
            try:
                with anyio.fail_after(self._limits.idle_seconds):
                    message = await receive()
            except TimeoutError as error:
                raise ProblemError(408, f"Nothing has arrived for {self._limits.idle_seconds:g} s.") from error
            n_read += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            if n_read > most:
                raise ProblemError(413, self._said(most))
            return message

        await self._app(scope, counted, send)

    def _said(self, most: int) -> str:
        return f"The body is larger than {most / 2**20:g} MB, the limit of this address. Send less at once."
