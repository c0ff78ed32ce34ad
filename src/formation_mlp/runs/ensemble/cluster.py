"""Members of an ensemble as the tasks of a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from formation_mlp.config.loading import check_config
from formation_mlp.errors import ConfigError, TrainingError
from formation_mlp.features.engine.cluster import connected, distributed_package
from formation_mlp.runs.ensemble.member import is_trained, train_member
from formation_mlp.runs.ensemble.plan import MemberPlan, plan_members
from formation_mlp.runs.folder import RunFolder
from formation_mlp.runs.prepare import load_rows, prepare
from formation_mlp.runs.progress import Reporter
from formation_mlp.saved_model.checkpoint import package_versions
from formation_mlp.system.processes import ChildProcess, ProcessDied
from formation_mlp.training.state import EpochRecord

SAME_VERSIONS = "Install the same versions of formation_mlp and the packages it uses on the workers as here."


def train_on_cluster(plans: Sequence[MemberPlan], folder: RunFolder, reporter: Reporter, scheduler: str) -> None:
    """Train members on the workers of a Dask cluster, one at a time for each of their threads.

    The workers share a disk with this process: there they read the configuration and the rows, and write the members.
    So a member whose worker is lost goes on elsewhere from its last state. Each featurizes the rows for itself, which
    the feature cache makes cheap if it lies on that disk, too.
    """
    distributed = distributed_package()
    with connected(distributed, scheduler) as client:
        where, versions = Path.cwd(), package_versions()
        tasks = {
            client.submit(train_on_worker, folder.path.resolve(), plan.name, where, versions, pure=False): plan.name
            for plan in plans
        }
        for task in distributed.as_completed(tasks, loop=client.loop):
            name = tasks[task]
            try:
                task.result()
            except (ImportError, AttributeError, distributed.client.FutureCancelledError) as error:
                raise TrainingError(f"scheduler {scheduler}: {error}. {SAME_VERSIONS}") from error
            except distributed.KilledWorker as error:
                times = error.allowed_failures + 1
                raise TrainingError(
                    f"member {name}: {times} workers of the cluster were lost while they trained it. "
                    "Give them more memory, or look into their logs; 'train CONFIG --resume' goes on."
                ) from error
            except ProcessDied as died:
                raise TrainingError(f"member {name}: the process that trained it died: {died.end}.") from died
            reporter.say(f"{name}: trained")


def check_worker(versions: Mapping[str, str]) -> None:
    """Raise `TrainingError` if this worker of a cluster has other versions of what decides the numbers."""
    own = package_versions()
    differing = {name for name in {*own, *versions} if own.get(name) != versions.get(name)}
    if differing:
        raise TrainingError(
            f"a worker of the cluster has other versions of {', '.join(sorted(differing))}. {SAME_VERSIONS}"
        )


def train_on_worker(folder: Path, name: str, where: Path, versions: Mapping[str, str]) -> None:
    """Train a member on a worker of a cluster."""
    in_child_of_worker(folder, versions, train_planned, folder, name, where)


def in_child_of_worker(
    home: Path, versions: Mapping[str, str], function: Callable[..., Iterator[object]], *arguments: object
) -> None:
    """Run a function to its end in a process of its own: the threads of a worker would share torch's generator.

    Raises
    ------
    TrainingError
        If the worker has other versions of what decides the numbers.
    ConfigError
        If it does not see the run folder ``home``.
    """
    check_worker(versions)
    if not RunFolder(home).config.exists():
        raise ConfigError(f"output: a worker of the cluster does not see {home}. Choose a shared disk.")
    child = ChildProcess()
    try:
        for _ in child.run(function, *arguments):
            pass
    finally:
        child.close()


def train_planned(folder: Path, name: str, where: Path) -> Iterator[EpochRecord]:
    """Train the member with this name, unless a worker that was lost has finished it."""
    os.chdir(where)  # paths in the configuration start there
    config = check_config(RunFolder(folder).saved_config(), str(folder))
    if config.ensemble is None:
        raise ConfigError(f"{folder}: not the run folder of an ensemble.")
    prepared = prepare(config, load_rows(config)).with_content()
    (plan,) = (plan for plan in plan_members(prepared, config.ensemble) if plan.name == name)
    if not is_trained(plan):
        yield from train_member(plan, 1)
