"""Child processes that do the work of this package; if one dies, its parent and the other work go on.

They are started as ``python -m formation_mlp.system.worker_main`` and not by ``multiprocessing``: so they work
from any script, notebook and thread, and inside the daemon processes of a Dask worker.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from threading import Lock, Thread
from typing import IO, Any, TypeVar, cast

from formation_mlp.errors import ComputeError
from formation_mlp.system.compute import Event, Job

K = TypeVar("K")

GRACE_SECONDS = 5.0
"""How long a process that has closed its pipe may take to end by itself."""

DIED = "the process that described this row died"
"""How the reason begins for a row that kills its process; such a result is not kept for the next run."""

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Many processes with many threads each would be in each other's way."""


class ProcessDied(ComputeError):  # noqa: N818 (an event; where it can be, it is handled)
    """A worker process was killed or crashed.

    Parameters
    ----------
    end
        What is known of its end, such as ``SIGKILL``.
    code
        Its exit code.
    """

    def __init__(self, end: str, code: int | None = None) -> None:
        super().__init__(f"a worker process died: {end}")
        self.end = end
        self.code = code


class ChildProcess:
    """A Python process that runs functions of this package; it is started when it is first needed.

    Use it from one thread at a time; `close` may be called from any.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self.closed = False

    def run(self, function: Callable[..., Iterable[Any]], *arguments: object) -> Iterator[Any]:
        """Yield what ``function(*arguments)`` yields over there, as it comes.

        What it raises is raised here. If the iteration is given up, the process is ended.

        Raises
        ------
        ProcessDied
            If the process ends before the function does. The next call starts a new one.
        ComputeError
            If no process can be started.
        """
        process = self._started()
        kind = ""
        try:
            _send(process, (function, arguments))
            while True:
                kind, value = _receive(process)
                if kind != "item":
                    break
                yield value
        except (EOFError, BrokenPipeError):
            kind = ""
            raise self._stop(GRACE_SECONDS) from None
        finally:
            if kind not in ("end", "error"):
                self._stop()
        if kind == "error":
            raise value

    def run_again(self, function: Callable[..., Iterable[Any]], *arguments: object) -> Iterator[Any]:
        """Do as `run` does, and once more if the process dies: for what goes on from the files that it has left."""
        try:
            yield from self.run(function, *arguments)
        except ProcessDied:
            if self.closed:
                raise
        else:
            return
        yield from self.run(function, *arguments)

    def close(self) -> None:
        """End the process, at once and for good."""
        self.closed = True
        self._stop()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None:
            if self._process.poll() is None:
                return self._process
            self._stop()  # it died while it had nothing to do
        with _interrupts_held():
            self._process = process = subprocess.Popen(
                [sys.executable, "-P", "-m", "formation_mlp.system.worker_main", str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**ONE_THREAD, **os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        if self.closed:  # perhaps only now, by another thread
            raise self._stop()
        try:
            _receive(process)  # it says that it is ready
        except EOFError:
            died = self._stop(GRACE_SECONDS)
            raise ComputeError(
                f"a worker process could not be started: {sys.executable} ended with {died.end}; what it said is above."
            ) from None
        return process

    def _stop(self, patience: float = 0.0) -> ProcessDied:
        """End the process, after ``patience`` seconds in which it may do so itself; return how it ended."""
        process, self._process = self._process, None
        if process is None:
            return ProcessDied("closed")
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
        process.kill()
        code = process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]
        return ProcessDied(signal.Signals(-code).name if code < 0 else f"exit code {code}", code)


def in_processes(jobs: Iterator[Job[K]], n_workers: int) -> Generator[Event[K], None, None]:
    """Do jobs in processes of this machine, one at a time in each; see `formation_mlp.system.jobs.run_jobs`."""
    children = [ChildProcess() for _ in range(n_workers)]
    results = SimpleQueue[Event[K] | BaseException | None]()
    lock = Lock()

    def drive(child: ChildProcess) -> None:
        try:
            while True:
                with lock:
                    job = next(jobs, None)
                if job is None:
                    break
                for event in _events(child, job):
                    results.put(event)
        except BaseException as error:  # the main thread raises it
            results.put(error)
        results.put(None)

    threads = [Thread(target=drive, args=(child,), daemon=True) for child in children]
    for thread in threads:
        thread.start()
    try:
        n_running = n_workers
        while n_running:
            result = results.get()
            if isinstance(result, BaseException):
                raise result
            if result is None:
                n_running -= 1
            else:
                yield result
    finally:
        for child in children:
            child.close()
        for thread in threads:
            thread.join()


def _events(child: ChildProcess, job: Job[K]) -> Iterator[Event[K]]:
    try:
        for item in child.run_again(job.function, *job.arguments):
            yield Event(job.key, item)
    except ProcessDied as died:
        if child.closed:  # the whole work is given up
            raise
        yield Event(job.key, is_end=True, lost=died.end)
    else:
        yield Event(job.key, is_end=True)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Start a process that no Ctrl-C reaches before it can say that it is not meant: it inherits what is held here."""
    if not hasattr(signal, "pthread_sigmask"):  # on Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _send(process: subprocess.Popen[bytes], request: object) -> None:
    pipe = cast("IO[bytes]", process.stdin)
    pickle.dump(request, pipe, protocol=pickle.HIGHEST_PROTOCOL)
    pipe.flush()


def _receive(process: subprocess.Popen[bytes]) -> tuple[str, Any]:
    try:
        reply: tuple[str, Any] = pickle.load(cast("IO[bytes]", process.stdout))  # noqa: S301 (from our own process)
    except pickle.UnpicklingError as error:  # cut off
        raise EOFError from error
    return reply
