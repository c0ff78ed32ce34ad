"""Where the epochs of a run are logged beside its own history: tools that draw curves of many runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from formation_mlp.config.schema import Config
from formation_mlp.errors import ConfigError
from formation_mlp.registry import lookup
from formation_mlp.training.callbacks import Epoch

QUANTITIES = ("train_loss", "val_loss", "val_score", "learning_rate")
"""What is logged of an epoch."""

Settings = Mapping[str, Any]
"""The configuration of a run as plain data."""


class Logger(Protocol):
    """What logs the epochs of one network."""

    def log(self, epoch: Epoch) -> None:
        """Log an epoch."""

    def close(self, is_complete: bool) -> None:
        """Write what is left; ``is_complete`` tells whether the training came to its end."""


class TensorBoard:
    """Write event files, which ``tensorboard --logdir runs`` reads.

    Parameters
    ----------
    folder
        Of the event files.
    settings
        Configuration of the run.
    first_epoch
        That comes next; what an interrupted run logged of it and later ones is no longer shown.
    """

    def __init__(self, folder: Path, settings: Settings, first_epoch: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        purge = first_epoch if first_epoch > 1 or folder.exists() else None
        self._writer = SummaryWriter(str(folder), purge_step=purge)
        if first_epoch == 1:
            lines = "\n".join(f"    {name}: {value}" for name, value in flat(settings).items())
            self._writer.add_text("configuration", lines)

    def log(self, epoch: Epoch) -> None:
        """Log an epoch."""
        for name in QUANTITIES:
            self._writer.add_scalar(name, getattr(epoch, name), epoch.epoch)
        self._writer.flush()  # a killed run loses nothing, and curves grow while they are looked at

    def close(self, is_complete: bool) -> None:
        """Write what is left."""
        self._writer.close()


class MLflow:
    """Log a run of MLflow, in the folder of the run or where ``MLFLOW_TRACKING_URI`` says.

    Parameters
    ----------
    folder
        Of the records, and of the file ``run_id``, by which a resumed run goes on with the same run of MLflow.
    settings
        Configuration of the run.
    first_epoch
        That comes next.
    """

    def __init__(self, folder: Path, settings: Settings, first_epoch: int) -> None:
        client_of = import_module("mlflow.tracking").MlflowClient
        folder.mkdir(parents=True, exist_ok=True)
        own = (folder / "records").resolve().as_uri()
        self._client = client_of(tracking_uri=os.environ.get("MLFLOW_TRACKING_URI") or own)
        kept = folder / "run_id"
        if first_epoch > 1 and kept.exists():
            self._run = kept.read_text(encoding="utf-8").strip()
            self._client.set_terminated(self._run, "RUNNING")
            return
        found = self._client.get_experiment_by_name("formation_mlp")
        experiment = self._client.create_experiment("formation_mlp") if found is None else found.experiment_id
        self._run = self._client.create_run(experiment, run_name=folder.parent.name).info.run_id
        kept.write_text(self._run, encoding="utf-8")
        for name, value in flat(settings).items():
            self._client.log_param(self._run, name, str(value)[:500])  # longer values are refused by some servers

    def log(self, epoch: Epoch) -> None:
        """Log an epoch."""
        for name in QUANTITIES:
            self._client.log_metric(self._run, name, getattr(epoch, name), step=epoch.epoch)

    def close(self, is_complete: bool) -> None:
        """Say that the run has ended, or was interrupted."""
        self._client.set_terminated(self._run, "FINISHED" if is_complete else "KILLED")


@dataclass(frozen=True, slots=True)
class LoggerKind:
    """A way to log.

    Attributes
    ----------
    package : that it needs
    install : what installs the package
    open : from folder, configuration and number of the next epoch to a logger
    """

    package: str
    install: str
    open: Callable[[Path, Settings, int], Logger]


def check_loggers(config: Config) -> None:
    """Refuse loggers whose package is not installed, before anything is read or trained.

    Raises
    ------
    ConfigError
        With what to install.
    """
    for name in config.training.loggers:
        kind = lookup(LOGGERS, name, "training.loggers", "logger")
        try:
            import_module(kind.package)
        except ImportError as error:
            raise ConfigError(
                f"training.loggers: {name!r} needs the package {kind.package}: {kind.install}. Or leave it out."
            ) from error


def open_loggers(config: Config, folder: Path, first_epoch: int) -> list[Logger]:
    """Return the loggers of a network, each with a folder of its name in that of the run."""
    check_loggers(config)
    settings = config.model_dump()
    return [LOGGERS[name].open(folder / name, settings, first_epoch) for name in config.training.loggers]


def flat(settings: Settings, prefix: str = "") -> dict[str, Any]:
    """Return nested settings as ``section.key`` to value.

    Examples
    --------
    >>> flat({"model": {"hidden": [8]}, "seed": 0})
    {'model.hidden': [8], 'seed': 0}
    """
    found: dict[str, Any] = {}
    for name, value in settings.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return found


def log_epoch(loggers: Sequence[Logger], epoch: Epoch) -> None:
    """Log an epoch everywhere."""
    for logger in loggers:
        logger.log(epoch)


LOGGERS: dict[str, LoggerKind] = {
    "tensorboard": LoggerKind("tensorboard", "pip install 'formation-mlp[tensorboard]'", TensorBoard),
    "mlflow": LoggerKind("mlflow", "pip install mlflow", MLflow),
}
"""Name of each logger, which is also that of its folder in the folder of a run."""
