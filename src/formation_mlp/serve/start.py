"""Start the service: check what it is started with, warm up, listen, and end when it is asked to."""

from __future__ import annotations

import os
import signal
import socket
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from formation_mlp.errors import FormationMLPError
from formation_mlp.serve.packages import check_packages
from formation_mlp.serve.settings import Settings

if TYPE_CHECKING:
    from formation_mlp.serve.state import Service

SHORTEST_TOKEN = 16
"""Signs; a shorter one can be guessed."""
MOST_CONNECTIONS = 1000
"""Of one process; a client that sends nothing holds one."""
BACKLOG = 2048
"""Connections that wait until the service is ready."""
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def serve(settings: Settings, *, quiet: bool = False) -> None:
    """Answer requests until the process is told to end.

    Parameters
    ----------
    settings
        How it runs.
    quiet
        Whether the log is silent about requests.

    Raises
    ------
    FormationMLPError
        If a package or the token is missing, a folder is, or nobody may listen there.
    """
    check_packages()
    check_token(settings)
    check_folders(settings)
    listening = listen(settings)
    with TemporaryDirectory(prefix="formation-mlp-metrics-") as counts:
        if settings.workers > 1:
            os.environ[METRICS_FOLDER] = counts  # before prometheus_client is imported
        _answer(settings, listening, quiet=quiet)


def _answer(settings: Settings, listening: socket.socket, *, quiet: bool) -> None:
    from formation_mlp.serve.observing import write_log
    from formation_mlp.serve.state import Service
    from formation_mlp.serve.warm import prepare, warm_up

    write_log(quiet=quiet)
    service = Service(settings)
    warm_up(service)
    listening.listen(BACKLOG)  # who asks from now on waits, and is not refused
    _say_where(settings, service, listening)
    if settings.workers == 1:
        run(service, listening)
        return
    from formation_mlp.serve.workers import supervise

    import_module("formation_mlp.serve.app")  # before the processes part, so that they share it
    prepare(service)
    supervise(settings.workers, lambda: run(service, listening))


def run(service: Service, listening: socket.socket) -> None:
    """Answer what arrives at a socket, in this process, until it gets SIGTERM or SIGINT; then end what has begun."""
    from uvicorn import Config, Server

    from formation_mlp.serve.app import create_app

    config = Config(
        create_app(service.settings, service),
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=service.settings.limits.ending_seconds,
        proxy_headers=False,
        lifespan="on",
    )
    server = Server(config)

    def end(*_: object) -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):  # the server ends by them, and sends itself the same once more
        signal.signal(number, end)
    server.run(sockets=[listening])


def _say_where(settings: Settings, service: Service, listening: socket.socket) -> None:
    where = f"[{settings.host}]" if ":" in settings.host else settings.host
    print(f"formation-mlp listens on http://{where}:{listening.getsockname()[1]}/ (Ctrl+C ends it)", flush=True)
    print(f"uploaded tables lie in {service.jobs.folder} for {service.jobs.keep.days} days", flush=True)


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


def check_folders(settings: Settings) -> None:
    """Raise `FormationMLPError` if the folder of runs is none, or tables cannot be kept where they are to lie."""
    if settings.runs is not None and not settings.runs.is_dir():
        raise FormationMLPError(
            f"--runs: {str(settings.runs)!r} is no folder. Name the one that holds your run folders."
        )
    if settings.jobs is not None:
        _check_writable(settings.jobs)


def _check_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        is_writable = os.access(folder, os.W_OK | os.X_OK)
    except OSError as error:
        raise FormationMLPError(f"--jobs: {str(folder)!r} cannot be made ({error.strerror or error}).") from error
    if not is_writable:
        raise FormationMLPError(f"--jobs: {str(folder)!r} cannot be written. Name another folder.")


def listen(settings: Settings) -> socket.socket:
    """Return a socket at the address that is asked for.

    Raises
    ------
    FormationMLPError
        If it is taken, or not one of this machine.
    """
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        # asyncio sends at once (TCP_NODELAY) only where it sees the protocol; else small answers wait 40 ms
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((settings.host, settings.port))
    except OSError as error:
        raise FormationMLPError(
            f"serve: nobody can listen on {settings.host} at port {settings.port} ({error.strerror or error}). Choose "
            "another --port; 0 takes any that is free."
        ) from error
    listening.set_inheritable(True)
    return listening
