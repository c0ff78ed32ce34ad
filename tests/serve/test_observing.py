"""Every request has an id, a line in the log and a count; what fails is told without its insides."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from io import StringIO

import pytest
from fastapi.testclient import TestClient

from formation_mlp.errors import FormationMLPError
from formation_mlp.serve import predicting
from formation_mlp.serve.flags import limits_of
from formation_mlp.serve.observing import JsonLines, log


@pytest.fixture
def lines() -> Iterator[StringIO]:
    """Yield what the log writes."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    log.addHandler(handler)
    before = log.level
    log.setLevel(logging.INFO)
    yield stream
    log.setLevel(before)
    log.removeHandler(handler)


def test_each_request_has_an_id_and_a_line(client: TestClient, lines: StringIO) -> None:
    answer = client.get("/healthz", headers={"x-request-id": "mine.7"})
    assert answer.headers["x-request-id"] == "mine.7"
    other = client.get("/api/v1/nothing%0A%22", headers={"x-request-id": "no id: spaces"})
    assert other.headers["x-request-id"] not in ("", "no id: spaces")
    first, second = map(json.loads, lines.getvalue().splitlines())
    assert (first["request"], first["path"], first["status"]) == ("mine.7", "/healthz", 200)
    assert (second["request"], second["status"]) == (other.headers["x-request-id"], 404)


def test_a_defect_is_told_by_its_id_alone(client: TestClient, lines: StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret insides")

    monkeypatch.setattr(predicting, "predictions", broken)
    answer = client.post("/api/v1/predict", json={"formulas": ["NaCl"]})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] in answer.json()["detail"]
    assert "secret" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "secret insides" in lines.getvalue()


def test_requests_and_rows_are_counted_for_prometheus(client: TestClient) -> None:
    def count(name: str) -> float:
        text = client.get("/metrics").text
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name))

    ok = 'formation_mlp_requests_total{address="/api/v1/predict",method="POST",status="200"}'
    before, rows = count(ok), count("formation_mlp_rows_total")
    client.post("/api/v1/predict", json={"formulas": ["NaCl", "MgO"]})
    assert count(ok) == before + 1
    assert count("formation_mlp_rows_total") == rows + 2
    assert 'formation_mlp_jobs{state="waiting"} 0.0' in client.get("/metrics").text


def test_limits_are_named_on_the_command_line() -> None:
    assert limits_of(["rows=7", "seconds=0.5"]).seconds == 0.5
    for text, said in {
        "row=7": "Did you mean 'rows'?",
        "rows=0": "a whole number above zero",
        "rows=1.5": "a whole number",
        "seconds=nan": "a number above zero",
        "rows": "a whole number",
    }.items():
        with pytest.raises(FormationMLPError) as refused:
            limits_of([text])
        assert said in str(refused.value)
