"""Tables are predicted in the background, as by the command line, and go on after anything that stops them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from formation_mlp.serve.app import create_app
from formation_mlp.serve.jobs.job import RUNNING, Job
from formation_mlp.serve.settings import Limits, Settings
from formation_mlp.serve.state import Service
from support.commands import Outcome, python_environment

pytestmark = pytest.mark.slow

Command = Callable[..., Outcome]
PATIENCE = 240.0
TABLE = b"formula,id\nNaCl,a\nFe2O3,b\nXx,c\n"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("PYTHONPATH", python_environment()["PYTHONPATH"])
    return Settings(jobs=tmp_path / "jobs")


@pytest.fixture
def working(settings: Settings) -> Iterator[TestClient]:
    """Yield what asks a service that does jobs."""
    with client_of(settings) as client:
        yield client


def client_of(settings: Settings) -> TestClient:
    service = Service(settings)
    service.describe_known = lambda: None  # type: ignore[method-assign]
    return TestClient(create_app(settings, service), base_url="http://localhost")


def sent(client: TestClient, content: bytes = TABLE, **words: Any) -> dict[str, Any]:
    answer = client.post("/api/v1/jobs", content=content, params={"name": "mine.csv", **words})
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/api/v1/jobs/{found['id']}"
    return found


def until(client: TestClient, id_: str, *states: str) -> dict[str, Any]:
    """Ask for a job until it is in one of some states."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found: dict[str, Any] = client.get(f"/api/v1/jobs/{id_}").json()
        if found["state"] in states:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{found} is not {states}")


def many(n: int) -> bytes:
    return b"formula\n" + b"\n".join(b"Fe%dO%d" % (i % 99 + 1, i % 89 + 1) for i in range(n))


@pytest.mark.parametrize("out", ["csv", "parquet"])
def test_a_table_is_predicted_as_by_the_command_line(
    working: TestClient, settings: Settings, command: Command, workplace: Path, out: str
) -> None:
    job = sent(working, scale="mp2019", level="0.5", out=out)
    assert job["folder"].startswith(str(settings.jobs))
    done = until(working, job["id"], "done", "failed")
    assert (done["n_rows"], done["n_done"], done["n_failed"]) == (3, 3, 1), done
    assert done["result"]["name"] == f"mine.predicted.{out}"
    (workplace / "in.csv").write_bytes(TABLE)
    command(*("predict", "--csv", "in.csv", "--scale", "mp2019", "--level", "0.5", "--out", f"out.{out}")).succeeded()
    found = working.get(f"/api/v1/jobs/{job['id']}/result")
    assert "mine.predicted" in found.headers["content-disposition"]
    if out == "csv":
        assert found.content == (workplace / "out.csv").read_bytes()
    about = working.get(f"/api/v1/jobs/{job['id']}/about").json()
    assert about["rows"] == 3


def test_what_cannot_be_read_is_said_with_the_name_of_the_table(working: TestClient, settings: Settings) -> None:
    failed = until(working, sent(working, b"x,y\n1,2\n")["id"], "failed", "done")
    assert failed["state"] == "failed"
    assert "formula" in failed["error"]
    assert str(settings.jobs) not in failed["error"]
    refused = working.post("/api/v1/jobs", content=b"", params={"name": "mine.doc"})
    assert "is no table by its ending" in refused.json()["detail"]
    assert working.get(f"/api/v1/jobs/{failed['id']}/result").status_code == 409


def test_a_table_cannot_make_the_service_read_files(working: TestClient, tmp_path: Path) -> None:
    secret = tmp_path / "NaCl.vasp"
    secret.write_text("NaCl\n1.0\n5 0 0\n0 5 0\n0 0 5\nNa Cl\n1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n")
    done = until(working, sent(working, f"structure\n{secret}\n{secret}\n".encode())["id"], "done", "failed")
    text = working.get(f"/api/v1/jobs/{done['id']}/result").text if done["state"] == "done" else done["error"]
    assert "files of this machine are not read" in text


def test_a_job_is_cancelled_resumed_and_deleted(working: TestClient, settings: Settings) -> None:
    job = sent(working, many(200_000))
    until(working, job["id"], "running")
    assert working.post(f"/api/v1/jobs/{job['id']}/cancel").json()["state"] == "cancelled"
    folder = Path(job["folder"])
    gone(folder / RUNNING)
    assert working.post(f"/api/v1/jobs/{job['id']}/resume").json()["state"] in ("waiting", "running")
    until(working, job["id"], "running", "done")
    assert working.delete(f"/api/v1/jobs/{job['id']}").status_code == 204
    assert working.get(f"/api/v1/jobs/{job['id']}").status_code == 404
    gone(folder)
    assert working.get("/api/v1/jobs").json() == {"folder": str(settings.jobs), "jobs": []}


def gone(path: Path) -> None:
    end = time.monotonic() + PATIENCE
    while path.exists():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_job_goes_on_when_the_service_is_started_again(settings: Settings) -> None:
    with client_of(settings) as client:
        job = sent(client, many(60_000))
        until(client, job["id"], "running")
    assert Job(Path(job["folder"])).state == "waiting"
    with client_of(settings) as client:
        done = until(client, job["id"], "done", "failed")
    assert (done["state"], done["n_rows"]) == ("done", 60_000)


@pytest.mark.skipif(os.name != "posix", reason="ends a process by a signal")
def test_a_process_that_is_killed_is_told(working: TestClient) -> None:
    import json

    job = sent(working, many(200_000))
    until(working, job["id"], "running")
    os.kill(json.loads((Path(job["folder"]) / RUNNING).read_text())["pid"], signal.SIGKILL)
    failed = until(working, job["id"], "failed", "done")
    assert "signal 9" in failed["error"]
    assert "Resume" in failed["error"]


def test_tables_that_are_too_large_or_too_many_are_refused(settings: Settings) -> None:
    few = replace(settings, limits=Limits(table_bytes=2000, table_rows=50, jobs=1))
    with client_of(few) as client:
        assert client.post("/api/v1/jobs", content=many(1000), params={"name": "a.csv"}).status_code == 413
        parts = iter([many(100), many(1000)])
        assert client.post("/api/v1/jobs", content=parts, params={"name": "a.csv"}).status_code == 413
        assert client.get("/api/v1/jobs").json()["jobs"] == []
        failed = until(client, sent(client, many(100))["id"], "failed", "done")
        assert "more than 50 rows" in failed["error"]
        refused = client.post("/api/v1/jobs", content=TABLE, params={"name": "a.csv"})
        assert (refused.status_code, refused.json()["title"]) == (503, "The service is busy")


def test_a_job_is_deleted_when_its_day_has_come(settings: Settings) -> None:
    with client_of(replace(settings, limits=Limits(keep_days=0.0))) as client:
        job = sent(client)
        gone(Path(job["folder"]))
    with client_of(settings) as client:
        told = sent(client)
        assert told["expires"] > told["created"]
