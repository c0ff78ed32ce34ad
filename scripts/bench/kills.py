"""Kill jobs at random moments, run the same call again, and compare what they leave with an undisturbed run.

::

    python scripts/bench/kills.py [--kills 100] [--seed 0] [--only predict train]

Every verb that writes gets its turn. SIGKILL, SIGTERM or SIGINT goes to the job, to one of its workers, or to all of
them at once, as from a terminal; a job is killed one to three times before it may end. The next call is the same one
or, where its message offers it, one with ``--resume``. Files are compared byte for byte, reports but for their times.
The table says how many jobs were killed, went on and ended equal, and what was left behind: temporary files, workers
that lived a second longer than the job, tracebacks. The exit status is 1 if any of these is not as it must be.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

COMMAND = [sys.executable, "-m", "formation_mlp"]
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
MOST_KILLS = 3
"""Of one job."""
ORPHAN_SECONDS = 1.0
"""A worker that lives longer than this after its job is an orphan."""
STARTING_SECONDS = 0.15
"""Before that Python itself is starting, and no program can answer an interrupt in words."""
ENOUGH_SECONDS = 1800
"""For any one job, on any machine."""
ELEMENTS = ("Li", "Na", "K", "Mg", "Ca", "Sr", "Ba", "Al", "Ti", "Fe", "Ni", "Cu", "Zn", "Mn", "Co")
ANIONS = ("O", "F", "Cl", "S", "N", "Br")

OF_THE_CLOCK = re.compile(r"seconds|memory|^cost$|_at$|time|date|cpu|took|speed")
"""Keys of JSON that differ between any two runs."""
NOT_COMPARED = {"state.safetensors", "config.yaml", "search.journal", "cell.json", "_manifest.json", ".png", ".svg"}
"""Names and endings: states hold times, pictures are drawn of what is compared."""


@dataclass(frozen=True)
class Verb:
    """One kind of job.

    Attributes
    ----------
    name : for the table
    words : of the command
    made : files and folders that it makes, which are compared
    resume : whether ``--resume`` goes on with it
    """

    name: str
    words: tuple[str, ...]
    made: tuple[str, ...]
    resume: bool = False


@dataclass
class Tally:
    """What happened to the jobs of a verb."""

    jobs: int = 0
    kills: dict[str, int] = field(default_factory=dict)
    went_on: int = 0
    equal: int = 0
    problems: list[str] = field(default_factory=list)


def _table(of: str, out: str, *more: str) -> tuple[str, ...]:
    return ("predict", "done", "--csv", of, "--out", out, *more)


FEATURES = ("--features", "stoichiometry,element_fraction,magpie")
VERBS = (
    Verb("predict csv", _table("big.csv", "p.csv"), ("p.csv", "p.csv.about.json")),
    Verb("predict csv, workers", _table("big.csv", "w.csv", "--workers", "2"), ("w.csv", "w.csv.about.json")),
    Verb(
        "predict parquet", _table("big.parquet", "p.parquet", "--workers", "2"), ("p.parquet", "p.parquet.about.json")
    ),
    Verb("featurize csv", ("featurize", "small.csv", "--out", "f.csv", *FEATURES), ("f.csv",)),
    Verb("featurize parquet", ("featurize", "small.csv", "--out", "f.parquet", *FEATURES), ("f.parquet",)),
    Verb("featurize folder", ("featurize", "big.parquet", "--out", "f", "--features", "stoichiometry"), ("f",)),
    Verb("stability", ("stability", "energies.csv", "--out", "h.csv"), ("h.csv",)),
    Verb("screen", ("screen", "Li-Fe-O", "--max-atoms", "12", "--out", "s.csv"), ("s.csv", "s.csv.about.json")),
    Verb("train", ("train", "train.yaml"), ("run",), True),
    Verb("train ensemble", ("train", "ensemble.yaml", "--workers", "2"), ("ensemble",), True),
    Verb("benchmark", ("benchmark", "benchmark.yaml", "--workers", "2"), ("bench",)),
    Verb("tune", ("tune", "tune.yaml"), ("tuned_search",), True),
    Verb("report", ("report", "done", "--out", "r.html"), ("r.html",)),
)


def main() -> int:
    """Kill, go on, compare, and print the table; return the exit status."""
    # The background of a shell ignores interrupts, and so would the jobs.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100, help="kills in all")
    parser.add_argument("--seed", type=int, default=0, help="of the moments, signals and targets")
    parser.add_argument("--only", nargs="*", help="verbs whose name begins so")
    parser.add_argument("--keep", type=Path, help="folder to work in, which stays; otherwise a temporary one")
    asked = parser.parse_args()
    verbs = [verb for verb in VERBS if not asked.only or verb.name.startswith(tuple(asked.only))]
    place = asked.keep or Path(tempfile.mkdtemp(prefix="kills-"))
    place.mkdir(parents=True, exist_ok=True)
    rng = random.Random(asked.seed)  # noqa: S311
    tallies = {verb.name: Tally() for verb in verbs}
    try:
        write_inputs(place)
        straight = {verb.name: undisturbed(verb, place) for verb in verbs}
        left = asked.kills
        while left > 0:
            for verb in verbs:
                if left > 0:
                    expected, seconds = straight[verb.name]
                    tally = tallies[verb.name]
                    left -= disturb(verb, place, expected, seconds, rng, tally, min(left, MOST_KILLS))
                    so_far = f"{asked.kills - left} kills; {verb.name}: {len(tally.problems)} problems"
                    print(so_far, file=sys.stderr, flush=True)
    finally:
        if asked.keep is None:
            shutil.rmtree(place, ignore_errors=True)
        print(as_text(tallies))
    return int(any(tally.problems for tally in tallies.values()))


def write_inputs(place: Path) -> None:
    """Write tables, configurations and a finished run."""
    import pandas as pd

    draw = random.Random(0)  # noqa: S311
    formulas = [
        f"{a}{draw.randint(1, 4)}{b}{draw.randint(1, 4)}{x}{draw.randint(1, 6)}"
        for a in ELEMENTS
        for b in ELEMENTS
        for x in ANIONS
        if a != b
    ]
    energies = [round(-0.2 - 3 * draw.random(), 4) for _ in formulas]
    frame = pd.DataFrame({"formula": formulas, "formation_energy_per_atom": energies})
    frame.to_csv(place / "energies.csv", index=False)
    frame[:400].to_csv(place / "small.csv", index=False)
    big = pd.concat([frame] * 90)[["formula"]]
    big.to_csv(place / "big.csv", index=False)
    big.to_parquet(place / "big.parquet")
    base = {
        "data": {"path": "small.csv"},
        "features": ["stoichiometry", "element_fraction"],
        "split": {"val": 0.2, "test": 0.2},
        "model": {"hidden": [16]},
        "training": {"max_epochs": 60, "batch_size": 16, "device": "cpu", "patience": 60},
        "output": "run",
    }
    grid = {"trials": 4, "parameters": {"training.learning_rate": {"log": [1e-4, 1e-2]}}}
    configs = {
        "train": base,
        "ensemble": {**base, "ensemble": {"members": {"network": {"seeds": 3}}}, "output": "ensemble"},
        "benchmark": {**base, "benchmark": {"baselines": ["mean", "ridge"]}, "output": "bench"},
        "tune": {**base, "tune": grid, "output": "tuned"},
        "done": {**base, "output": "done"},
    }
    for name, config in configs.items():
        (place / f"{name}.yaml").write_text(json.dumps(config), encoding="utf-8")
    run(["train", "done.yaml"], place)


def run(words: list[str], place: Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*COMMAND, *words],
        cwd=place,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=ENOUGH_SECONDS,
        check=False,
    )


ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "FORMATION_MLP_CACHE": "off"}


def undisturbed(verb: Verb, place: Path) -> tuple[dict[str, str], float]:
    """Return what a job makes that nobody kills, and the seconds that it takes."""
    clear(verb, place)
    start = time.monotonic()
    done = run(list(verb.words), place)
    seconds = time.monotonic() - start
    if done.returncode:
        raise SystemExit(f"{verb.name}: ended with {done.returncode} undisturbed:\n{done.stderr}")
    found = contents(verb, place)
    clear(verb, place)
    print(f"{verb.name}: {seconds:.1f} s, {len(found)} files", file=sys.stderr, flush=True)
    return found, seconds


def disturb(
    verb: Verb, place: Path, expected: dict[str, str], seconds: float, rng: random.Random, tally: Tally, most: int
) -> int:
    """Kill a job up to ``most`` times, let it end, and note what differs; return the number of kills."""
    clear(verb, place)
    tally.jobs += 1
    words, killed = list(verb.words), 0
    for _ in range(rng.randint(1, most)):
        number, target = rng.choice(SIGNALS), rng.choice(("job", "job", "worker", "all"))
        was_killed, said = kill_once(words, place, number, target, rng.random() * seconds, tally, verb)
        if not was_killed:
            break
        killed += 1
        tally.kills[number.name] = tally.kills.get(number.name, 0) + 1
        check_words(said, verb, tally)
    done = run(words, place)
    resumed = False
    if done.returncode and verb.resume and "--resume" in done.stderr:
        first = min(done.stderr.find("--resume"), done.stderr.find("--overwrite") % (1 << 40))
        if done.stderr.find("--resume") != first:
            tally.problems.append(f"{verb.name}: --overwrite is offered before --resume: {done.stderr.strip()}")
        done, resumed = run([*words, "--resume"], place), True
    check_words(done.stderr, verb, tally)
    tally.went_on += int(resumed or "by an earlier call" in done.stderr or "already trained" in done.stderr)
    if done.returncode and not is_finished(verb, place, done.stderr):
        tally.problems.append(f"{verb.name}: the next call ended with {done.returncode}: {done.stderr.strip()[-400:]}")
        return killed
    found = contents(verb, place)
    differing = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
    if differing:
        tally.problems.append(f"{verb.name}: differing: {', '.join(differing[:5])}")
    else:
        tally.equal += 1
    left = [str(path.relative_to(place)) for path in place.rglob(".*") if path.name != "."]
    if left:
        tally.problems.append(f"{verb.name}: left behind: {', '.join(left[:5])}")
    return killed


def is_finished(verb: Verb, place: Path, said: str) -> bool:
    """Return whether the call is refused because the kill came after the last file of the job was written."""
    words = ("holds an earlier run", "holds a search", "' exists", "there is nothing to resume")
    return any(word in said for word in words) and (place / verb.made[0]).exists()


def kill_once(
    words: list[str], place: Path, number: signal.Signals, target: str, after: float, tally: Tally, verb: Verb
) -> tuple[bool, str]:
    """Start a job and send it a signal; return whether that met it and did not let it end, and what it said."""
    attempt = list(words)
    if verb.resume and (place / verb.made[0] / "config.yaml").exists():
        attempt.append("--resume")
    with tempfile.TemporaryFile("w+") as stderr:
        process = subprocess.Popen(
            [*COMMAND, *attempt], cwd=place, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=stderr, process_group=0
        )
        time.sleep(max(after, STARTING_SECONDS))
        workers = children(process.pid)
        met = process.poll() is None
        if met and target == "all":
            os.killpg(process.pid, number)
        elif met and target == "worker" and workers:
            kill_quietly(workers[0], number if number != signal.SIGINT else signal.SIGKILL)
        elif met:
            process.send_signal(number)
        alone = target == "worker" and bool(workers)
        code = process.wait(ENOUGH_SECONDS)
        time.sleep(ORPHAN_SECONDS)
        orphans = [pid for pid in workers if is_running(pid)]
        stderr.seek(0)
        said = stderr.read()
    if orphans:
        tally.problems.append(f"{verb.name}: {len(orphans)} workers lived on after {number.name} to {target}")
    usual = {0, 2} if alone else {0, -number, 128 + number}
    if met and code not in usual:
        tally.problems.append(f"{verb.name}: {number.name} to {target} ended with {code}: {said.strip()[-300:]}")
    return met and code != 0, said  # the job may end although one of its workers was killed


def check_words(said: str, verb: Verb, tally: Tally) -> None:
    """Note a traceback."""
    if "Traceback" in said:
        tally.problems.append(f"{verb.name}: traceback: ...{said[said.index('Traceback') :][-500:]}")


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    try:
        found = Path(f"/proc/{pid}/task").glob("*/children")
        return [int(child) for path in found for child in path.read_text().split()]
    except OSError:
        return []


def is_running(pid: int) -> bool:
    """Return whether a process does anything."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def kill_quietly(pid: int, number: int) -> None:
    """Send a signal to a process that may have ended."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def clear(verb: Verb, place: Path) -> None:
    """Remove all that a job makes."""
    for name in (*verb.made, *(f"{name}.about.json" for name in verb.made)):
        path = place / name
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    for path in (*place.glob(".*"), *place.glob("*_figures"), *place.glob("s.png")):
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def contents(verb: Verb, place: Path) -> dict[str, str]:
    """Return what a job has made: file to a digest of what must not differ."""
    paths = [
        path for name in verb.made for path in ([place / name] if (place / name).is_file() else files(place / name))
    ]
    kept = [path for path in paths if not NOT_COMPARED & {path.name, path.suffix}]
    return {str(path.relative_to(place)): digest(path) for path in kept}


def files(folder: Path) -> list[Path]:
    """Return the files below a folder."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def digest(path: Path) -> str:
    """Return a digest of a file, without times."""
    content = path.read_bytes()
    reader = READERS.get(path.name) or READERS.get(path.suffix)
    return hashlib.sha256(reader(path) if reader else content).hexdigest()


