"""The columns of a table that a configuration does not name, where the usual names of the package are not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.config.schema import DataConfig
from formation_mlp.data import columns
from formation_mlp.data.contents import are_names
from formation_mlp.data.finding_materials import find_materials
from formation_mlp.data.finding_target import PLAIN, find_target
from formation_mlp.data.unit_evidence import unit_by_numbers
from formation_mlp.data.unit_names import unit_in, unit_of
from formation_mlp.errors import DataError
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    import pandas as pd


NAMES_OF_COLUMNS = ("formula", "structure", "target", "id")
"""Keys of the section ``data`` of a configuration that name columns."""


def own_columns(data: Mapping[str, Any], frame: pd.DataFrame) -> dict[str, Any]:
    """Return those columns that the section ``data`` of a run's configuration names and another table has, too.

    Parameters
    ----------
    data
        The section, as plain data.
    frame
        The other table. Its column of row names is passed over if it does not name each row once.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"Compound": ["NaCl"], "E": [-2.1]})
    >>> own_columns({"path": "dft.csv", "formula": "Compound", "target": "Ef", "id": None}, table)
    {'formula': 'Compound'}
    """
    names = set(map(str, frame.columns))
    own = {key: data[key] for key in NAMES_OF_COLUMNS if data.get(key) is not None and data[key] in names}
    if "id" in own and not are_names(columns.cells_of(frame, own["id"]), len(frame)):
        del own["id"]
    return own


def with_materials(frame: pd.DataFrame, config: DataConfig) -> DataConfig:
    """Return a configuration that names the column of formulas or structures, where it can be told by what is in it.

    Raises
    ------
    DataError
        If several columns hold formulas, and not the same ones.
    """
    if config.formula is not None or config.structure is not None or set(columns.CELL) <= set(frame.columns):
        return config
    for names in (columns.STRUCTURE, columns.FORMULA):
        if any(name.strip().lower() in names for name in map(str, frame.columns)):
            return config
    found = find_materials(frame)
    if found.problems and not found.is_missing:
        raise DataError(_as_keys(found.problems, {"--formula": "data.formula"}))
    is_named = config.id is not None or any(name.strip().lower() in columns.ID for name in map(str, frame.columns))
    return config.model_copy(update=found.data if not is_named else found.data | {"id": config.id})


def target_of_frame(
    frame: pd.DataFrame,
    config: DataConfig,
    usual: Sequence[str] = columns.TARGET,
    key: str = "data.target",
) -> str:
    """Return the column of the target: the one that is named, one with a usual name, or one called like an energy.

    Parameters
    ----------
    frame
        The table.
    config
        Names of columns, as far as they are given.
    usual
        Usual names of the target.
    key
        Key or option that names it, for messages.

    Raises
    ------
    DataError
        If there is none, or several could be meant.
    """
    found = columns.find_column(frame, config.target, usual, key)
    if found is not None:
        return found
    header, problems, _ = find_target(frame, None, {config.formula, config.structure, config.id})
    if header is None and any("may hold" in problem for problem in problems):
        raise DataError(_as_keys(problems, {"--target": key}))
    if header is None or header.target < PLAIN:
        return columns.require_column(frame, None, usual, key)
    return header.name


def unit_of_frame(
    target: str, declared: str | None, values: Floats, compositions: Compositions, key: str = "data.unit"
) -> tuple[str | None, str]:
    """Return the unit of energies and why, or None and an empty text where neither the user nor the column names one.

    Parameters
    ----------
    target
        Column of the energies.
    declared
        Unit by the configuration, in any usual spelling.
    values, compositions
        Of the rows with both, ``[n]``.
    key
        Key or option that names the unit, for messages.

    Raises
    ------
    DataError
        If the column names a unit, but not whether it is per atom, and the numbers do not settle it.
    ConfigError
        If the declared unit is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> unit_of_frame("E_f [eV/at]", None, np.array([]), Compositions.from_rows([]))
    ('eV/atom', "column 'E_f [eV/at]' is in eV/atom, as its name says")
    """
    if declared is not None:
        return unit_of(declared, key), ""
    named = unit_in(target)
    if not named.energy or target.strip().lower() in columns.TARGET:
        return None, ""
    candidates = named.candidates
    if len(candidates) == 1:
        return candidates[0], f"column {target!r} is in {candidates[0]}, as its name says"
    verdict = unit_by_numbers(values, compositions, candidates)
    if verdict.unit is None:
        raise DataError(
            f"{key}: column {target!r} says {named.energy}, but not whether per atom or per formula unit, and its "
            f"numbers do not settle it ({verdict.reason}). Name it: {' or '.join(candidates)}."
        )
    return verdict.unit, f"column {target!r} is in {verdict.unit}, as {verdict.reason}"


def _as_keys(problems: Sequence[str], keys: Mapping[str, str]) -> str:
    """Return what is not certain with other names of the options that settle it."""
    text = " ".join(problems)
    for option, key in keys.items():
        text = text.replace(option, key)
    return text
