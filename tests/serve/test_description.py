"""The description of the interface holds: whatever it allows is answered as it says, and never by a defect."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from formation_mlp.serve.app import create_app
from formation_mlp.serve.settings import Limits, Settings
from formation_mlp.serve.state import Service

PATIENCE = 240.0
EXAMPLES = int(os.environ.get("FORMATION_MLP_EXAMPLES", "5"))
"""Requests of each address; scripts/bench/serve.py asks for many more."""

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """Return a service that screens little at once, so that many requests take little time."""
    limits = Limits(atoms=6, candidates=500, jobs=1000, seconds=240.0)
    settings = replace(Settings(hosts=("testserver",)), jobs=tmp_path_factory.mktemp("jobs"), limits=limits)
    return create_app(settings, Service(settings))


def test_every_address_has_a_summary_an_answer_and_problems(app: FastAPI) -> None:
    for address, methods in app.openapi()["paths"].items():
        for method in methods.values():
            assert method["summary"], address
            assert "default" in method["responses"], address
            assert any(code.startswith("2") for code in method["responses"]), address
            assert "422" not in method["responses"]


def test_what_the_description_allows_is_answered_as_it_says(app: FastAPI) -> None:
    checks = [not_a_server_error, status_code_conformance, response_schema_conformance]
    found = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app).get_all_operations()
    operations = [one.ok() for one in found if isinstance(one, Ok)]
    assert len(operations) >= 15
    for operation in operations:

        @given(case=operation.as_strategy())
        @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        def holds(case: Any) -> None:
            case.call_and_validate(checks=checks, timeout=PATIENCE)

        holds()
