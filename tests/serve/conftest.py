"""A service that answers in the process of the tests."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from formation_mlp.serve.app import create_app
from formation_mlp.serve.settings import Settings
from formation_mlp.serve.state import Service


@pytest.fixture(scope="session")
def service() -> Service:
    """Return a service, whose models are loaded once for all tests."""
    return Service(Settings())


@pytest.fixture
def client(service: Service) -> TestClient:
    """Return what asks it as a script on this machine does."""
    return TestClient(create_app(service.settings, service), base_url="http://localhost:8000")
