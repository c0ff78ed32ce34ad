"""Several processes that answer at one address, and share the memory of all that was loaded before they parted.

They are forked when models, tables and known compounds are there; pages of memory that nobody writes to stay common.
One that ends is replaced.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

from formation_mlp.errors import FormationMLPError

TOO_SOON = 5.0
"""Seconds: a process that ends within them did not do its work."""
ENDING = (signal.SIGTERM, signal.SIGINT)
PATIENCE = 10
"""Such ends in a row after which the service gives up."""

log = logging.getLogger("formation_mlp.serve")


def supervise(n: int, run: Callable[[], None]) -> None:
    """Let ``n`` processes do the same until this one gets SIGTERM or SIGINT; then they end, and so does this.

    Raises
    ------
    FormationMLPError
        If processes cannot be forked here, or end again and again as soon as they begin.
    """
    if not hasattr(os, "fork"):
        raise FormationMLPError(
            "--workers: this system cannot fork processes. Leave it out, or start several services."
        )
    is_ending = False

    def end(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_ending
        is_ending = True
        for pid in list(begun):
            _send(pid, signal.SIGTERM)

    begun: dict[int, float] = {}
    gc.collect()
    gc.freeze()  # the collector would write to the pages of every object, and so part them
    for number in ENDING:
        signal.signal(number, end)
    for _ in range(n):
        begun[_forked(run)] = time.monotonic()
    n_failed = 0
    while begun:
        try:
            pid, status = os.wait()
        except ChildProcessError:
            break
        since = begun.pop(pid, None)
        if since is None or is_ending:
            continue
        n_failed = n_failed + 1 if time.monotonic() - since < TOO_SOON else 0
        log.error("worker %s ended (%s), another one begins", pid, os.waitstatus_to_exitcode(status))
        if n_failed > PATIENCE:
            end(signal.SIGTERM, None)
            raise FormationMLPError("serve: the processes that answer end as soon as they begin; the log tells why.")
        begun[_forked(run)] = time.monotonic()


def _forked(run: Callable[[], None]) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)  # or the new process could get a signal with the handler of this
    pid = os.fork()
    if pid:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        return pid
    code = 1
    try:
        for number in ENDING:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        run()
        code = 0
    except BaseException:
        log.exception("a worker fails")
    finally:
        logging.shutdown()
        os._exit(code)


def _send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
