"""Formation energies from formulas, as a scikit-learn regressor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Self, overload

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin

from formation_mlp.errors import DataError
from formation_mlp.estimators.network import NetworkEstimator
from formation_mlp.estimators.rows import one_column
from formation_mlp.saved_model.answering import Errors
from formation_mlp.scales.scale import scale_named
from formation_mlp.training.callbacks import Callback
from formation_mlp.typing import Floats


class FormationEnergyRegressor(RegressorMixin, NetworkEstimator):  # type: ignore[misc]
    """Formation energy per atom from formulas, by a multilayer perceptron on features.

    Parameters
    ----------
    features
        Feature presets (structure presets need structures as input), and functions of your own, which map a list of
        ``n`` inputs to an array ``[n, k]`` or a pandas table. One function may stand alone; with ``[]``, the columns
        beside the formulas are all there is. A saved model does not hold the functions: it is given their columns.
    hidden, activation, dropout, normalization, architecture
        The network: ``mlp``, ``residual`` or ``set``, see `formation_mlp.models.networks`.
    loss
        ``l1`` (if None), ``mse``, ``huber`` or ``quantile``.
    optimizer, learning_rate, weight_decay, batch_size, max_epochs, patience
        The training loop; the best epoch on the validation rows is kept.
    validation_fraction
        Share of the rows given to `fit`, by whole formulas, that select the best epoch.
    n_members
        Networks that differ by their seed and answer together; their spread is the ``std`` of a prediction.
    device
        ``auto``, ``cpu``, ``cuda`` or ``mps``.
    random_state
        An integer makes a fit repeatable.

    Attributes
    ----------
    predictor_ : the trained model
    history_ : one `formation_mlp.training.callbacks.Epoch` per epoch of each network

    Examples
    --------
    >>> from formation_mlp import FormationEnergyRegressor
    >>> formulas = ["NaCl", "KCl", "LiCl", "MgO", "CaO", "SrO", "Al2O3", "Fe2O3", "Cr2O3", "LiF"]
    >>> energies = [-2.13, -2.26, -2.11, -3.12, -3.29, -3.07, -3.46, -1.71, -2.36, -3.19]
    >>> model = FormationEnergyRegressor(hidden=(16,), architecture="mlp", max_epochs=5, random_state=0)
    >>> model.fit(formulas, energies).predict(["NaF", "BaO"]).shape
    (2,)
    """

    def fit(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        unit: str | None = None,
        scale: str | None = None,
        callbacks: Sequence[Callback] = (),
    ) -> Self:
        """Train on formulas, ``Composition`` or ``Structure`` objects ``X [n]`` and formation energies ``y [n]``.

        Parameters
        ----------
        X
            The inputs: a list, an array, a pandas ``Series`` or a table of one column. Further columns of numbers
            beside the formulas are features, too; NaN, a missing value, becomes the median of its column.
        y
            Their energies.
        sample_weight
            How much each row counts in loss and validation score, ``[n]``; only the ratios matter. A row of weight 0 is
            left out.
        unit
            Of the energies, which are converted to eV/atom. If not given they are taken for eV/atom, and refused if
            they look like something else. Where known compounds speak against it, a `UserWarning` says so.
        scale
            Energy scale of the energies (`formation_mlp.scales`), which the fitted model then names.
        callbacks
            Functions that are called with each epoch (`formation_mlp.training.callbacks.Epoch`); one that returns True
            ends the training of the present network, whose best epoch is kept.

        Raises
        ------
        DataError
            If an input cannot be read or featurized, a target is not finite, lengths differ, weights are negative or
            all zero, or the unit is in doubt.
        ConfigError
            If a parameter, the unit, the scale or a callback is wrong.
        """
        if scale is not None:
            scale_named(scale, "scale")
        try:
            energies = one_column(np.asarray(y, float))
        except (TypeError, ValueError) as error:
            raise DataError(f"y: energies in eV/atom are expected: {error}") from error
        self._fit(X, energies, {"type": "regression"}, sample_weight, callbacks, unit, scale)
        return self

    @overload
    def predict(self, X: Any, *, return_std: Literal[False] = ..., errors: Errors = ...) -> Floats: ...
    @overload
    def predict(self, X: Any, *, return_std: Literal[True], errors: Errors = ...) -> tuple[Floats, Floats]: ...
    def predict(self, X: Any, *, return_std: bool = False, errors: Errors = "raise") -> Floats | tuple[Floats, Floats]:
        """Return energies in eV/atom, ``[n]``, and with ``return_std`` the spread of the members beside them.

        Parameters
        ----------
        X
            The inputs, as for `fit`.
        return_std
            Whether the standard deviation of the members is returned, too.
        errors
            ``raise``: an input without a prediction is an error. ``coerce``: it has NaN, and a warning names it.

        Raises
        ------
        DataError
            If an input cannot be predicted.
        CheckpointError
            If the spread is asked of a single network.
        """
        read = self._read(X)
        if return_std:
            return self.predictor_.predict(read, return_std=True, errors=errors)
        return self.predictor_.predict(read, errors=errors)

    def predict_interval(self, X: Any, level: float = 0.9, *, errors: Errors = "raise") -> Floats:
        """Return lower and upper ends, eV/atom, ``[n, 2]``, of intervals that hold a share ``level`` of the truths.

        They are made by the errors on the validation rows, see `formation_mlp.Predictor.predict_interval`.

        Raises
        ------
        CheckpointError
            If the validation rows are too few for the level.
        DataError
            If an input cannot be predicted.
        """
        read = self._read(X)
        return self.predictor_.predict_interval(read, level, errors=errors)
