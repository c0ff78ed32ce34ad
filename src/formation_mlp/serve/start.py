"""Start the service: check what it is started with, warm up, listen, and end when it is asked to."""

from __future__ import annotations

import socket

from formation_mlp.errors import FormationMLPError
from formation_mlp.serve.packages import check_packages
from formation_mlp.serve.settings import Settings

SHORTEST_TOKEN = 16
"""Signs; a shorter one can be guessed."""
SECONDS_TO_END = 30
"""That answers which have begun are given."""


def serve(settings: Settings) -> None:
    """Answer requests until the process is told to end.

    Raises
    ------
    FormationMLPError
        If a package is missing, the token is, or nobody may listen there.
    """
    check_packages()
    check_token(settings)
    from uvicorn import Config, Server

    from formation_mlp.serve.app import create_app
    from formation_mlp.serve.state import Service
    from formation_mlp.serve.warm import warm_up

    listening = _socket(settings)
    service = Service(settings)
    warm_up(service)
    config = Config(
        create_app(settings, service),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SECONDS_TO_END,
        lifespan="on",
    )
    where = f"[{settings.host}]" if ":" in settings.host else settings.host
    print(f"formation-mlp listens on http://{where}:{listening.getsockname()[1]}/ (Ctrl+C ends it)", flush=True)
    Server(config).run(sockets=[listening])


def check_token(settings: Settings) -> None:
    """Raise `FormationMLPError` if other machines may ask, but need no token, or one that can be guessed."""
    if settings.token is None and not settings.is_local:
        raise FormationMLPError(
            f"serve: --host {settings.host} lets other machines ask, so a token is needed: put one of {SHORTEST_TOKEN} "
            "signs or more into a file and name it with --token-file, or into the variable FORMATION_MLP_TOKEN. Or "
            "leave --host out: then only this machine can ask."
        )
    if settings.token is not None and len(settings.token) < SHORTEST_TOKEN:
        raise FormationMLPError(
            f"serve: the token has {len(settings.token)} signs, but {SHORTEST_TOKEN} are the least. Make one with: "
            'python -c "import secrets; print(secrets.token_urlsafe(32))"'
        )


def _socket(settings: Settings) -> socket.socket:
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((settings.host, settings.port))
    except OSError as error:
        raise FormationMLPError(
            f"serve: nobody can listen on {settings.host} at port {settings.port} ({error.strerror or error}). Choose "
            "another --port; 0 takes any that is free."
        ) from error
    listening.set_inheritable(True)
    return listening
