"""Only who is asked by the right name, from the right site, with the right token, gets an answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from formation_mlp.errors import FormationMLPError
from formation_mlp.serve.app import create_app
from formation_mlp.serve.settings import Settings
from formation_mlp.serve.start import check_token
from formation_mlp.serve.state import Service
from formation_mlp.serve.token import token_of

TOKEN = "a-token-of-enough-signs"  # noqa: S105 (of these tests alone)
SALT = {"formulas": ["NaCl"]}


@pytest.fixture
def guarded(service: Service) -> TestClient:
    """Return what asks a service that other machines can reach."""
    settings = replace(service.settings, host="0.0.0.0", token=TOKEN, hosts=("energies.example",))  # noqa: S104
    return TestClient(create_app(settings, service), base_url="http://energies.example")


def test_a_token_is_needed_but_for_the_page_and_its_health(guarded: TestClient) -> None:
    assert guarded.get("/healthz").status_code == 200
    refused = guarded.post("/api/v1/predict", json=SALT)
    assert refused.status_code == 401
    assert "Bearer" in refused.headers["www-authenticate"]
    for wrong in ("Bearer ", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN):
        assert guarded.get("/api/v1/models", headers={"authorization": wrong}).status_code == 401
    right = {"authorization": f"Bearer {TOKEN}"}
    assert guarded.post("/api/v1/predict", json=SALT, headers=right).status_code == 200
    assert guarded.get("/api/v1/../healthz/../api/v1/models").status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "10.0.0.1"])
def test_a_service_of_this_machine_is_not_called_by_foreign_names(client: TestClient, host: str) -> None:
    assert client.get("/api/v1/scales", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]:8000", "localhost."])
def test_it_is_called_by_the_names_of_this_machine(client: TestClient, host: str) -> None:
    assert client.get("/api/v1/scales", headers={"host": host}).status_code == 200


def test_pages_of_other_sites_may_not_ask(client: TestClient) -> None:
    for headers in ({"origin": "http://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        assert client.post("/api/v1/predict", json=SALT, headers=headers).status_code == 403
    own = {"origin": "http://localhost:8000", "sec-fetch-site": "same-origin"}
    answer = client.post("/api/v1/predict", json=SALT, headers=own)
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


def test_every_answer_forbids_what_a_page_does_not_need(client: TestClient) -> None:
    for answer in (client.get("/healthz"), client.get("/nothing"), client.get("/healthz", headers={"host": "evil"})):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_other_machines_may_not_ask_without_a_token_that_cannot_be_guessed() -> None:
    check_token(Settings())
    check_token(Settings(host="::1"))
    with pytest.raises(FormationMLPError, match="a token is needed"):
        check_token(Settings(host="0.0.0.0"))  # noqa: S104
    with pytest.raises(FormationMLPError, match="has 5 signs"):
        check_token(Settings(token="short"))  # noqa: S106


def test_a_token_is_read_from_a_file_that_only_its_owner_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o600)
    assert token_of(file) == TOKEN
    file.chmod(0o644)
    with pytest.raises(FormationMLPError, match="chmod 600"):
        token_of(file)
    with pytest.raises(FormationMLPError, match="cannot be read"):
        token_of(tmp_path / "none")
    monkeypatch.setenv("FORMATION_MLP_TOKEN", TOKEN)
    assert token_of(None) == TOKEN
