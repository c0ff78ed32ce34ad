"""The service as users start it: it listens, answers, and ends when it is told to."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from formation_mlp.errors import FormationMLPError
from formation_mlp.serve.settings import Settings
from formation_mlp.serve.start import check_folders, listen
from support.commands import python_environment, real_command

PATIENCE = 240.0

pytestmark = pytest.mark.slow


@contextmanager
def started(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Yield a service that listens at a port of its own, and its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "formation_mlp", "serve", "--port", "0", "--jobs", str(folder / "jobs"), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=python_environment(),
    )
    assert process.stdout is not None
    try:
        found = re.search(r"http://\S+/", process.stdout.readline())
        assert found is not None, process.communicate()
        yield process, found[0]
    finally:
        process.kill()
        process.communicate()


def answer(url: str, content: object = None) -> dict[str, object]:
    """Ask, again as long as nobody listens yet."""
    data = None if content is None else json.dumps(content).encode()
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with urlopen(Request(url, data, {"content-type": "application/json"}), timeout=PATIENCE) as found:  # noqa: S310
                told: dict[str, object] = json.loads(found.read())
                return told
        except (ConnectionError, OSError) as error:
            if isinstance(error, HTTPError) or time.monotonic() > end:
                raise
            time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_starts_answers_and_ends_when_it_is_told_to(tmp_path: Path, number: signal.Signals) -> None:
    with started(tmp_path) as (process, url):
        assert answer(f"{url}healthz")["status"] == "ok"
        assert answer(f"{url}api/v1/predict", {"formulas": ["NaCl"]})["n_rows"] == 1
        process.send_signal(number)
        _, log = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, log
    paths = [line["path"] for line in map(json.loads, log.splitlines()) if line["message"] == "request"]
    assert paths == ["/healthz", "/api/v1/predict"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that forks")
def test_a_worker_that_is_killed_is_replaced(tmp_path: Path) -> None:
    with started(tmp_path, "--workers", "2") as (process, url):
        answer(f"{url}healthz")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        if not children.exists():
            pytest.skip("the system does not list children")
        before = set(children.read_text().split())
        assert len(before) == 2
        killed = sorted(before)[0]
        os.kill(int(killed), signal.SIGKILL)
        end = time.monotonic() + PATIENCE
        while not (len(now := set(children.read_text().split())) == 2 and killed not in now):
            assert time.monotonic() < end
            time.sleep(0.05)
        for _ in range(10):
            assert answer(f"{url}api/v1/predict", {"formulas": ["NaCl"]})["n_failed"] == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def test_what_it_cannot_be_started_with_is_said(tmp_path: Path) -> None:
    assert "a token is needed" in real_command("serve", "--host", "0.0.0.0").refused()  # noqa: S104
    assert "is no folder" in real_command("serve", "--runs", tmp_path / "none").refused()
    with listening() as port:
        assert "nobody can listen" in real_command("serve", "--port", port).refused()
    (tmp_path / "file").touch()
    with pytest.raises(FormationMLPError, match="cannot be made"):
        check_folders(Settings(jobs=tmp_path / "file" / "jobs"))


def test_a_small_answer_is_sent_at_once() -> None:
    with listen(Settings(port=0)) as here:
        here.listen()
        with socket.create_connection(here.getsockname()):
            accepted, _ = here.accept()
            with accepted:  # asyncio sets TCP_NODELAY on a connection if it knows that this is one of TCP
                assert accepted.proto == socket.IPPROTO_TCP


@contextmanager
def listening() -> Iterator[int]:
    taken = listen(Settings(port=0))
    taken.listen()
    with taken:
        yield taken.getsockname()[1]
