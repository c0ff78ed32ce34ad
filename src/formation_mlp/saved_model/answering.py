"""What a person asks of a model in Python: numbers, their spread, intervals, or a table of everything."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from formation_mlp.data.given_rows import read_given
from formation_mlp.errors import CheckpointError, ConfigError, DataError
from formation_mlp.materials.inputs import ReadMaterials
from formation_mlp.saved_model.answer_columns import AnsweringModel, Asked, columns_of
from formation_mlp.saved_model.columns import ordered
from formation_mlp.saved_model.predictions import Predictions
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    import pandas as pd

Errors = Literal["raise", "coerce"]
"""What becomes of inputs without a prediction: an error, or NaN and a warning."""

SHOWN = 5
"""Inputs without a prediction that a warning names one by one."""


class Answering(AnsweringModel):
    """Answers to materials in the words of scikit-learn and pandas.

    Who inherits from it predicts what is read already; here it is read, and answers are put in order.
    """

    columns: Sequence[str] = ()
    """Columns of numbers that it takes beside the formulas."""

    @overload
    def predict(
        self, items: Any, *, scale: str | None = ..., return_std: Literal[False] = ..., errors: Errors = ...
    ) -> Floats: ...
    @overload
    def predict(
        self, items: Any, *, scale: str | None = ..., return_std: Literal[True], errors: Errors = ...
    ) -> tuple[Floats, Floats]: ...
    def predict(
        self, items: Any, *, scale: str | None = None, return_std: bool = False, errors: Errors = "raise"
    ) -> Floats | tuple[Floats, Floats]:
        """Return one number per formula, ``Composition``, ``Structure`` or structure file.

        A number that cannot be right, such as an energy beyond 20 eV/atom, is an error.

        Parameters
        ----------
        items
            A list of them, an array, a pandas ``Series``, or a table of one column, ``[n]``; for a model that knows
            further numbers, a table of formulas with these columns beside them.
        scale
            Energy scale of the answers, one of `scales`; by default the first.
        return_std
            Whether the standard deviation of the members of the model is returned, too. It ranks predictions of one
            model; how far they are off is told by `predict_interval`.
        errors
            ``raise``: an input without a prediction is an error. ``coerce``: it has NaN, and a warning names it.

        Returns
        -------
        ndarray ``[n]``
            eV/atom, or the probability of the positive class; with ``return_std`` two of them.

        Raises
        ------
        DataError
            If an input cannot be read or featurized (`predict_rows` gives the others), or one text is
            given instead of a list.
        CheckpointError
            If the spread is asked of a model that has one member only.
        ConfigError
            If the model does not answer on the scale, or ``errors`` is something else.

        Examples
        --------
        >>> import warnings
        >>> from formation_mlp import load
        >>> energy, std = load("composition").predict(["NaCl", "MgO"], return_std=True)
        >>> energy.shape, bool((std < 0.1).all())
        ((2,), True)
        >>> with warnings.catch_warnings(record=True, action="always") as said:
        ...     load("composition").predict(["NaCl", "Xx"], errors="coerce").round(0)
        array([-2., nan])
        >>> len(said)
        1
        """
        check_errors(errors)
        found = self.predict_numbers(self._read(items), scale)
        if return_std and found.std is None:
            raise CheckpointError(
                "return_std: the model has one member, and so no spread. Train an ensemble, or ask for "
                "predict_interval, which says how far predictions are off."
            )
        values = checked(found, errors)
        if not return_std or found.std is None:
            return values
        return values, np.where(np.isnan(values), np.nan, found.std)

    def predict_interval(
        self,
        items: Any,
        level: float = 0.9,
        *,
        scale: str | None = None,
        population: str | None = None,
        errors: Errors = "raise",
    ) -> Floats:
        """Return the interval of each input, which holds the truth for a share ``level`` of compounds like val rows.

        Parameters
        ----------
        items
            As for `predict`, ``[n]``.
        level
            Share of the truths that the intervals are to hold.
        scale, population
            As for `predict_rows`.
        errors
            As for `predict`.

        Returns
        -------
        ndarray ``[n, 2]``
            Lower and upper ends, eV/atom.

        Raises
        ------
        CheckpointError
            If the model cannot give such intervals (`interval_reason`).
        ConfigError, DataError
            As for `predict`, and if the population is unknown.

        Examples
        --------
        >>> from formation_mlp import load
        >>> lo, hi = load("composition").predict_interval(["NaCl", "MgO"], 0.95).T
        >>> bool((lo < hi).all())
        True
        """
        check_errors(errors)
        found = self.predict_read(self._read(items), level=level, scale=scale, population=population)
        missing = np.isnan(checked(found, errors))
        if found.lo is None or found.hi is None:
            raise ConfigError("level: found None, but it should be a share of the truths, such as 0.9.")
        ends = np.column_stack([found.lo, found.hi])
        ends[missing] = np.nan
        return ends

    def predict_table(
        self,
        items: Any,
        *,
        level: float | None = None,
        unit: str | None = None,
        scale: str | None = None,
        population: str | None = None,
    ) -> pd.DataFrame:
        """Return all that the command line writes, as a pandas ``DataFrame`` of ``n`` rows; none raises an error.

        An input without a prediction has NaN there, and the reason in the column ``error``. `COLUMNS` in
        `formation_mlp.saved_model.columns` says what each column means. The index is that of a pandas input.

        Parameters
        ----------
        items
            As for `predict`, ``[n]``.
        level
            Of the intervals; by default 0.9 where the model has intervals, and none elsewhere.
        unit
            Of energies, per atom: eV/atom, meV/atom or kJ/mol.
        scale
            Energy scale of the answers; ``all`` gives a column with interval for each.
        population
            As for `predict_rows`.

        Raises
        ------
        CheckpointError, ConfigError
            As for `predict_interval`, and if the unit is unknown or is asked of a probability.

        Examples
        --------
        >>> from formation_mlp import load
        >>> table = load("composition").predict_table(["NaCl", "Xx"], unit="kJ/mol")
        >>> table[["formula", "unit", "trust"]].values.tolist()
        [['NaCl', 'kJ/mol', 'high'], ['Xx', 'kJ/mol', '']]
        >>> table["prediction"].round(-1).tolist()
        [-200.0, nan]
        """
        import pandas as pd

        asked = Asked(level, unit, scale=scale, population=population)
        columns = ordered(columns_of(self, self._read(items), asked, "the model"))
        index = items.index if isinstance(items, pd.DataFrame | pd.Series) else None
        return pd.DataFrame(columns, index=index)

    def _read(self, items: Any) -> ReadMaterials:
        return items if isinstance(items, ReadMaterials) else read_given(items, self.columns)

    def predict_rows(
        self,
        items: Any,
        *,
        level: float | None = None,
        scale: str | None = None,
        population: str | None = None,
    ) -> Predictions:
        """Predict what can be predicted; an input that fails, or whose number cannot be right, carries its reason.

        Parameters
        ----------
        items
            Formulas, ``Composition`` or ``Structure`` objects, or structure files, ``[n]``.
        level
            Share of the truths that the intervals are to hold, such as 0.9; no intervals if None.
        scale
            Energy scale of the answers, one of `scales`; by default the first.
        population
            What the intervals are meant for: ``known``, compounds like those that databases hold of made ones,
            ``hypothetical``, compounds that nobody has made, or ``own``, compounds like the rows of its user by which
            the model was calibrated (`formation_mlp.runs.calibrate`), which is the default of such a model. Of others
            it is ``known`` for compounds that databases list, and the wider intervals of ``hypothetical`` for the
            rest, if the model tells them apart.

        Raises
        ------
        CheckpointError
            If intervals are asked for that the model cannot give (`interval_reason`).
        ConfigError
            If the model does not answer on the scale, or the population is unknown.

        Examples
        --------
        >>> from formation_mlp import load
        >>> found = load("composition").predict_rows(["NaCl", "RnF2"], level=0.9)
        >>> bool(found.lo[0] < -2.105 < found.hi[0])
        True
        >>> found.domain.unseen, found.trust
        (['', 'Rn'], ['high', 'low'])
        """
        return self.predict_read(self._read(items), level=level, scale=scale, population=population)


def check_errors(errors: str) -> None:
    """Refuse another word than ``raise`` or ``coerce``: a prediction is never silently missing."""
    if errors not in ("raise", "coerce"):
        raise ConfigError(
            f"errors: found {errors!r}, but it should be 'raise', or 'coerce' (NaN and a warning). predict_table "
            "gives each input its reason."
        )


def checked(found: Predictions, errors: Errors) -> Floats:
    """Return the predictions ``[n]``; an input that has none is an error, or NaN with a warning.

    Raises
    ------
    DataError
        For ``raise``, with the number of such inputs and the first.
    """
    failed = [i for i, error in enumerate(found.errors) if error]
    if not failed:
        return found.values
    first = failed if errors == "coerce" else failed[:1]
    named = "; ".join(f"number {i}: {found.errors[i]}" for i in first[:SHOWN])
    more = f"; and {len(first) - SHOWN} more" if len(first) > SHOWN else ""
    said = f"{len(failed)} of {len(found.errors)} inputs have no prediction; {named}{more}"
    if errors == "raise":
        raise DataError(said)
    warnings.warn(said, UserWarning, stacklevel=3)
    values = found.values.copy()
    values[failed] = np.nan
    return values
