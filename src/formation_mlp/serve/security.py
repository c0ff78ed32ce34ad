"""Who may ask: the right name, the right site, the right token; and what a browser may do with an answer."""

from __future__ import annotations

import hmac
import socket
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from formation_mlp.quoting import quoted
from formation_mlp.serve.problems import problem
from formation_mlp.serve.settings import Settings

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; frame-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""What the page may load: nothing of other machines, and no code or style that stands in the page itself."""
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
OPEN = ("/static/", "/healthz")
"""Addresses that need no token, beside the page itself: they tell nothing of anybody."""
LOCAL_NAMES = ("localhost", "localhost.localdomain")


class Security:
    """Lets a request pass, or answers with a problem; every answer leaves with `HEADERS`.

    Parameters
    ----------
    app
        What answers.
    settings
        The token, and the names of the service.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._token = app, settings.token
        self._hosts = _names_of(settings)
        self._is_local = settings.is_local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        refused = self._refused(Headers(scope=scope), scope["method"], scope["path"])
        await (refused or self._app)(scope, receive, with_headers)

    def _refused(self, headers: Headers, method: str, path: str) -> ASGIApp | None:
        host = headers.get("host", "")
        if not self._is_called(host):
            known = ", ".join(sorted(self._hosts))
            return problem(
                421,
                f"Host: found {quoted(host)}, but this service is called {known}. If the name is right, start it with "
                "--allow-host NAME.",
            )
        origin = headers.get("origin")
        is_foreign = origin is not None and urlsplit(origin).netloc.lower() != host.lower()
        if method not in ("GET", "HEAD") and (is_foreign or headers.get("sec-fetch-site") == "cross-site"):
            return problem(403, f"A page of {quoted(origin or 'another site')} may not ask this service.")
        if self._token is None or path == "/" or path.startswith(OPEN):
            return None
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._token.encode()):
            return None
        return problem(
            401,
            "This service needs a token: send it as the header 'Authorization: Bearer TOKEN'.",
            headers={"WWW-Authenticate": 'Bearer realm="formation-mlp"'},
        )

    def _is_called(self, host: str) -> bool:
        """Return whether a name is one of the service's own.

        A page of another site reaches a service on this machine by a name of its own that it lets point here (DNS
        rebinding); an address cannot be made to point elsewhere, so any is right where all machines may ask.
        """
        name = _without_port(host)
        if name in self._hosts:
            return True
        try:
            address = ip_address(name)
        except ValueError:
            return False
        return address.is_loopback if self._is_local else True


def _names_of(settings: Settings) -> set[str]:
    names: Iterable[str] = (settings.host, *settings.hosts, *LOCAL_NAMES)
    if not settings.is_local:
        own = socket.gethostname()
        names = (*names, own, f"{own}.local", socket.getfqdn())
    return {name.lower().rstrip(".") for name in names}


def _without_port(host: str) -> str:
    """Return the name in a header Host.

    Examples
    --------
    >>> _without_port("Localhost:8000"), _without_port("[::1]:8000"), _without_port("::1")
    ('localhost', '::1', '::1')
    """
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, _, port = host.rpartition(":")
    found = name if name and ":" not in name and port.isdigit() else host
    return found.rstrip(".")
