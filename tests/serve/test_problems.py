"""Errors are problem details with the words of the command line, and say all that is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from formation_mlp.serve.app import create_app
from formation_mlp.serve.settings import Limits
from formation_mlp.serve.state import Service


def problem(answer: Any, status: int) -> str:
    """Return the detail of an answer that must be a problem."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    content = answer.json()
    assert {"type", "title", "status", "detail"} <= set(content)
    assert content["status"] == status
    return str(content["detail"])


@pytest.mark.parametrize(
    ("verb", "words", "said"),
    [
        ("predict", {"formulas": ["NaCl"], "scale": "mp2021"}, "unknown energy scale 'mp2021'"),
        ("predict", {"formulas": ["NaCl"], "unit": "kJ"}, "--unit: unknown unit 'kJ'"),
        ("predict", {"formulas": ["NaCl"], "model": "compositon"}, "Did you mean 'composition'?"),
        ("predict", {"formulas": ["NaCl"], "model": "../../etc"}, "unknown model '../../etc'"),
        ("predict", {"formulas": ["NaCl"], "colour": 1}, "colour: Extra inputs are not permitted"),
        ("predict", {"formulas": [], "level": 2}, "level: Input should be less than 1"),
        ("explain", {"formula": "Xx"}, "'Xx' is no element"),
        ("explain", {"formula": "NaCl", "model": "structure"}, "needs crystal structures"),
        ("screen", {"elements": ["Fe", "Xx"]}, "'Xx' is no element"),
        ("screen", {"elements": ["Fe", "Fe"]}, "names an element twice"),
        ("screen", {"elements": ["Fe", "O"], "max_atoms": 900}, "takes up to 40"),
        ("stability", {"compounds": [{"formula": "NaCl"}]}, "no row has both a formula and an energy"),
    ],
)
def test_what_is_wrong_is_said(client: TestClient, verb: str, words: dict[str, Any], said: str) -> None:
    assert said in problem(client.post(f"/api/v1/{verb}", json=words), 422)


def test_addresses_methods_and_bodies_that_are_none(client: TestClient) -> None:
    assert "/api/v1/nothing" in problem(client.get("/api/v1/nothing"), 404)
    problem(client.get("/api/v1/predict"), 405)
    json = {"content-type": "application/json"}
    problem(client.post("/api/v1/predict", content="{", headers=json), 400)


def test_a_request_that_is_too_large_is_refused(service: Service) -> None:
    settings = replace(service.settings, limits=Limits(body_bytes=1000, rows=3))
    small = TestClient(create_app(settings, Service(settings)), base_url="http://localhost")
    long = {"formulas": ["NaCl" * 1000]}
    assert "limit of this address" in problem(small.post("/api/v1/predict", json=long), 413)
    parts = iter([b'{"formulas": ["', b"Na" * 2000, b'"]}'])  # without a stated length
    problem(small.post("/api/v1/predict", content=parts, headers={"content-type": "application/json"}), 413)
    assert "a request may have 3" in problem(small.post("/api/v1/predict", json={"formulas": ["NaCl"] * 4}), 422)


def test_what_is_left_of_a_refused_body_is_read_before_the_answer(service: Service) -> None:
    import asyncio

    settings = replace(service.settings, limits=Limits(body_bytes=1000))
    events, blocks = list[str](), [{"type": "http.request", "body": b"x" * 900, "more_body": i < 4} for i in range(5)]

    async def receive() -> Any:
        events.append("read")
        return blocks.pop(0)

    async def send(message: Any) -> None:
        events.append(message["type"])

    for headers in ([(b"content-length", b"4500")], []):
        events.clear()
        blocks[:] = [{"type": "http.request", "body": b"x" * 900, "more_body": i < 4} for i in range(5)]
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/api/v1/predict",
            "raw_path": b"/api/v1/predict",
            "query_string": b"",
            "headers": [(b"host", b"localhost"), (b"content-type", b"application/json"), *headers],
        }
        asyncio.run(create_app(settings, service)(scope, receive, send))
        assert events[:6] == ["read"] * 5 + ["http.response.start"]
