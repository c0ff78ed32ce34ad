"""Several processes that train one network together: each takes a share of the rows of every batch.

``torchrun --nproc-per-node 2 -m formation_mlp train CONFIG`` starts them. The first runs the whole job, and it alone
reads, prints and writes; the others wait for a network, and train it along (`run_together`).

All processes hold all rows and the same weights, and see the same batches. Each computes the outputs of its share,
takes those of the others as given numbers, and differentiates the loss of the whole batch; so the sum of the
gradients over the processes is the gradient, whatever the loss is. All then make the same update.

It pays where a step is long: on two cores, an epoch with 3.7 million weights and batches of 2048 rows took 8.9 s in two
processes of one thread and 15.6 s in one. With ``configs/quick.yaml`` (0.46 million, 512 rows) it took 6.9 and 6.8 s,
for every process repeats the update, and Muon's is half of such a step. Members of an ensemble, side by side, use the
cores better. On cuda (nccl, a device for each process) it has not been tried.

torch's ``DistributedDataParallel`` could replace `Group.sum_gradients` only, a few lines of this module: the outputs of
all rows, the orders to the other processes and the words about a lost one would stay. It gave the same gradients in the
same time (medians of 12 steps of 3.4 million weights in two processes), so the gradients are added up here.
"""

from __future__ import annotations

import io
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from socket import gethostname
from typing import Any
from zlib import crc32

import torch
import torch.distributed as dist
from torch import Tensor, nn

from formation_mlp.errors import FormationMLPError, TrainingError

SECONDS_FOR_A_STEP = 600
"""After this time without an answer a process is taken for lost."""

SECONDS_FOR_A_JOB = 7 * 86400
"""How long the others wait while the first process featurizes structures, or grows trees."""

TORCHRUN = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
"""Variables by which torchrun tells a process which one it is, and where to meet the others."""

_LEAVE, _EPOCH = 0, -1


