"""The addresses of jobs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from pydantic import Field

from formation_mlp.serve.jobs.job import Job
from formation_mlp.serve.problems import ProblemError
from formation_mlp.serve.replies import JobReply, JobsReply
from formation_mlp.serve.schemas import Name, Words
from formation_mlp.serve.state import Shared

router = APIRouter(prefix="/jobs", tags=["jobs"])

MEDIA_TYPES = {".csv": "text/csv", ".parquet": "application/vnd.apache.parquet"}


class TableWords(Words):
    """A table that is to be predicted, and what is asked of every row."""

    name: str = Field(max_length=255, description="Of the file; its ending tells the kind of table, such as .csv.")
    formula: Name | None = Field(default=None, description="Column of formulas.")
    structure: Name | None = Field(default=None, description="Column of structures.")
    id: Name | None = Field(default=None, description="Column of row names.")
    encoding: Name | None = Field(default=None, description="Of a table of text, by default UTF-8.")
    out: Literal["csv", "parquet"] = Field(default="csv", description="Kind of the result.")


@router.post(
    "",
    summary="Predict a table",
    status_code=202,
    response_model=JobReply,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def create(words: Annotated[TableWords, Query()], request: Request, service: Shared) -> Response:
    """Take a table as the body, and predict it as `formation-mlp predict --csv TABLE --out FILE` does.

    The answer tells where the table lies, and until when.
    """
    stated = request.headers.get("content-length", "")
    asked = words.model_dump(exclude={"name"})
    job = await service.jobs.take(words.name, int(stated) if stated.isdigit() else None, request.stream(), asked)
    return JSONResponse(job.told(service.jobs.keep), 202, {"Location": f"/api/v1/jobs/{job.id}"})


@router.get("", summary="All jobs, the oldest first", response_model=JobsReply)
async def list_all(service: Shared) -> Response:
    """List the jobs with their states."""
    return JSONResponse(await service.compute(_all, service))


def _all(service: Any) -> dict[str, Any]:
    jobs = service.jobs
    return {"folder": str(jobs.folder), "jobs": [job.told(jobs.keep) for job in jobs.all()]}


@router.get("/{id_}", summary="What has become of a job", response_model=JobReply)
async def state(id_: str, service: Shared) -> Response:
    """Tell the state of a job, its progress, and the time that is left."""
    return _told(service.jobs.get(id_), service)


@router.post("/{id_}/cancel", summary="Stop a job", response_model=JobReply)
async def cancel(id_: str, service: Shared) -> Response:
    """Stop a job; what is done is kept, and `resume` goes on with it."""
    job = service.jobs.get(id_)
    if job.state in ("waiting", "running"):
        job.wish("cancel")
    return _told(job, service)


@router.post("/{id_}/resume", summary="Go on with a job", response_model=JobReply)
async def resume(id_: str, service: Shared) -> Response:
    """Go on with a job that was cancelled, or failed, where it stopped."""
    job = service.jobs.get(id_)
    service.jobs.resume(job)
    return _told(job, service)


@router.delete("/{id_}", summary="Delete a job", status_code=204)
async def delete(id_: str, service: Shared) -> Response:
    """Delete a job with its table and its result, within a second; if it is running, it is stopped."""
    service.jobs.get(id_).wish("delete")
    return Response(status_code=204)


@router.get("/{id_}/result", summary="The predictions of a job", response_class=FileResponse)
async def result(id_: str, service: Shared) -> Response:
    """Give the file of predictions."""
    job = _done(service.jobs.get(id_))
    named = job.told(service.jobs.keep)["result"]
    return FileResponse(job.result, media_type=MEDIA_TYPES[job.result.suffix], filename=named["name"])


@router.get("/{id_}/about", summary="What the columns of the predictions mean", response_model=dict[str, Any])
async def about(id_: str, service: Shared) -> Response:
    """Give what stands in the `.about.json` beside a file of predictions."""
    return FileResponse(_done(service.jobs.get(id_)).about, media_type="application/json")


def _done(job: Job) -> Job:
    if job.state != "done":
        raise ProblemError(409, f"job {job.id}: is {job.state}, and has no result yet.")
    return job


def _told(job: Job, service: Any) -> Response:
    return JSONResponse(job.told(service.jobs.keep))
