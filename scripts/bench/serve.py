"""Load, memory and accidents of the service on this machine: python scripts/bench/serve.py [PART]... [--seconds 20].

Parts: start, load, memory, kill, disk, upload, slow. All of them are run if none is named; `disk` mounts a small
file system and needs the rights of root. Each prints one table row or line; the service runs in processes of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np

from formation_mlp.hulls.known_phases import known_phases

CLIENTS = 8
BATCH = 1000
BEGINNING = (
    b"POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
)
"""Of a request, whose rest never comes."""


class Service:
    """A service that was started here.

    Attributes
    ----------
    process : the parent of those that answer
    port : where it listens
    seconds : until it listened
    """

    def __init__(self, process: subprocess.Popen[str], port: int, seconds: float) -> None:
        self.process, self.port, self.seconds = process, port, seconds

    def ask(self, path: str, content: object = None, kind: str = "application/json") -> tuple[int, bytes]:
        """Return the status and the body of an answer."""
        data = content if content is None or isinstance(content, bytes) else json.dumps(content).encode()
        headers = {"content-type": kind}
        try:
            with urlopen(Request(f"http://127.0.0.1:{self.port}{path}", data, headers), timeout=900) as found:
                return found.status, found.read()
        except HTTPError as error:
            return error.code, error.read()

    def pids(self) -> list[int]:
        """Return the process and its children."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]

    def memory(self) -> tuple[float, float]:
        """Return the sums of resident and of proportional memory, in MB."""
        texts = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in self.pids()]
        rss, pss = (
            sum(int(re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)[1]) for text in texts) / 1024  # type: ignore[index]
            for name in ("Rss", "Pss")
        )
        return rss, pss