class Alone:
    """One process that trains by itself; `Group` is several.

    Attributes
    ----------
    rank : number of this process; the first, 0, runs the job
    size : number of processes
    local_rank : number of this process on its machine, and of its cuda device
    """

    rank = 0
    size = 1
    local_rank = 0

    def share(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Return the rows of a batch that are this process's own."""
        return inputs

    def gathered(self, output: Tensor, n: int) -> Tensor:
        """Return the outputs of all ``n`` rows of a batch for those of the own share; only these have gradients."""
        return output

    def sum_gradients(self, model: nn.Module) -> None:
        """Add up the gradients of all processes."""

    def compare(self, model: nn.Module) -> None:
        """Make sure that all processes hold the same weights.

        Raises
        ------
        TrainingError
            If they do not.
        """

    def begin(self, job: object) -> None:
        """Have the other processes train along: ``job`` is pickled, and over there its ``epochs()`` are run.

        Raises
        ------
        TrainingError
            If one of them cannot.
        """

    @contextmanager
    def epoch(self) -> Iterator[None]:
        """Let all processes run the next epoch of the job; an error of this one alone parts it from the others."""
        yield


class Group(Alone):
    """Processes that have joined; the first calls `begin` and `epoch` and at last `dismiss`, the others `assist`.

    Raises
    ------
    TrainingError
        Everywhere, if a process is lost.
    """

    def __init__(self, rank: int, size: int, local_rank: int) -> None:
        self.rank, self.size, self.local_rank = rank, size, local_rank
        self._is_whole = True
        has_cuda = torch.cuda.is_available()
        if has_cuda and local_rank < torch.cuda.device_count():
            torch.cuda.set_device(local_rank)
        with self._talk():
            backend = "cpu:gloo,cuda:nccl" if has_cuda else "gloo"
            dist.init_process_group(backend, timeout=timedelta(seconds=SECONDS_FOR_A_STEP))
            self._orders = dist.new_group(backend="gloo", timeout=timedelta(seconds=SECONDS_FOR_A_JOB))

    def share(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Return the rows of a batch that are this process's own."""
        return tuple(tensor[self._own(len(tensor))] for tensor in inputs)

    def gathered(self, output: Tensor, n: int) -> Tensor:
        """Return the outputs of all ``n`` rows of a batch for those of the own share; only these have gradients."""
        own = self._own(n)
        everyone = output.new_zeros(n, *output.shape[1:])
        everyone[own] = output.detach()
        self._add(everyone)
        return torch.cat([everyone[: own.start], output, everyone[own.stop :]])

    def sum_gradients(self, model: nn.Module) -> None:
        """Add up the gradients of all processes, as one vector: many small messages would take longer."""
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        self._add(flat)
        parts = flat.split([gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def compare(self, model: nn.Module) -> None:
        """Make sure that all processes hold the same weights."""
        number = crc32(b"".join(p.detach().cpu().numpy().tobytes() for p in model.parameters()))
        extremes = torch.tensor([number, -number])
        with self._talk():
            dist.all_reduce(extremes, dist.ReduceOp.MAX)
        if extremes[0] != -extremes[1]:
            raise TrainingError(
                f"the weights of the {self.size} processes are no longer equal: their processors, or versions of "
                "torch, compute different numbers. Take machines of one kind, or fewer processes."
            )

    def begin(self, job: object) -> None:
        """Have the other processes train along."""
        if self.rank:
            return
        content = io.BytesIO()
        pickle.dump(job, content, protocol=pickle.HIGHEST_PROTOCOL)
        self._tell(content.getbuffer().nbytes)
        with self._talk():
            dist.broadcast(torch.frombuffer(content.getbuffer(), dtype=torch.uint8), 0, self._orders)
        self._raise_together("")

    @contextmanager
    def epoch(self) -> Iterator[None]:
        """Let all processes run the next epoch of the job; an error of this one alone parts it from the others."""
        if not self.rank:
            self._tell(_EPOCH)
        try:
            yield
        except FormationMLPError:  # every process has it, or the group is marked already
            raise
        except BaseException:
            self._is_whole = False
            raise

    def assist(self) -> None:
        """Train along what the first process begins, until it dismisses this one."""
        epochs: Iterator[object] = iter(())
        while order := self._tell():
            try:
                if order == _EPOCH:
                    next(epochs, None)
                else:
                    epochs = self._received(order)
            except FormationMLPError:
                if not self._is_whole:
                    raise

    def dismiss(self) -> None:
        """Let the other processes go, unless they are in the middle of an epoch: then they notice by themselves."""
        if not self._is_whole:
            return
        with suppress(TrainingError):  # this process ends in any case
            if not self.rank:
                self._tell(_LEAVE)
            dist.destroy_process_group()

    def _received(self, n_bytes: int) -> Iterator[object]:
        content = torch.empty(n_bytes, dtype=torch.uint8)
        with self._talk():
            dist.broadcast(content, 0, self._orders)
        failure, epochs = "", None
        try:
            epochs = pickle.loads(content.numpy().data).epochs()  # noqa: S301 (from the first process)
        except Exception as error:
            failure = f"process {self.rank} on {gethostname()}: {error}"
        self._raise_together(failure)
        return epochs or iter(())

    def _raise_together(self, failure: str) -> None:
        failures: list[str] = [""] * self.size
        with self._talk():
            dist.all_gather_object(failures, failure, self._orders)
        if any(failures):
            raise TrainingError("; ".join(filter(None, failures)))

    def _tell(self, order: int = _LEAVE) -> int:
        """Return the order of the first process."""
        number = torch.tensor(order)
        with self._talk():
            dist.broadcast(number, 0, self._orders)
        return int(number)

    def _own(self, n: int) -> slice:
        return slice(n * self.rank // self.size, n * (self.rank + 1) // self.size)

    def _add(self, tensor: Tensor) -> None:
        with self._talk():
            dist.all_reduce(tensor)

    @contextmanager
    def _talk(self) -> Iterator[None]:
        """Name the reason if the processes lose each other; after any error in here they no longer understand."""
        if not self._is_whole:
            raise TrainingError(
                "the processes that train together have lost each other; 'train CONFIG --resume' goes on."
            )
        try:
            yield
        except RuntimeError as error:
            self._is_whole = False
            raise TrainingError(
                f"process {self.rank} of {self.size}, on {gethostname()}, lost the others: {error}. What ended them is "
                "said by them, or by torchrun; 'train CONFIG --resume' goes on, with any number of processes."
            ) from error
        except BaseException:
            self._is_whole = False
            raise


_current: Alone = Alone()


def current_group() -> Alone:
    """Return the processes that train together here: this one alone, except within `run_together`."""
    return _current


def is_started_by_torchrun() -> bool:
    """Tell whether this process is one of several that torchrun has started."""
    return all(name in os.environ for name in TORCHRUN) and os.environ["WORLD_SIZE"] != "1"


def run_together(job: Callable[[], Any]) -> None:
    """Run ``job`` in the first of the processes that torchrun has started; the others train its networks along.

    A process that torchrun has not started just runs the job.

    Raises
    ------
    TrainingError
        If a process is lost.

    Examples
    --------
    >>> run_together(lambda: print("trained"))
    trained
    """
    global _current
    if not is_started_by_torchrun():
        job()
        return
    group = Group(*(int(os.environ[name]) for name in TORCHRUN[:3]))
    _current = group
    try:
        group.assist() if group.rank else job()
    except KeyboardInterrupt:
        if not group.rank:
            raise
        sys.exit(130)  # the first process prints the message
    finally:
        _current = Alone()
        group.dismiss()
