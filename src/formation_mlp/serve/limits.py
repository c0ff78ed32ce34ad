"""Bodies that are too large are refused before they are read, and while they are."""

from __future__ import annotations

import anyio
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from formation_mlp.serve.problems import ProblemError, problem
from formation_mlp.serve.settings import Settings

TABLES = "/api/v1/jobs"
"""The address that takes tables, which may be larger than other bodies."""
FIRST_ERROR = 400
THROWN_AWAY, LINGER = 2**28, 10.0
"""Bytes of a refused body that are read, and the seconds that this may take."""


class BodyLimit:
    """Passes on at most as many bytes of a body as the address takes.

    Where an answer is an error, what is left of the body is read and thrown away first, up to a bound: a client that is
    still sending would see a broken connection in place of the reason.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._limits = app, settings.limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._limits.table_bytes if scope["path"] == TABLES else self._limits.body_bytes
        body = _Body(receive, most, self._limits.idle_seconds)

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= FIRST_ERROR:
                await body.throw_away()
            await send(message)

        stated = Headers(scope=scope).get("content-length", "0")
        if not stated.isdigit() or int(stated) > most:
            await problem(413, _said(most))(scope, receive, sent)
            return
        await self._app(scope, body.receive, sent)


class _Body:
    """A body as it arrives.

    Parameters
    ----------
    receive
        Gives its blocks.
    most
        Bytes that are taken.
    idle_seconds
        That may pass between two blocks.
    """

    def __init__(self, receive: Receive, most: int, idle_seconds: float) -> None:
        self._receive, self._most, self._idle_seconds = receive, most, idle_seconds
        self._n_read, self._is_whole = 0, False

    async def receive(self) -> Message:
        """Return the next block, or what follows the body."""
        if self._is_whole:  # what is waited for then is the end of the connection
            return await self._receive()
        try:
            with anyio.fail_after(self._idle_seconds):
                message = await self._receive()
        except TimeoutError as error:
            self._is_whole = True
            raise ProblemError(408, f"Nothing has arrived for {self._idle_seconds:g} s.") from error
        self._n_read += len(message.get("body", b""))
        self._is_whole = not message.get("more_body", False)
        if self._n_read > self._most:
            raise ProblemError(413, _said(self._most))
        return message

    async def throw_away(self) -> None:
        """Read what is left, up to `THROWN_AWAY` bytes and for `LINGER` seconds at most."""
        left = THROWN_AWAY
        with anyio.move_on_after(LINGER):
            while not self._is_whole and left > 0:
                message = await self._receive()
                left -= len(message.get("body", b""))
                self._is_whole = not message.get("more_body", False)


def _said(most: int) -> str:
    return f"The body is larger than {most / 2**20:g} MB, the limit of this address. Send less at once."
