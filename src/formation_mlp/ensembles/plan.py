"""Which members an ensemble has: for each its name, configuration, seed and rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from formation_mlp.choices import CHOICES
from formation_mlp.config import Config, EnsembleConfig
from formation_mlp.config import Member as MemberConfig
from formation_mlp.config_file import check_config, merged
from formation_mlp.errors import ConfigError
from formation_mlp.split import Split, deal_folds
from formation_mlp.stages import Prepared


@dataclass(frozen=True, slots=True)
class Plan:
    """One member to be trained.

    Attributes
    ----------
    name : also of its folder
    number : counted from 0
    prepared : rows, and the member's own configuration
    trees : options of boosted trees, or None for a network
    """

    name: str
    number: int
    prepared: Prepared
    trees: dict[str, object] | None


def plan_members(prepared: Prepared, ensemble: EnsembleConfig) -> list[Plan]:
    """Return the members that a section `ensemble` asks for.

    Raises
    ------
    ConfigError
        If the name of a member cannot be that of a folder, or its configuration is wrong.
    """
    config, plans = prepared.config, list[Plan]()
    splits = _splits(prepared, ensemble.folds)
    for kind, member in ensemble.members.items():
        if not kind.replace("_", "").replace("-", "").isalnum():
            raise ConfigError(f"ensemble.members: {kind!r} is not made of letters, digits, '-' and '_'.")
        if "start_from" in member.training:
            raise ConfigError(f"ensemble.members.{kind}: start_from is for all members; give training.start_from.")
        for i in range(member.seeds):
            for fold, split in enumerate(splits):
                name = f"{kind}-{i}" + (f"-fold{fold}" if len(splits) > 1 else "")
                own = _member_config(config, member, name, config.seed + len(plans))
                plans.append(Plan(name, len(plans), replace(prepared, config=own, split=split), member.boosted_trees))
    return plans


def _member_config(config: Config, member: MemberConfig, name: str, seed: int) -> Config:
    changes = {"model": member.model, "training": member.training}
    output = f"{config.output}/members/{name}"
    raw = merged(config, changes, output=output, ensemble=None, benchmark={}, seed=seed)
    return check_config(raw, f"ensemble.members: {name}", CHOICES)


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
