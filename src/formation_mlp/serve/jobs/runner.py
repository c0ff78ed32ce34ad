"""Who does the jobs: of all processes of a service the one that holds a lock, one job after another."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress

from formation_mlp.errors import FormationMLPError, InUseError
from formation_mlp.serve.jobs.job import CANCEL, DELETE, FAILED, RUNNING, Job, now
from formation_mlp.serve.jobs.store import Jobs
from formation_mlp.serve.models import Models
from formation_mlp.system.locks import held

SECONDS = 0.25
"""Between two looks at what is to be done."""
LOCK = ".lock"
SECONDS_TO_END = 5.0

log = logging.getLogger("formation_mlp.serve")


async def run_jobs(jobs: Jobs, models: Models, table_rows: int) -> None:
    """Do jobs as they come, until it is cancelled; if another process does them already, stand by to take over."""
    while True:
        try:
            with held(jobs.folder / LOCK, jobs.folder):
                for job in jobs.all():
                    job.clear(RUNNING)  # what was left behind by a process that was killed
                await _follow(jobs, models, table_rows)
        except InUseError:
            await asyncio.sleep(1)
        except (FormationMLPError, OSError) as error:
            log.error("jobs cannot be done: %s", error)
            await asyncio.sleep(10)


async def _follow(jobs: Jobs, models: Models, table_rows: int) -> None:
    while True:
        await asyncio.to_thread(jobs.forget)
        job = await asyncio.to_thread(jobs.next)
        if job is None:
            await asyncio.sleep(SECONDS)
            continue
        await _do(job, models, table_rows)


async def _do(job: Job, models: Models, table_rows: int) -> None:
    """Let a process predict the table; a wish of the user ends it."""
    name = job.asked["words"].get("model")
    try:
        model = "" if name is None else models.source(name)
    except FormationMLPError as error:
        job.write(FAILED, {"ended": now(), "error": str(error)})
        return
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "formation_mlp.serve.jobs.process", str(job.folder), model, str(table_rows)),
        stdin=PIPE,
        stdout=DEVNULL,
        stderr=PIPE,
    )
    job.write(RUNNING, {"pid": process.pid, "started": now()})
    log.info("job %s begins", job.id)
    waiting = asyncio.create_task(process.communicate())
    try:
        while not waiting.done():
            if any((job.folder / wish).exists() for wish in (CANCEL, DELETE)):
                await _end(process)
            await asyncio.wait([waiting], timeout=SECONDS)
    finally:
        await _end(process)
        with suppress(OSError):
            job.clear(RUNNING)
    _, errors = await waiting
    if process.returncode and job.state == "waiting":
        told = errors.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
        log.error("job %s ended with %s: %s", job.id, process.returncode, told[0])
        job.write(FAILED, {"ended": now(), "error": _unexpected(process.returncode, told[0])})
    log.info("job %s: %s", job.id, job.state)


async def _end(process: Process) -> None:
    """End a process if it still runs; what it has done is kept in parts."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), SECONDS_TO_END)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _unexpected(code: int, told: str) -> str:
    if code < 0 and os.name == "posix":
        return (
            f"The process that predicted the table was ended from outside (signal {-code}), perhaps since memory ran "
            "out. Resume the job: it goes on where it stopped."
        )
    return f"The process that predicted the table failed: {told}. Resume the job, or send a smaller table."
