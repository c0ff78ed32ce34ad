"""What a table becomes: a configuration with everything that `formation-mlp train` needs, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from formation_mlp.config.loading import apply_override, check_config
from formation_mlp.config.recipe import sections
from formation_mlp.config.schema import Config
from formation_mlp.data.discovery import Discovery, discover
from formation_mlp.data.standard_input import STANDARD_INPUT, keep_standard_input
from formation_mlp.errors import ConfigError
from formation_mlp.registry import unknown_name

KINDS = ("measured", "computed")
"""What the energies of a table may be."""

OF_TABLES = ("formula", "target", "unit", "id", "structure", "encoding")
"""Keys of the section ``data`` of a configuration that are found out where nobody says them."""

FEW = 1000
"""Rows up to which larger shares of them are held out."""
SHARES, SHARES_OF_FEW = {"val": 0.1, "test": 0.1}, {"val": 0.15, "test": 0.15}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user says of a table; None is found out.

    Attributes
    ----------
    path : of the table
    columns : those of `OF_TABLES` that are given
    kind : one of `KINDS`
    scale : energy scale, or the column that names it
    out : the run folder
    overrides : texts such as ``model.hidden=[64, 64]``
    insist : whether the unit holds even if known compounds speak against it
    """

    path: str
    columns: dict[str, str] = field(default_factory=dict)
    kind: str | None = None
    scale: str | None = None
    out: str | None = None
    overrides: tuple[str, ...] = ()
    insist: bool = False


@dataclass(frozen=True, slots=True)
class FitJob:
    """A table, read and understood.

    Attributes
    ----------
    raw : the configuration with its own recipe, without a model to start from; only what is not as usual
    config : the same, checked
    table : what was found in it
    notes : what was found and decided, in sentences
    said : what the overrides set, as sections of a configuration
    """

    raw: dict[str, Any]
    config: Config
    table: Discovery
    notes: tuple[str, ...]
    said: dict[str, Any]


def job_for(asked: Asked) -> FitJob:
    """Return the job for a table.

    Raises
    ------
    DataError
        With all that is unsure about the table.
    ConfigError
        If the kind, the scale or an override is wrong.
    """
    if asked.kind is not None and asked.kind not in KINDS:
        raise ConfigError(unknown_name(asked.kind, KINDS, "--kind", "kind of energies"))
    path = asked.path
    if path == STANDARD_INPUT:  # kept, so that the configuration in the run folder repeats the run
        path = str(keep_standard_input(Path(asked.out or default_output(path)).parent))
    said: dict[str, Any] = {}
    for override in asked.overrides:
        apply_override(said, override)
    said_of_data = said["data"] if isinstance(said.get("data"), dict) else {}
    _refuse_twice(asked, said, said_of_data)
    table = discover(path, **_columns_in(said_of_data) | asked.columns, insist=asked.insist)
    is_measured = table.measured if asked.kind is None else asked.kind == "measured"
    duplicates, why = _duplicates(table, is_measured)
    data = table.data | {"duplicates": duplicates, "invalid": "drop"}
    data |= {key: said_of_data[key] for key in ("scale", "source") if key in said_of_data}
    data |= {} if asked.scale is None else {"scale": asked.scale}
    if is_measured and "source" not in data and "scale" not in data:
        data["source"] = "measured"  # what is said of the energies here, predictions and pages say, too
    raw = {
        "data": data,
        "split": {"method": "formula", **(SHARES if table.n_rows > FEW else SHARES_OF_FEW)},
        **sections(table.n_rows, needs_structures=table.kind == "structures"),
        "benchmark": {"baselines": opponents()},
        "output": asked.out or default_output(path),
    }
    for override in asked.overrides:
        apply_override(raw, override)
    notes = table.notes if "duplicates" in said_of_data else (*table.notes, why)
    return FitJob(raw, check_config(raw, path), table, notes, said)


def _refuse_twice(asked: Asked, said: Mapping[str, Any], said_of_data: Mapping[str, Any]) -> None:
    """Refuse what an option and an override both say: one of them would be ignored."""
    given = {f"--{name}": (f"data.{name}", name in said_of_data) for name in asked.columns}
    given |= {"--scale": ("data.scale", "scale" in said_of_data)} if asked.scale is not None else {}
    given |= {"--out": ("output", "output" in said)} if asked.out is not None else {}
    for option, (key, is_set) in given.items():
        if is_set:
            raise ConfigError(f"{option}: --set {key} says it, too. Leave one of them out.")


def _columns_in(data: Mapping[str, Any]) -> dict[str, str]:
    """Return what overrides such as ``data.target=Ef`` say of the columns of a table, as options would."""
    return {name: data[name] for name in OF_TABLES if isinstance(data.get(name), str)}


def _duplicates(table: Discovery, is_measured: bool) -> tuple[str, str]:
    """Return what becomes of several rows of one formula, and why."""
    if table.kind == "structures":
        return "keep", "Of several rows of one formula all are kept, for each has a structure of its own."
    if is_measured:
        return "median", (
            "Of several rows of one formula the median is taken, for the energies are measured; '--kind computed' says "
            "otherwise."
        )
    return "lowest", (
        "Of several rows of one formula the lowest is taken, for the energies are computed; '--kind measured' says "
        "otherwise."
    )


def opponents() -> list[str | dict[str, Any]]:
    """Return the baselines that every fit is compared with: mean, forest and boosted trees, tuned on the val rows."""
    boosted = "lightgbm" if find_spec("lightgbm") else "hist_gradient_boosting"
    return ["mean", {"random_forest": {"tuned": True}}, {boosted: {"tuned": True}}]


def default_output(path: str) -> str:
    """Return the run folder for a table: ``runs/`` and its name without endings.

    Examples
    --------
    >>> default_output("tables/my energies.csv.gz"), default_output("-")
    ('runs/my energies', 'runs/stdin')
    """
    if path == "-":
        return "runs/stdin"
    name = Path(path.rpartition(":")[2] if path.startswith("matminer:") else path).resolve().name
    return f"runs/{name.split('.')[0] or name.strip('.') or 'table'}"
