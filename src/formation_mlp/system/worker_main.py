"""What runs in a child process: functions, as its parent asks for them.

See `formation_mlp.system.processes.ChildProcess` for the other end. Requests come as pickles on standard
input, replies leave on standard output.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import sys
import traceback
import warnings
from threading import Thread
from typing import Any, BinaryIO

PR_SET_PDEATHSIG = 1
"""Of prctl(2): the signal that Linux sends a process when the thread that started it ends."""


def main() -> None:
    """Answer requests until the parent closes the pipe or is gone."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # whatever a featurizer prints must not get between the replies
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the parent, which then ends this process
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    _end_with_parent(requests.fileno(), int(sys.argv[1]) if len(sys.argv) > 1 else os.getppid())
    warnings.showwarning = lambda *_: None  # matminer warns a lot, and changes the filters
    try:
        _send(replies, "item", "ready")
        while _answer(requests, replies):
            pass
    except BrokenPipeError:  # the parent is gone
        os._exit(0)


def _end_with_parent(pipe: int, parent: int) -> None:
    """End this process at once when its parent is gone, however that ended: nobody else must write what it writes.

    Linux does it, whatever this process is doing. Elsewhere a thread sees that the pipe has lost its other end.
    """
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it was gone before this was asked
            os._exit(0)
    if hasattr(select, "poll"):  # not on Windows: there a reply that nobody takes ends the process

        def watch() -> None:
            poll = select.poll()
            poll.register(pipe, select.POLLHUP)
            while not any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll()):
                pass
            os._exit(0)

        Thread(target=watch, name="watch parent", daemon=True).start()


def _answer(requests: BinaryIO, replies: BinaryIO) -> bool:
    """Run one function and send what it yields; return whether there may be more to do."""
    try:
        function, arguments = pickle.load(requests)  # noqa: S301 (from the parent)
    except EOFError:
        return False
    try:
        for item in function(*arguments):
            _send(replies, "item", item)
    except BrokenPipeError:
        raise
    except BaseException as error:
        _send(replies, "error", _portable(error))
    else:
        _send(replies, "end", None)
    return True


def _send(replies: BinaryIO, kind: str, value: Any) -> None:
    replies.write(pickle.dumps((kind, value), protocol=pickle.HIGHEST_PROTOCOL))
    replies.flush()


def _portable(error: BaseException) -> BaseException:
    """Return the error, or if it cannot be sent, one that tells the same."""
    text = "".join(traceback.format_exception(error))
    try:
        error.add_note(f"in a worker process:\n{text}")
        pickle.loads(pickle.dumps(error))  # noqa: S301 (made here)
    except Exception:
        return RuntimeError(text)
    return error


if __name__ == "__main__":
    main()
