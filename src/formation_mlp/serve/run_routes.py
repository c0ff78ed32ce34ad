"""The addresses of runs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, JSONResponse, Response

from formation_mlp.serve import replies, runs
from formation_mlp.serve.state import Shared

router = APIRouter(prefix="/runs", tags=["runs"])

REPORT_POLICY = (
    "sandbox allow-scripts allow-popups; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data:; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""A report carries its own scripts, and may hold texts of others: it is shown as a page of nobody, which cannot ask."""


@router.get("", summary="All runs, the newest first", response_model=replies.RunsReply)
async def list_all(service: Shared) -> Response:
    """List the run folders in the folder that `--runs` names."""
    return JSONResponse(await service.compute(runs.overview, service.settings))


@router.get("/{name}", summary="One run", response_model=replies.RunReply)
async def one(name: str, service: Shared) -> Response:
    """Tell a run's configuration and numbers."""
    return JSONResponse(await service.compute(lambda: runs.details(runs.run_named(service.settings, name))))


@router.get("/{name}/history", summary="The loss curves of a run", response_model=replies.History)
async def history(
    name: str,
    service: Shared,
    after: Annotated[int, Query(ge=0, le=10**9, description="Tell only later epochs.")] = 0,
) -> Response:
    """Tell the epochs of each network of a run; a run that is training grows."""
    return JSONResponse(await service.compute(lambda: runs.history(runs.run_named(service.settings, name), after)))


@router.get("/{name}/report.html", summary="The report of a run", response_class=HTMLResponse)
async def report(name: str, service: Shared) -> Response:
    """Show the page that `formation-mlp report` has written."""
    page = await service.compute(lambda: runs.report_page(runs.run_named(service.settings, name)))
    return HTMLResponse(page, headers={"content-security-policy": REPORT_POLICY, "x-frame-options": "SAMEORIGIN"})


@router.post("/{name}/report.html", summary="Write the report of a run", response_model=replies.RunReply)
async def write_report(name: str, service: Shared) -> Response:
    """Write the page, as `formation-mlp report` does."""
    return JSONResponse(await service.compute(lambda: runs.write_report_page(runs.run_named(service.settings, name))))
