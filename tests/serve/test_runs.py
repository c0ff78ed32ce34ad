"""Runs are shown as they grow, with their curves, numbers and reports."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from formation_mlp.serve.app import create_app
from formation_mlp.serve.settings import Settings
from formation_mlp.serve.state import Service


@pytest.fixture
def runs(finished_run: Path, workplace: Path) -> Path:
    """Return a folder of two runs, one of which is still training."""
    folder = workplace / "runs"
    shutil.copytree(finished_run, folder / "salt")
    growing = Path(shutil.copytree(finished_run, folder / "growing"))
    for name in ("DONE", "model.safetensors", "report.json"):
        (growing / name).unlink()
    return folder


@pytest.fixture
def asked(runs: Path) -> TestClient:
    settings = Settings(runs=runs)
    return TestClient(create_app(settings, Service(settings)), base_url="http://localhost")


def test_runs_are_listed_with_their_state(asked: TestClient, runs: Path) -> None:
    found = asked.get("/api/v1/runs").json()
    assert found["folder"] == str(runs)
    by_name = {one["name"]: one for one in found["runs"]}
    assert by_name["salt"]["state"] == "finished"
    assert by_name["salt"]["scores"]["val"]
    assert by_name["growing"]["state"] == "unfinished"
    assert by_name["growing"]["epochs"] == by_name["salt"]["epochs"] > 0
    assert "formula" in asked.get("/api/v1/runs/salt").json()["config"]


def test_curves_grow_line_by_line(asked: TestClient, runs: Path) -> None:
    (curve,) = asked.get("/api/v1/runs/growing/history").json()["curves"]
    last = curve["epochs"][-1]["epoch"]
    with (runs / "growing" / "history.jsonl").open("a") as file:
        file.write(json.dumps({**curve["epochs"][-1], "epoch": last + 1, "val_loss": float("nan")}) + '\n{"epoch": 9')
    (more,) = asked.get("/api/v1/runs/growing/history", params={"after": last}).json()["curves"]
    assert [one["epoch"] for one in more["epochs"]] == [last + 1]
    assert more["epochs"][0]["val_loss"] is None


def test_the_model_of_a_run_answers_by_its_name(asked: TestClient) -> None:
    names = [one["name"] for one in asked.get("/api/v1/models").json()["models"]]
    assert "salt" in names
    assert "growing" not in names
    answer = asked.post("/api/v1/predict", json={"formulas": ["NaCl"], "model": "salt"}).json()
    assert answer["models"][0]["name"] == "salt"
    assert answer["rows"][0]["prediction"] is not None


@pytest.mark.slow
def test_a_report_is_written_and_shown_as_a_page_that_cannot_ask(asked: TestClient) -> None:
    assert asked.get("/api/v1/runs/salt/report.html").status_code == 404
    assert asked.post("/api/v1/runs/salt/report.html").json()["has_report"]
    page = asked.get("/api/v1/runs/salt/report.html")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"].startswith("sandbox allow-scripts")
    unfinished = asked.post("/api/v1/runs/growing/report.html")
    assert unfinished.status_code == 422
    assert "not finished" in unfinished.json()["detail"]


@pytest.mark.parametrize("name", ["none", "..", "%2e%2e", "salt%2f..%2fgrowing"])
def test_a_name_is_looked_up_and_never_a_path(asked: TestClient, name: str) -> None:
    assert asked.get(f"/api/v1/runs/{name}/history").status_code in (404, 405)


def test_a_service_without_runs_has_none(client: TestClient, service: Service) -> None:
    assert replace(service.settings).runs is None
    assert client.get("/api/v1/runs").json() == {"folder": None, "runs": []}
    assert "without --runs" in client.get("/api/v1/runs/salt").json()["detail"]
