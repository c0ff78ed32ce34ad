"""Numbers that come with each material, in columns of the user's own beside the formulas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from formation_mlp.config.schema import Entry
from formation_mlp.errors import ConfigError, FeatureError
from formation_mlp.features.base import FeatureBlock, Preset
from formation_mlp.materials.records import Materials

NAME = "columns"
"""Of this preset in a list of features."""


def columns(names: Sequence[str]) -> Preset:
    """Return the preset that takes numbers as they come with the materials; a missing value is NaN.

    Parameters
    ----------
    names
        Of the columns, ``[d]``.

    Raises
    ------
    ConfigError
        If there are no names, or they are no texts.
    FeatureError
        From ``compute``, if the materials come without one of the columns.

    Examples
    --------
    >>> from formation_mlp.data.given_rows import read_given
    >>> import pandas as pd
    >>> table = pd.DataFrame({"formula": ["NaCl", "MgO"], "pressure": [0.0, 10.0]})
    >>> columns(["pressure"]).compute(read_given(table, ["pressure"]).materials).X.tolist()
    [[0.0], [10.0]]
    """
    if isinstance(names, str) or not names or not all(isinstance(name, str) for name in names):
        raise ConfigError(f"features.{NAME}.names: found {names!r}, but a list of names of columns is expected.")

    def compute(materials: Materials) -> FeatureBlock:
        there = materials.numbers
        missing = [name for name in names if there is None or name not in there.names]
        if there is None or missing:
            raise FeatureError(
                f"features.{NAME}: the materials come without {', '.join(map(repr, missing))}. In Python, give a "
                "pandas table with these columns beside the formulas. For files, write them to a table of their own "
                "and name it: {table: my_features.csv}."
            )
        X = there.X[:, [there.names.index(name) for name in names]]
        n_missing = np.isnan(X).sum(axis=0).tolist()
        return FeatureBlock(X, missing={name: n for name, n in zip(names, n_missing, strict=True) if n})

    return Preset(tuple(names), compute, needs_structure=False, citation="columns of the user's own")


def names_of_columns(features: Iterable[Entry]) -> list[str]:
    """Return the columns that a list of features takes from the table beside the formulas.

    Examples
    --------
    >>> names_of_columns(["magpie", {"columns": {"names": ["pressure"]}}])
    ['pressure']
    """
    options = [part[NAME] for part in features if isinstance(part, dict) and NAME in part]
    return [name for one in options for name in (one["names"] if isinstance(one, dict) else one)]
