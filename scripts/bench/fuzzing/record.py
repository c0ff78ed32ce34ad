"""One input, what became of it, and the limits within which that has to happen."""

import resource
import signal
import time
import traceback
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from formation_mlp.errors import FormationMLPError

SLOW_SECONDS, LONGEST_SECONDS = 1.0, 20
HEAVY_BYTES = 500_000_000
LONG_MESSAGE = 3000
COLUMNS = ("traceback", "silent", "differs", "slow")
"""What must not happen: an exception that is no sentence, a wrong number without a word, two answers, a long wait."""


class TimeUp(BaseException):
    """An input took longer than any may; no handler of the package takes it for an error of the input."""


@dataclass(frozen=True)
class Refusal:
    """The sentence with which the package refused an input."""

    reason: str


@dataclass
class Trial:
    """One input on its way through the package.

    Attributes
    ----------
    seed : repeats the input, as ``--only``
    kind, way : of the input
    shown : the input, or what tells it from others
    outcome : read, remark (read and said how) or refused
    findings : column of `COLUMNS` to what was found
    folder : an empty place for files
    """

    seed: str
    kind: str
    way: str
    folder: Path
    shown: str = ""
    outcome: str = "read"
    detail: str = ""
    findings: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0
    slow_seconds: float = SLOW_SECONDS

    def give(self, shown: object) -> None:
        self.shown = shown if isinstance(shown, str) else repr(shown)

    def call(self, function, *arguments, **keys):
        """Return what the function returns, or the `Refusal`, or None where something else was raised."""
        try:
            return function(*arguments, **keys)
        except FormationMLPError as error:
            return self.refuse(str(error))
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            where = next(
                (f for f in reversed(traceback.extract_tb(error.__traceback__)) if "formation_mlp" in f.filename), last
            )
            place = f"{Path(where.filename).name}:{where.lineno}"
            self.find("traceback", f"{type(error).__name__}: {str(error)[:120]} ({place})")
            return None

    def refuse(self, reason: str) -> Refusal:
        self.outcome, self.detail = "refused", reason
        if len(reason) > LONG_MESSAGE:
            self.find("slow", f"a message of {len(reason)} signs")
        return Refusal(reason)

    def remark(self, text: str) -> None:
        self.outcome, self.detail = "remark", text

    def find(self, column: str, what: str) -> None:
        if (column, what) not in self.findings:
            self.findings.append((column, what))


@contextmanager
def limits(trial: Trial):
    """Measure time and memory of what happens inside; end it when it takes too long."""

    def ring(_number, _frame):
        raise TimeUp

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, LONGEST_SECONDS)  # of this process, so that a busy machine changes nothing
    start = time.process_time()
    try:
        yield
    except TimeUp:
        trial.find("slow", f"ended after {LONGEST_SECONDS} s of processor time")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        trial.seconds = time.process_time() - start
    if trial.seconds > trial.slow_seconds:
        trial.find("slow", f"{trial.seconds:.1f} s of processor time")
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    if grown > HEAVY_BYTES:
        trial.find("slow", f"{grown / 1e9:.1f} GB of memory")


def bound_memory(further_bytes: int) -> None:
    """Let this process take only so much more memory than it has."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    limit = pages * resource.getpagesize() + further_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))


class Book:
    """All trials: counts for the table, findings for the list below it."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], Counter] = {}
        self.findings: list[tuple[Trial, str, str]] = []
        self.slowest: list[tuple[float, Trial]] = []

    def add(self, trial: Trial) -> None:
        count = self.counts.setdefault((trial.kind, trial.way), Counter())
        count["inputs"] += 1
        count[trial.outcome] += 1
        for column in {column for column, _ in trial.findings}:
            count[column] += 1
        self.findings += [(trial, column, what) for column, what in trial.findings]
        self.slowest = sorted([*self.slowest, (trial.seconds, trial)], key=lambda pair: -pair[0])[:5]

    def rows(self) -> list[list[str]]:
        names = ("inputs", "read", "remark", "refused", *COLUMNS)
        rows = [[*key, *(str(count[name]) for name in names)] for key, count in self.counts.items()]
        total = sum(self.counts.values(), Counter())
        return [*rows, ["all", "", *(str(total[name]) for name in names)]]


def shortened(text: str, longest: int = 160) -> str:
    """Return a text that a terminal can show: escaped, and cut in the middle."""
    plain = text if text.isprintable() and text.isascii() else ascii(text)
    half = longest // 2
    return plain if len(plain) <= longest else f"{plain[:half]} ... {plain[-half:]} ({len(text)} signs)"
