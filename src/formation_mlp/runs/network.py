"""One network, trained in its run folder and saved as it goes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from formation_mlp.runs.assemble import checkpoint, network_member
from formation_mlp.runs.folder import RunFolder
from formation_mlp.runs.loggers import log_epoch, open_loggers
from formation_mlp.runs.prepare import Prepared, network_training
from formation_mlp.saved_model.checkpoint import load_state, load_tensors, save_tensors
from formation_mlp.system.costs import Cost, Meter
from formation_mlp.system.files import write_json
from formation_mlp.training.callbacks import Callback, Epoch, tell
from formation_mlp.training.network import NetworkTraining
from formation_mlp.training.state import EpochRecord

SAVE_EVERY_SECONDS = 5.0
"""An interrupted run loses at most this much, and one epoch."""


class NetworkRun:
    """A network in training, and the folder that holds its configuration, history, state and best model.

    Parameters
    ----------
    prepared : rows and configuration
    folder : where the run is kept
    number : counts the networks of an ensemble
    resume : go on from the state in the folder, if there is one
    overwrite : replace an earlier run
    callbacks : told of each epoch; one that returns True ends the training

    Attributes
    ----------
    job : the network in training
    resumed : the epoch after which the run goes on, or 0
    remarks : what its reader should know of the state from which it goes on
    cost : of the training, in all sittings
    epoch_seconds : those on the clock at the end of each epoch, from the start of the training on

    Raises
    ------
    ConfigError
        If the folder is in use and neither ``overwrite`` nor ``resume`` allows to go on.
    CheckpointError
        If the run to resume is missing, finished, or not of this configuration or these rows.
    """

    def __init__(
        self,
        prepared: Prepared,
        folder: RunFolder,
        number: int = 0,
        *,
        resume: bool = False,
        overwrite: bool = False,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        self.prepared, self.folder, self.callbacks = prepared, folder, callbacks
        self.job: NetworkTraining = network_training(prepared, number)
        raw, known = prepared.config.model_dump(), prepared.fingerprint()
        folder.begin(raw, overwrite=overwrite, resume=resume, fingerprint=known)
        self.cost, self.epoch_seconds = Cost(), list[float]()
        self.remarks: tuple[str, ...] = ()
        if resume and folder.state.exists():  # there is none if the first epoch was interrupted
            tensors, plain, self.remarks = load_state(folder.state)
            self.job.restore(tensors, plain)
            cost = plain.get("cost", {})
            self.cost = Cost(plain.get("seconds", 0.0), cost.get("cpu_seconds", 0.0), cost.get("peak_memory"))
            self.epoch_seconds = list(cost.get("epoch_seconds", ()))
        self.resumed = self.job.state.epoch
        self._saved_epoch = 0

    def epochs(self) -> Iterator[EpochRecord]:
        """Train to the end, saving now and then; keep the best model whatever happens."""
        saved = time.perf_counter()
        before, meter = self.cost, Meter()
        config, is_complete = self.prepared.config, False
        loggers = open_loggers(config, self.folder.path, self.resumed + 1)
        try:
            for record in self.job.epochs():
                self.cost = before + meter.cost()
                self.epoch_seconds.append(self.cost.seconds)
                epoch = Epoch.of(record, self.folder.path.name, config.training.learning_rate, self.cost.seconds)
                log_epoch(loggers, epoch)
                if tell(self.callbacks, epoch):
                    self.job.stop()
                yield record
                if record.epoch == 1 or time.perf_counter() - saved > SAVE_EVERY_SECONDS:
                    self.save_state()
                    self.save_best()
                    saved = time.perf_counter()
            is_complete = True
        except BaseException:
            self.folder.write_history(self.job.history)
            self.save_best()
            raise
        finally:
            for logger in loggers:
                logger.close(is_complete)

    def save_state(self) -> None:
        """Write history and state between two epochs."""
        tensors, plain = self.job.snapshot()
        cost = {**self.cost.as_json(), "epoch_seconds": [round(seconds, 4) for seconds in self.epoch_seconds]}
        kept = {"kind": "training state", "seconds": self.cost.seconds, "cost": cost, **plain}
        save_tensors(self.folder.state, tensors, kept)
        self.folder.write_history(self.job.history)

    def save_best(self) -> None:
        """Write the best model so far, unless there is none or it is written already; without scores and trust."""
        best = self.job.state.best_epoch
        if best != self._saved_epoch:
            checkpoint(self.prepared, [network_member(self.prepared, self.job)], {}).save(self.folder.model)
            self._saved_epoch = best

    def details(self) -> dict[str, Any]:
        """Return what a report says of the network."""
        return {
            "parameters": self.job.n_parameters,
            "epochs": self.job.state.epoch,
            "best_epoch": self.job.state.best_epoch,
            "device": str(self.job.device),
            "precision": str(self.job.limits.precision).removeprefix("torch."),
            **self.cost.as_json(),
        }


def train_network(
    prepared: Prepared, folder: RunFolder, number: int = 0, callbacks: Sequence[Callback] = ()
) -> Iterator[EpochRecord]:
    """Train a network of an ensemble in its folder, from where an earlier attempt left it, and yield its epochs."""
    resume = folder.config.exists()
    run = NetworkRun(prepared, folder, number, resume=resume, overwrite=not resume, callbacks=callbacks)
    yield from run.epochs()
    run.save_state()
    run.save_best()
    write_json(folder.report, {"fit_seconds": round(run.cost.seconds, 3), **run.details()})
    folder.finish()


def finished_before(prepared: Prepared, folder: RunFolder) -> bool:
    """Return whether a folder holds the finished training of these rows with this configuration.

    Raises
    ------
    CheckpointError
        If it holds another one: one that learned from other rows must not answer for these.
    """
    if not folder.is_done():
        return False
    folder.check_same(prepared.config.model_dump(), prepared.fingerprint())
    return True


def course(folder: RunFolder) -> list[tuple[float, float]]:
    """Return pairs of training seconds and the best val score by then, one per epoch that was better than all before.

    Empty if the folder does not tell the seconds of every epoch.
    """
    _, plain = load_tensors(folder.state, "training state")
    history, seconds = folder.read_history(), plain.get("cost", {}).get("epoch_seconds", [])
    if len(history) != len(seconds):
        return []
    return [(when, record["val_score"]) for when, record in zip(seconds, history, strict=True) if record["is_best"]]
