"""Networks that are trained without a run folder: the way of the estimators."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from formation_mlp.config.loading import check_config, merged
from formation_mlp.runs.assemble import checkpoint, network_member, with_trust
from formation_mlp.runs.prepare import Prepared, network_training
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.saved_model.members import NetworkMember
from formation_mlp.training.callbacks import Callback, Epoch, tell


def train_in_memory(
    prepared: Prepared, n_members: int = 1, callbacks: Sequence[Callback] = ()
) -> tuple[Checkpoint, list[Epoch]]:
    """Train networks one after another; return the model that they make together, and all epochs.

    Parameters
    ----------
    prepared
        Rows and configuration.
    n_members
        Networks, which differ by their seed and answer with equal shares.
    callbacks
        Told of each epoch; one that returns True ends the training of the network, and its best epoch is kept.

    Raises
    ------
    ConfigError, TrainingError
        If a network cannot be built or trained.
    """
    members, history = list[NetworkMember](), list[Epoch]()
    for number in range(n_members):
        name = "network" if n_members == 1 else f"network-{number}"
        seed = prepared.config.seed + number
        own = check_config(merged(prepared.config, {}, seed=seed), name)
        member, epochs = _trained(replace(prepared, config=own), number, name, callbacks)
        members.append(replace(member, name=name, share=1 / n_members))
        history += epochs
    return with_trust(prepared, checkpoint(prepared, members, {})), history


def _trained(
    prepared: Prepared, number: int, name: str, callbacks: Sequence[Callback]
) -> tuple[NetworkMember, list[Epoch]]:
    job = network_training(prepared, number)

    def epochs() -> Iterator[Epoch]:
        start = time.perf_counter()
        for record in job.epochs():
            epoch = Epoch.of(record, name, job.training.learning_rate, time.perf_counter() - start)
            if tell(callbacks, epoch):
                job.stop()
            yield epoch

    told = list(epochs())
    return network_member(prepared, job), told
