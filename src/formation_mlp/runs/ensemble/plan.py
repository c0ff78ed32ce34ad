"""Which members an ensemble has: for each its name, configuration, seed and rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from formation_mlp.config.loading import check_config, merged
from formation_mlp.config.schema import Config, EnsembleConfig, HullConfig, MemberConfig, TaskConfig
from formation_mlp.errors import ConfigError, DataError
from formation_mlp.models.boosted_trees import lightgbm_package
from formation_mlp.models.size import check_size
from formation_mlp.registry import lookup
from formation_mlp.runs.contents import ENERGIES
from formation_mlp.runs.ensemble.hull_member import HullTreesPlan
from formation_mlp.runs.ensemble.member import MemberPlan, NetworkPlan, TreesPlan
from formation_mlp.runs.prepare import Prepared, require_fitting
from formation_mlp.splits.methods import Split, deal_folds
from formation_mlp.targets.task import Task


def plan_members(prepared: Prepared, ensemble: EnsembleConfig) -> list[MemberPlan]:
    """Return the members that a section `ensemble` asks for.

    Raises
    ------
    ConfigError
        If the name of a member cannot be that of a folder, its configuration is wrong, or LightGBM is missing.
    DataError
        If a member needs formation energies that a train row does not have.
    """
    config, plans = prepared.config, list[MemberPlan]()
    splits = _splits(prepared, ensemble.folds)
    for kind, member in ensemble.members.items():
        if not kind.replace("_", "").replace("-", "").isalnum():
            raise ConfigError(f"ensemble.members: {kind!r} is not made of letters, digits, '-' and '_'.")
        if "start_from" in member.training:
            raise ConfigError(f"ensemble.members.{kind}: start_from is for all members; give training.start_from.")
        if member.boosted_trees is not None and prepared.task.has_several_scales:
            raise ConfigError(f"ensemble.members.{kind}: boosted trees know no energy scales; give data.scale one.")
        if member.boosted_trees is not None:
            lightgbm_package()  # rather now than after the networks
        if member.hull is not None and member.boosted_trees is None:
            raise ConfigError(f"ensemble.members.{kind}.hull: only boosted trees take it; add 'boosted_trees: {{}}'.")
        for i in range(member.seeds):
            for fold, split in enumerate(splits):
                name = f"{kind}-{i}" + (f"-fold{fold}" if len(splits) > 1 else "")
                own = _member_config(config, member, name, config.seed + len(plans))
                rows = replace(prepared, config=own, split=split)
                plan = _plan(name, len(plans), rows, member, f"ensemble.members.{kind}")
                for network in plan.networks:
                    require_fitting(network, f"ensemble.members.{kind}.model")
                plans.append(plan)
    return plans


def _plan(name: str, number: int, rows: Prepared, member: MemberConfig, where: str) -> MemberPlan:
    """Return a member of the kind that its section asks for."""
    if member.boosted_trees is None:
        return NetworkPlan(name, number, rows)
    if member.hull is None:
        return TreesPlan(name, number, rows, member.boosted_trees)
    return HullTreesPlan(name, number, rows, member.boosted_trees, _energies(rows, member.hull, f"{where}.hull"))


def check_sizes(config: Config, n_rows: int | None = None, d_in: int = 1, where: str = "") -> None:
    """Refuse a configuration one of whose networks this machine has no memory for.

    Parameters
    ----------
    config
        Of a single network, or of an ensemble.
    n_rows, d_in
        Train rows and features, as far as they are known: see `formation_mlp.models.size.check_size`.
    where
        What the message begins with.

    Raises
    ------
    ConfigError
        With the memory that it takes.
    """
    networks = {"model": config}
    if config.ensemble is not None:
        networks = {
            f"ensemble.members.{kind}.model": _member_config(config, member, kind, config.seed)
            for kind, member in config.ensemble.members.items()
            if member.boosted_trees is None
        }
    for place, own in networks.items():
        check_size(own.model, own.training, n_rows, d_in, where=f"{where}{place}")


def _member_config(config: Config, member: MemberConfig, name: str, seed: int) -> Config:
    changes = {"model": member.model, "training": member.training}
    output = f"{config.output}/members/{name}"
    raw = merged(config, changes, output=output, ensemble=None, benchmark={}, seed=seed)
    return check_config(raw, f"ensemble.members: {name}")


def _energies(prepared: Prepared, hull: HullConfig, where: str) -> tuple[Prepared, ...]:
    """Return rows and configuration of each network of energies; features are scaled as for the trees."""
    config, dataset = prepared.config, prepared.dataset
    if config.training.start_from is not None:
        raise ConfigError(f"{where}: its networks of energies start from nothing; leave out training.start_from.")
    lookup(config.task.auxiliary, hull.column, f"{where}.column", "column of task.auxiliary")
    column = list(config.task.auxiliary).index(hull.column)
    energies = np.empty(0) if dataset.auxiliary is None else dataset.auxiliary[:, column]
    missing = prepared.split.train[~np.isfinite(energies[prepared.split.train])]
    if len(missing):
        raise DataError(
            f"{where}: {len(missing)} train rows have no {hull.column}, the first is {dataset.ids[missing[0]]}. "
            "Leave them out of the table, or the hull out of the ensemble."
        )
    changes = {"model": hull.model, "training": {"loss": None, **hull.training}}
    plain = merged(config, changes, task=TaskConfig().model_dump(), ensemble=None)
    y = np.where(np.isfinite(energies), energies, 0.0)  # only rows of other parts have none
    rows = replace(prepared, dataset=replace(dataset, y=y, auxiliary=None), y=y)
    folds = []
    for number, split in enumerate(_splits(prepared, hull.folds)):
        output = f"{config.output}/{ENERGIES}/fold{number}"
        raw = plain | {"output": output, "seed": config.seed + 1000 * (number + 1)}
        own = check_config(raw, where)
        folds.append(replace(rows, config=own, split=split, task=Task.fit(own.task, y[split.train])))
    return tuple(folds)


def _splits(prepared: Prepared, n_folds: int | None) -> list[Split]:
    """Return the split of each fold: the fold is the member's val part, and what it must not see its test part.

    The scalers stay those of the whole train part, which is never scored.
    """
    whole = prepared.split
    if n_folds is None:
        return [whole]
    folds = deal_folds(prepared.dataset, whole.train, n_folds, prepared.config.seed)
    held_back = np.sort(np.concatenate([whole.val, whole.test, whole.unused]))
    return [Split(np.setdiff1d(whole.train, fold), fold, held_back) for fold in folds]
