"""One network, trained in its run folder and saved as it goes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from formation_mlp.checkpoint import load_tensors, save_tensors
from formation_mlp.report import without_nan
from formation_mlp.run_folder import RunFolder
from formation_mlp.stages import Prepared, checkpoint, network_member, network_training
from formation_mlp.training.network import NetworkTraining
from formation_mlp.training.state import EpochRecord

SAVE_EVERY_SECONDS = 5.0
"""An interrupted run loses at most this much, and one epoch."""

Scores = Mapping[str, Mapping[str, float]]


class NetworkRun:
    """A network in training, and the folder that holds its configuration, history, state and best model.

    Parameters
    ----------
    prepared : rows and configuration
    folder : where the run is kept
    number : counts the networks of an ensemble
    resume : go on from the state in the folder, if there is one
    overwrite : replace an earlier run

    Attributes
    ----------
    job : the network in training
    resumed : the epoch after which the run goes on, or 0
    seconds : spent on training, in all sittings

    Raises
    ------
    ConfigError
        If the folder is in use and neither ``overwrite`` nor ``resume`` allows to go on.
    CheckpointError
        If the run to resume is missing, finished, or not of this configuration or these rows.
    """

    def __init__(
        self, prepared: Prepared, folder: RunFolder, number: int = 0, *, resume: bool = False, overwrite: bool = False
    ) -> None:
        self.prepared, self.folder = prepared, folder
        self.job: NetworkTraining = network_training(prepared, number)
        folder.begin(prepared.config.model_dump(), overwrite=overwrite, resume=resume)
        self.seconds = 0.0
        if resume and folder.state.exists():  # there is none if the first epoch was interrupted
            tensors, plain = load_tensors(folder.state, "training state")
            self.job.restore(tensors, plain)
            self.seconds = float(plain.get("seconds", 0.0))
        self.resumed = self.job.state.epoch

    def epochs(self) -> Iterator[EpochRecord]:
        """Train to the end, saving now and then; keep the best model whatever happens."""
        start = saved = time.perf_counter()
        before = self.seconds
        try:
            for record in self.job.epochs():
                self.seconds = before + time.perf_counter() - start
                yield record
                if record.epoch == 1 or time.perf_counter() - saved > SAVE_EVERY_SECONDS:
                    self.save({})
                    saved = time.perf_counter()
        except BaseException:
            self._save_best({})
            raise

    def save(self, part_scores: Scores) -> None:
        """Write the state between two epochs, and the best model with its scores."""
        tensors, plain = self.job.snapshot()
        save_tensors(self.folder.state, tensors, {"kind": "training state", "seconds": self.seconds, **plain})
        self._save_best(part_scores)

    def _save_best(self, part_scores: Scores) -> None:
        self.folder.write_history(self.job.history)
        if self.job.state.best_epoch:
            scores = {part: without_nan(values) for part, values in part_scores.items()}
            members = [network_member(self.prepared, self.job)]
            checkpoint(self.prepared, members, scores).save(self.folder.model)

    def details(self) -> dict[str, Any]:
        """Return what a report says of the network."""
        return {
            "parameters": self.job.n_parameters,
            "epochs": self.job.state.epoch,
            "best_epoch": self.job.state.best_epoch,
            "device": str(self.job.device),
            "precision": str(self.job.limits.precision).removeprefix("torch."),
        }
