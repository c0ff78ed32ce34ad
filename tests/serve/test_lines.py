"""An answer of lines has the numbers of the other one, is sent part by part, and ends when nobody listens."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from formation_mlp.errors import ComputeError
from formation_mlp.serve import lines
from formation_mlp.serve.app import create_app
from formation_mlp.serve.predicting import predict
from formation_mlp.serve.settings import Limits
from formation_mlp.serve.state import Service

KIND = {"accept": "application/x-ndjson"}
FAILS = 3
"""The part that fails."""


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "ROWS_PER_PART", 7)


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the lengths of the parts that are predicted."""
    done = list[int]()

    def counted(service: Any, request: Any) -> Any:
        done.append(len(request.formulas))
        return predict(service, request)

    monkeypatch.setattr(lines, "predict", counted)
    return done


def asked(client: TestClient, **words: Any) -> list[dict[str, Any]]:
    answer = client.post("/api/v1/predict", json=words, headers=KIND)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert answer.text.endswith("\n")
    return [json.loads(line) for line in answer.text.splitlines()]


@pytest.mark.parametrize(
    "words", [{}, {"scale": "all", "level": 0.5}, {"model": "stability"}, {"strict": True}, {"details": True}]
)
def test_lines_are_the_answer_bit_for_bit(
    client: TestClient, rows: list[tuple[str, str]], parts: list[int], words: dict[str, Any]
) -> None:
    formulas = [formula for formula, _ in rows[:20]] + ["NaCl2x", "PuNe2", "Xx", "Fe", "NaCl"]
    whole = client.post("/api/v1/predict", json={"formulas": formulas, **words}).json()
    heading, *found, end = asked(client, formulas=formulas, **words)
    assert parts == [7, 7, 7, 4]
    assert found == whole["rows"]
    assert [list(row) for row in found] == [list(row) for row in whole["rows"]]
    assert heading | end | {"rows": found} == whole
    assert list(heading) == ["unit", "scale", "models", "columns"]
    assert list(end) == ["n_rows", "n_failed", "notes"]


def test_lines_may_be_more_than_the_rows_of_a_request_but_not_than_its_body(service: Service) -> None:
    settings = replace(service.settings, limits=Limits(rows=7, body_bytes=500))
    small = TestClient(create_app(settings, Service(settings)), base_url="http://localhost")
    words = {"formulas": ["NaCl"] * 20}
    assert "Accept: application/x-ndjson" in small.post("/api/v1/predict", json=words).json()["detail"]
    assert asked(small, **words)[-1]["n_rows"] == 20
    assert small.post("/api/v1/predict", json={"formulas": ["NaCl"] * 100}, headers=KIND).status_code == 413


def test_what_is_wrong_from_the_first_is_a_problem_as_ever(client: TestClient) -> None:
    answer = client.post("/api/v1/predict", json={"formulas": ["NaCl"], "unit": "kJ"}, headers=KIND)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    many = client.post("/api/v1/predict", json={"formulas": ["NaCl"] * 201, "details": True}, headers=KIND)
    assert "found 201" in many.json()["detail"]


@pytest.mark.parametrize(("error", "kind"), [(ComputeError("no memory"), "compute"), (ValueError("x"), "defect")])
def test_what_goes_wrong_meanwhile_is_the_last_line(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception, kind: str
) -> None:
    n_done = 0

    def failing(service: Any, request: Any) -> Any:
        nonlocal n_done
        n_done += 1
        if n_done == FAILS:
            raise error
        return predict(service, request)

    monkeypatch.setattr(lines, "predict", failing)
    monkeypatch.setattr(lines.log, "propagate", True)
    headers = KIND | {"x-request-id": "mine"}
    answer = client.post("/api/v1/predict", json={"formulas": ["NaCl"] * 30}, headers=headers)
    _, *found, last = map(json.loads, answer.text.splitlines())
    assert [row["formula"] for row in found] == ["NaCl"] * 14
    assert last["type"] == f"urn:formation-mlp:problem:{kind}"
    if kind == "defect":
        assert last["detail"].endswith("under the request id mine.")
        assert [record.fields for record in caplog.records if record.message == "defect"] == [{"request": "mine"}]  # type: ignore[attr-defined]


def streamed(service: Service, *, is_gone_after: int | None = None, takes_more: bool = True) -> list[bytes]:
    """Return the blocks of an answer of ten parts to a client that leaves, or takes no more, after some of them."""
    body = json.dumps({"formulas": ["NaCl"] * 70}).encode()
    sent, left = list[bytes](), asyncio.Event()
    blocks = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        if blocks:
            return blocks.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            sent.append(message["body"])
        if len(sent) == is_gone_after:
            if not takes_more:
                await asyncio.Event().wait()
            left.set()
            await asyncio.sleep(0)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/predict",
        "raw_path": b"/api/v1/predict",
        "query_string": b"",
        "headers": [
            (b"host", b"localhost"),
            (b"content-type", b"application/json"),
            (b"accept", b"application/x-ndjson"),
        ],
    }
    asyncio.run(create_app(service.settings, service)(scope, receive, send))
    return sent


def test_parts_are_sent_as_they_are_computed(service: Service, parts: list[int]) -> None:
    blocks = streamed(service)
    assert [block.count(b"\n") for block in blocks] == [8, *[7] * 9, 1, 0]
    assert parts == [7] * 10


def test_a_client_that_goes_away_ends_the_computation(service: Service, parts: list[int]) -> None:
    streamed(service, is_gone_after=2)
    assert 2 <= len(parts) <= 3  # the part that had begun ends by itself


def test_a_client_that_takes_nothing_is_given_up(service: Service, parts: list[int]) -> None:
    patient = Service(replace(service.settings, limits=Limits(idle_seconds=0.05)))
    blocks = streamed(patient, is_gone_after=2, takes_more=False)
    assert len(blocks) == 2
    assert len(parts) == 2