@contextmanager
def started(*options: str, jobs: Path | None = None) -> Iterator[Service]:
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        where = str(jobs or Path(folder) / "jobs")
        process = subprocess.Popen(
            [sys.executable, "-m", "formation_mlp", "serve", "-q", "--port", "0", "--jobs", where, *options],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        try:
            port = int(re.search(r":(\d+)/", process.stdout.readline())[1])  # type: ignore[index]
            service = Service(process, port, 0.0)
            while True:
                try:
                    service.ask("/healthz")
                    break
                except OSError:
                    time.sleep(0.02)
            service.seconds = time.perf_counter() - begun
            yield service
            process.send_signal(signal.SIGTERM)
            print(f"  ended with {process.wait(120)} after SIGTERM")
        finally:
            process.kill()
            process.wait()


def formulas(n: int) -> list[str]:
    known = known_phases("mp2020").formulas
    return [known[i] for i in np.random.default_rng(0).integers(0, len(known), n).tolist()]


async def client(port: int, bodies: list[bytes], end: float, most: int, times: list[float], errors: list[str]) -> None:
    """Send one request after another over one connection."""
    reader = writer = None
    for number in range(most):
        if time.perf_counter() > end:
            break
        body = bodies[number % len(bodies)]
        head = (
            f"POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        begun = time.perf_counter()
        try:
            if reader is None or writer is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**26)
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(re.search(rb"(?i)content-length: (\d+)", answer)[1])  # type: ignore[index]
            await reader.readexactly(length)
            if b" 200 " not in answer.split(b"\r\n", 1)[0]:
                errors.append(answer.split(b"\r\n", 1)[0].decode())
            times.append(time.perf_counter() - begun)
        except (OSError, EOFError) as error:
            errors.append(repr(error))
            reader = writer = None
    if writer is not None:
        writer.close()


def load(
    service: Service, size: int, seconds: float, clients: int = CLIENTS, most: int = 10**9
) -> tuple[list[float], list[str], float]:
    names = formulas(max(1000, size))
    bodies = [json.dumps({"formulas": names[i : i + size]}).encode() for i in range(0, len(names), size)]
    times, errors = list[float](), list[str]()
    begun = time.perf_counter()

    async def all_clients() -> None:
        await asyncio.gather(
            *(
                client(service.port, bodies[i:] + bodies[:i], begun + seconds, most, times, errors)
                for i in range(clients)
            )
        )

    asyncio.run(all_clients())
    return times, errors, time.perf_counter() - begun


def row(name: str, times: list[float], errors: list[str], seconds: float, size: int) -> None:
    ordered = sorted(times)
    p50, p99 = 1000 * statistics.median(ordered), 1000 * ordered[int(0.99 * (len(ordered) - 1))]
    rate = len(times) / seconds
    said = f"{rate:9.1f} requests/s {rate * size:10.0f} formulas/s  p50 {p50:8.1f} ms  p99 {p99:8.1f} ms"
    print(f"{name:42} {said}  {len(errors)} errors")


def start(_seconds: float) -> None:
    with started() as service:
        begun = time.perf_counter()
        service.ask("/api/v1/predict", {"formulas": ["Fe2O3"]})
        first = 1000 * (time.perf_counter() - begun)
        times, errors, seconds = load(service, 1, 10, clients=1)
        print(f"start: listens after {service.seconds:.1f} s; first answer {first:.0f} ms")
        row("one client, one formula", times, errors, seconds, 1)


def of_load(seconds: float) -> None:
    for workers in (1, 2):
        with started("--workers", str(workers)) as service:
            time.sleep(10)  # the known compounds are described
            for size in (1, BATCH):
                row(f"{workers} workers, {CLIENTS} clients, {size} formulas", *load(service, size, seconds), size)
            rss, pss = service.memory()
            print(f"{workers} workers: {rss:.0f} MB resident, {pss:.0f} MB of it proportional to who shares it")


def of_memory(_seconds: float) -> None:
    with started() as service:
        n = int(os.environ.get("REQUESTS", "100000"))
        for part in range(5):
            times, errors, seconds = load(service, 1, 1e9, most=n // 5 // CLIENTS)
            row(f"{(part + 1) * n // 5:,} requests, {service.memory()[0]:.0f} MB resident", times, errors, seconds, 1)


def kill(seconds: float) -> None:
    with started("--workers", "2") as service:
        victim = service.pids()[1]
        subprocess.Popen(["/bin/sh", "-c", f"sleep {seconds / 3}; kill -9 {victim}"])
        times, errors, taken = load(service, 1, seconds)
        row("a worker is killed meanwhile", times, errors, taken, 1)
        print(f"kill: {len(service.pids()) - 1} workers answer again; errors: {errors[:3]}")


def disk(_seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", folder], check=True)
        try:
            with started(jobs=Path(folder) / "jobs") as service:
                table = b"formula\n" + b"NaCl\n" * 2_000_000
                told = service.ask("/api/v1/jobs?name=a.csv", table)
                fill = Path(folder) / "fill"
                fill.write_bytes(b"0" * 12 * 2**20)
                small = service.ask("/api/v1/jobs?name=a.csv", b"formula\n" + b"NaCl\n" * 400_000)
                state = finished(service, json.loads(small[1])["id"]) if small[0] == 202 else {}
                print(f"disk: table of 10 MB on 20 MB: {told[0]} {json.loads(told[1]).get('detail')}")
                print(f"disk: table of 2 MB on 8 MB: {small[0]} {state.get('state')} {state.get('error')}")
                print(f"disk: afterwards {service.ask('/api/v1/predict', {'formulas': ['NaCl']})[0]}")
        finally:
            subprocess.run(["umount", folder], check=True)


def finished(service: Service, id_: str) -> dict[str, object]:
    while True:
        state: dict[str, object] = json.loads(service.ask(f"/api/v1/jobs/{id_}")[1])
        if state["state"] in ("done", "failed"):
            return state
        time.sleep(0.5)


def upload(_seconds: float) -> None:
    with started("--limit", "table_rows=50000000") as service:
        names = formulas(100_000)
        block = "".join(f"{name}\n" for name in names).encode()
        table = b"formula\n" + block * (200 * 2**20 // len(block))
        begun = time.perf_counter()
        status, answer = service.ask("/api/v1/jobs?name=large.csv", table)
        taken = time.perf_counter() - begun
        print(f"upload: {len(table) / 2**20:.0f} MB in {taken:.1f} s: {status}; {service.memory()[0]:.0f} MB resident")
        times, errors, seconds = load(service, 1, 10)
        row("while it is predicted", times, errors, seconds, 1)
        state = json.loads(service.ask(f"/api/v1/jobs/{json.loads(answer)['id']}")[1])
        print(f"upload: {state['n_done']:,} of {state['n_rows'] or 0:,} rows, {state['seconds_left']} s left")
        million = b"formula\n" + block * 10
        service.ask(f"/api/v1/jobs/{state['id']}/cancel", b"")
        begun = time.perf_counter()
        done = finished(service, json.loads(service.ask("/api/v1/jobs?name=million.csv", million)[1])["id"])
        print(f"a million rows: {done['state']} after {time.perf_counter() - begun:.0f} s")


def slow(seconds: float) -> None:
    with started("--limit", "idle_seconds=3") as service:
        waiting = []
        for _ in range(50):
            one = socket.create_connection(("127.0.0.1", service.port))
            one.sendall(BEGINNING)
            waiting.append(one)
        times, errors, taken = load(service, 1, max(seconds, 8))
        row("beside 50 clients that send nothing", times, errors, taken, 1)
        print(f"slow: {sorted({one.recv(100).split(b' ')[1].decode() for one in waiting})} is what they were told")


PARTS = {
    "start": start,
    "load": of_load,
    "memory": of_memory,
    "kill": kill,
    "disk": disk,
    "upload": upload,
    "slow": slow,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART")
    parser.add_argument("--seconds", type=float, default=20.0)
    asked = parser.parse_args()
    for name in asked.parts or PARTS:
        PARTS[name](asked.seconds)


if __name__ == "__main__":
    main()
