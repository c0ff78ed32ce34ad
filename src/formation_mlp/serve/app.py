"""The application: what is at which address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from threading import Thread

from fastapi import FastAPI
from fastapi.responses import FileResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.middleware import Middleware

from formation_mlp.serve.description import described
from formation_mlp.serve.jobs.routes import router as jobs
from formation_mlp.serve.jobs.runner import run_jobs
from formation_mlp.serve.limits import BodyLimit
from formation_mlp.serve.metrics import exposition
from formation_mlp.serve.observing import API, Observed
from formation_mlp.serve.problems import ProblemError, add_handlers
from formation_mlp.serve.replies import Health
from formation_mlp.serve.routes import router
from formation_mlp.serve.run_routes import router as runs
from formation_mlp.serve.security import Security
from formation_mlp.serve.settings import Settings
from formation_mlp.serve.state import Service
from formation_mlp.serve.warm import prepare
from formation_mlp.version import __version__

STATIC = Path(__file__).parent / "static"


def create_app(settings: Settings, service: Service | None = None) -> FastAPI:
    """Return the application.

    Parameters
    ----------
    settings
        How it runs.
    service
        What answers share, where it was made before: so that several processes share its memory.

    Examples
    --------
    >>> app = create_app(Settings())
    >>> app.openapi()["info"]["title"]
    'formation_mlp'
    """
    shared = service or Service(settings)

    @asynccontextmanager
    async def running(_app: FastAPI) -> AsyncIterator[None]:
        Thread(target=prepare, args=(shared,), daemon=True).start()
        working = asyncio.create_task(run_jobs(shared.jobs, shared.models, settings.limits.table_rows))
        yield
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)

    app = FastAPI(
        title="formation_mlp",
        version=__version__,
        description="Formation energies of materials: the verbs of the command line, in the same words.",
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{API}/openapi.json",
        lifespan=running,
        middleware=[
            Middleware(Security, settings=settings),
            Middleware(Observed),
            Middleware(BodyLimit, settings=settings),
        ],
    )
    app.state.service = shared
    add_handlers(app)
    for one in (router, jobs, runs):
        app.include_router(one, prefix=API)

    @app.get("/healthz", summary="Whether the service is there", tags=["service"], response_model=Health)
    async def healthz() -> dict[str, str]:
        return {"status": "ok", "version": __version__}

    @app.get("/metrics", summary="Counts for Prometheus", tags=["service"], response_class=PlainTextResponse)
    async def metrics() -> Response:
        content, media_type = await asyncio.to_thread(exposition, shared.jobs)
        return Response(content, media_type=media_type)

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        if not (STATIC / "index.html").exists():
            raise ProblemError(404, "This installation has no page. The interface is at /api/v1/openapi.json.")
        return FileResponse(STATIC / "index.html")

    app.openapi = partial(described, app)  # type: ignore[method-assign]
    if STATIC.is_dir():
        app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app
