"""How a job ends when it is interrupted: with a sentence, without temporary files, and with the usual exit code."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

WORDS = {"SIGINT": "interrupted", "SIGTERM": "terminated", "SIGHUP": "ended with its terminal"}
"""Signal to what is said; those that this system does not have are never sent."""

AGAIN_SECONDS = 0.05
"""After this time a signal is repeated that came where an exception goes no further, as in a destructor."""

SAME_CALL = "the same call goes on where this one stopped"
"""A note for `noted`."""

_told: set[int] = set()
"""Signals that this process is already making way for."""


class Stopped(KeyboardInterrupt):
    """A signal asks this process to end; everything that makes way for a Ctrl-C makes way for it.

    Parameters
    ----------
    number
        Of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def end(stop: KeyboardInterrupt) -> NoReturn:
    """Say that the job was stopped, and how it goes on if a note tells; exit with 128 and the number of the signal."""
    number = stop.number if isinstance(stop, Stopped) else int(signal.SIGINT)
    stop.is_said = True  # type: ignore[attr-defined]
    notes = getattr(stop, "__notes__", [])
    print("; ".join([WORDS[signal.Signals(number).name], *notes[:1]]), file=sys.stderr, flush=True)
    sys.exit(128 + number)


@contextmanager
def noted(note: str, is_begun: Callable[[], bool]) -> Iterator[None]:
    """Note on an interrupt of the block how the work goes on that has begun, for `end` to say."""
    try:
        yield
    except KeyboardInterrupt as stop:
        if is_begun():
            stop.add_note(note)
        raise


@contextmanager
def in_words() -> Iterator[None]:
    """Let the signals that end a process end the block as a Ctrl-C does; inside another such block, do nothing.

    A signal that is ignored, as under ``nohup``, stays ignored, and a handler of somebody else stays.
    """
    numbers = [getattr(signal, name) for name in WORDS if hasattr(signal, name)]
    ours = threading.current_thread() is threading.main_thread()
    usual = (signal.SIG_DFL, signal.default_int_handler)
    before = {number: signal.getsignal(number) for number in numbers if ours and signal.getsignal(number) in usual}
    hook = sys.unraisablehook
    for number in before:
        signal.signal(number, _raise)
    if before:
        sys.unraisablehook = lambda lost: _repeat(lost, hook)
    try:
        yield
    except KeyboardInterrupt as stop:
        end(stop)
    except SystemExit as left:
        unsaid = _unsaid(left)
        if unsaid is not None:
            end(unsaid)
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        sys.unraisablehook = hook
        if before:
            _told.clear()


def _unsaid(left: BaseException) -> KeyboardInterrupt | None:
    """Return the interrupt behind an exit, if typer has made one of it without a word, as while it reads arguments."""
    reason: BaseException | None = left
    while reason is not None and not isinstance(reason, KeyboardInterrupt):
        reason = reason.__cause__ or reason.__context__
    return None if reason is None or hasattr(reason, "is_said") else reason


def ignore() -> None:
    """Let a job that is done leave in peace: an interrupt of the interpreter's own last steps prints a traceback."""
    for name in WORDS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def _raise(number: int, _frame: FrameType | None) -> None:
    if number in _told and number != signal.SIGINT:  # a second Ctrl-C is of somebody who does not want to wait
        return
    _told.add(number)
    raise Stopped(number)


def _repeat(lost: UnraisableHookArgs, hook: object) -> None:
    """Send a signal again whose exception was lost, which Python would only print."""
    if not isinstance(lost.exc_value, KeyboardInterrupt):
        hook(lost)  # type: ignore[operator]
        return
    number = lost.exc_value.number if isinstance(lost.exc_value, Stopped) else int(signal.SIGINT)
    _told.discard(number)
    again = threading.Timer(AGAIN_SECONDS, _send, [number])
    again.daemon = True
    again.start()


def _send(number: int) -> None:
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, number)  # so that it wakes from a wait
    else:
        signal.raise_signal(number)
