"""Two classes of materials, as a scikit-learn classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin

from formation_mlp.errors import DataError
from formation_mlp.estimators.network import NetworkEstimator
from formation_mlp.estimators.rows import one_column
from formation_mlp.saved_model.answering import Errors
from formation_mlp.training.callbacks import Callback
from formation_mlp.typing import Floats


class FormationEnergyClassifier(ClassifierMixin, NetworkEstimator):  # type: ignore[misc]
    """One of two classes from formulas; with ``hidden=()`` and ``architecture="mlp"`` logistic regression.

    Parameters are those of `FormationEnergyRegressor`; the loss is the binary cross entropy.

    Attributes
    ----------
    classes_ : the two class labels, sorted
    predictor_ : the trained model
    history_ : one `formation_mlp.training.callbacks.Epoch` per epoch of each network

    Examples
    --------
    >>> from formation_mlp import FormationEnergyClassifier
    >>> formulas = ["NaCl", "KCl", "LiCl", "LiF", "FeAl", "NiAl", "TiAl", "CuZn", "NaF", "KF"]
    >>> kinds = ["salt", "salt", "salt", "salt", "alloy", "alloy", "alloy", "alloy", "salt", "salt"]
    >>> model = FormationEnergyClassifier(hidden=(), architecture="mlp", max_epochs=5, random_state=0)
    >>> model.fit(formulas, kinds).predict_proba(["RbCl", "CoAl"]).shape
    (2, 2)
    """

    def fit(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        callbacks: Sequence[Callback] = (),
    ) -> Self:
        """Train on formulas, ``Composition`` or ``Structure`` objects ``X [n]`` and two kinds of labels ``y [n]``.

        Parameters
        ----------
        X
            The inputs: a list, an array, a pandas ``Series`` or a table of one column. Further columns of numbers
            beside the formulas are features, too; NaN, a missing value, becomes the median of its column.
        y
            Their labels.
        sample_weight
            How much each row counts in loss and validation score, ``[n]``; only the ratios matter. A row of weight 0 is
            left out.
        callbacks
            Functions that are called with each epoch (`formation_mlp.training.callbacks.Epoch`); one that returns True
            ends the training of the present network, whose best epoch is kept.

        Raises
        ------
        DataError
            If there are not two classes, a label is missing, an input cannot be read or featurized, lengths differ, or
            weights are negative or all zero.
        ConfigError
            If a parameter or a callback is wrong.
        """
        classes, codes = _classes(one_column(y))
        task = {"type": "classification", "labels": [str(label) for label in classes]}
        self._fit(X, codes, task, sample_weight, callbacks)
        self.classes_ = classes
        return self

    def predict_proba(self, X: Any, *, errors: Errors = "raise") -> Floats:
        """Return the probabilities of both classes, ``[n, 2]``, in the order of ``classes_``.

        ``errors="coerce"`` gives inputs without a prediction NaN, and a warning that names them.
        """
        read = self._read(X)
        p = self.predictor_.predict(read, errors=errors)
        return np.stack([1 - p, p], axis=1)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the more probable class of each input, ``[n]``."""
        positive = self.predict_proba(X)[:, 1] >= 0.5
        labels: NDArray[Any] = self.classes_[positive.astype(int)]
        return labels


def _classes(y: NDArray[Any]) -> tuple[NDArray[Any], Floats]:
    try:
        classes, codes = np.unique(y, return_inverse=True)
    except TypeError as error:
        raise DataError(f"y: class labels of one kind are expected: {error}") from error
    if (classes != classes).any():
        raise DataError("y: a label is missing (NaN).")
    if len(classes) != 2:
        raise DataError(f"y: found {len(classes)} classes, but the classifier tells two apart.")
    return classes, codes.astype(float)
