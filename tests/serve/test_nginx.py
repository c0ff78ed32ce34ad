"""The example for nginx in the documentation is one that nginx accepts, and the service answers behind it."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from serve.test_process import PATIENCE, started
from support.paths import ROOT

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(NGINX is None, reason="nginx is not installed")]


def test_the_service_answers_behind_nginx(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "verbs" / "serve.md").read_text(encoding="utf-8")
    (server,) = re.findall(r"```nginx\n(.*?)```", page, re.DOTALL)
    with started(tmp_path, "--allow-host", "energies.example.org") as (_, url):
        server = re.sub(r"\n    ssl_.*", "", server).replace("listen 443 ssl", "listen 127.0.0.1:8979")
        server = server.replace("http://127.0.0.1:8000", url.rstrip("/"))
        paths = "".join(
            f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (tmp_path / "nginx.conf").write_text(
            f"daemon off;\npid {tmp_path}/pid;\nerror_log {tmp_path}/error.log;\nevents {{}}\n"
            f"http {{\naccess_log off;\n{paths}{server}}}\n"
        )
        assert NGINX is not None
        with subprocess.Popen([NGINX, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]) as nginx:
            try:
                table = b"formula\nNaCl\n"
                named = {"Host": "energies.example.org", "Origin": "https://energies.example.org"}
                address = "http://127.0.0.1:8979/api/v1/jobs?name=mine.csv"
                assert status(Request(address, table, named)) == 202
            finally:
                nginx.terminate()


def status(request: Request) -> int:
    """Return the status of an answer, as soon as somebody listens."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
                return int(answer.status)
        except URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError) or time.monotonic() > end:
                raise
            time.sleep(0.05)