def timeless(value: object) -> object:
    """Return plain data without what the clock says."""
    if isinstance(value, dict):
        return {key: timeless(one) for key, one in value.items() if not OF_THE_CLOCK.search(key)}
    return [timeless(one) for one in value] if isinstance(value, list) else value


def _json(path: Path) -> bytes:
    return json.dumps(timeless(json.loads(path.read_text(encoding="utf-8"))), sort_keys=True).encode()


def _lines(path: Path) -> bytes:
    lines = path.read_text(encoding="utf-8").splitlines()
    return json.dumps([timeless(json.loads(line)) for line in lines]).encode()


def _model(path: Path) -> bytes:
    from safetensors.numpy import load_file

    return b"".join(name.encode() + tensor.tobytes() for name, tensor in sorted(load_file(path).items()))


def _html(path: Path) -> bytes:
    return re.sub(rb"\d{4}-\d\d-\d\d[ T]?[\d:+.]*|[\d.,]+ (ms|s|min|MB|GB)\b", b"", path.read_bytes())


def _trials(path: Path) -> bytes:
    import csv

    with path.open(newline="", encoding="utf-8") as file:
        return json.dumps([timeless(dict(row)) for row in csv.DictReader(file)]).encode()


READERS: dict[str, Callable[[Path], bytes]] = {
    ".json": _json,
    ".jsonl": _lines,
    ".safetensors": _model,
    ".html": _html,
    "trials.csv": _trials,
}


def as_text(tallies: dict[str, Tally]) -> str:
    """Return the table, and below it every problem."""
    widths = (5, 8, 8, 7, 8, 6, 9)
    names = ("jobs", "SIGKILL", "SIGTERM", "SIGINT", "went on", "equal", "problems")
    header = " ".join([f"{'verb':22}", *(f"{name:>{width}}" for name, width in zip(names, widths, strict=True))])
    lines = [header]
    for name, tally in tallies.items():
        counts = [tally.kills.get(number.name, 0) for number in SIGNALS]
        row = (tally.jobs, *counts, tally.went_on, tally.equal, len(tally.problems))
        lines.append(f"{name:22} " + " ".join(f"{n:>{width}}" for n, width in zip(row, widths, strict=True)))
    total = sum(sum(tally.kills.values()) for tally in tallies.values())
    problems = [problem for tally in tallies.values() for problem in tally.problems]
    lines.append(
        f"{total} kills, {len(problems)} problems: differing results, leftovers, orphans, tracebacks, odd ends"
    )
    return "\n".join([*lines, *problems])


if __name__ == "__main__":
    sys.exit(main())
