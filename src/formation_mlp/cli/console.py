"""The standard streams: what a console cannot show is spelled out, and one that is closed or full is said, not raised.

One mechanism for all verbs: `prepare` replaces the streams before the first verb runs, and whatever writes to them,
`print` and typer's help alike, passes through it.
"""

from __future__ import annotations

import errno
import io
import logging
import os
import sys
import threading
from typing import Any, NoReturn

from formation_mlp.errors import FormationMLPError

READER_WENT = 128 + 13
"""Exit code where the reader of a pipe went away, such as ``head``: that of a process that SIGPIPE ends."""


class OutputError(FormationMLPError):
    """Standard output cannot be written."""

    def __init__(self, reason: OSError) -> None:
        super().__init__(f"standard output: cannot be written ({reason.strerror or reason}).")
        self.reader_went = reason.errno == errno.EPIPE


class _Output(io.BufferedWriter):
    """Standard output, whose failure is an `OutputError`: no other file's failure can be taken for it."""

    def write(self, content: Any, /) -> int:
        try:
            return super().write(content)
        except OSError as error:
            _redirect_to_nothing(1)
            raise OutputError(error) from error

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            _redirect_to_nothing(1)
            raise OutputError(error) from error


class _Messages(io.BufferedWriter):
    """Standard error: where it cannot be written, nobody can be told, and the results matter more.

    What was printed before a message stands before it, too, where both streams go to one file or pipe.
    """

    def write(self, content: Any, /) -> int:
        of_a_thread = threading.current_thread() is not threading.main_thread()  # a progress bar's could tell nobody
        if not (of_a_thread or sys.stdout is None or sys.stdout.closed):
            sys.stdout.flush()
        try:
            return super().write(content)
        except OSError:
            _redirect_to_nothing(2)
            return len(content)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            _redirect_to_nothing(2)


class _Remarks(logging.Handler):
    """Prints to what standard error is at that time: a progress bar puts something in its place."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr)


def prepare() -> None:
    """Make the three streams safe; those that others put in their place, such as tests, stay."""
    for descriptor, flags in (
        (0, os.O_RDONLY),
        (1, os.O_RDONLY),
        (2, os.O_WRONLY),
    ):  # 1: writing must fail, and be said
        _open_if_closed(descriptor, flags)
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115 (it stays open)
    sys.stdout = _guarded(sys.stdout, 1, _Output)
    sys.stderr = _guarded(sys.stderr, 2, _Messages)


def show_remarks() -> None:
    """Print what the package logs, such as that it compiles, on standard error."""
    logger = logging.getLogger("formation_mlp")
    logger.handlers = [_Remarks()]
    logger.setLevel(logging.INFO)
    logger.propagate = False


def end(error: OutputError) -> NoReturn:
    """End the process as its standard output did: silently if nobody reads on, else with a message."""
    if not error.reader_went:
        print(f"error: {error}", file=sys.stderr)
    sys.exit(READER_WENT if error.reader_went else 2)


def _open_if_closed(descriptor: int, flags: int) -> None:
    """Keep a descriptor that the shell closed from being given to the next file that is opened."""
    try:
        os.fstat(descriptor)
    except OSError:
        opened = os.open(os.devnull, flags)
        if opened != descriptor:
            os.dup2(opened, descriptor)
            os.close(opened)
        os.set_inheritable(descriptor, True)


def _guarded(stream: Any, descriptor: int, kind: type[io.BufferedWriter]) -> Any:
    raw: io.RawIOBase
    if stream is None:  # Python found the descriptor closed
        raw, encoding, is_direct = io.FileIO(descriptor, "w", closefd=False), "utf-8", False
    elif type(stream) is io.TextIOWrapper:
        encoding, is_direct = stream.encoding, stream.line_buffering or stream.write_through
        buffer: Any = stream.detach()
        raw = buffer.detach() if isinstance(buffer, io.BufferedWriter) else buffer
    else:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
        return stream
    return io.TextIOWrapper(kind(raw), encoding=encoding, errors="backslashreplace", line_buffering=is_direct)


def _redirect_to_nothing(descriptor: int) -> None:
    """Let what is still in the buffer go nowhere, or the interpreter would complain of it when it ends."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, descriptor)
    os.close(nothing)
