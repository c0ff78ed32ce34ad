"""Scikit-learn estimators: formulas in, eV/atom or class probabilities out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from formation_mlp.config.loading import check_config
from formation_mlp.config.schema import Entry, ModelConfig, TrainingConfig
from formation_mlp.data.records import Dataset, Target
from formation_mlp.errors import DataError
from formation_mlp.materials.inputs import read_materials
from formation_mlp.registry import lookup
from formation_mlp.runs.assemble import checkpoint, network_member, with_trust
from formation_mlp.runs.prepare import network_training, prepare
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.scales.scale import scale_named
from formation_mlp.typing import Floats
from formation_mlp.units import EV_PER_ATOM, UNITS, suspicion, to_ev_per_atom

COMPOSITION_FEATURES = ("magpie", "stoichiometry", "valence_orbital", "element_fraction")


class _Network(BaseEstimator):  # type: ignore[misc]
    """What regressor and classifier share: parameters, and training on the rows that `fit` is given."""

    def __init__(
        self,
        features: Sequence[Entry] = COMPOSITION_FEATURES,
        hidden: Sequence[int] = (256, 256),
        activation: str = "relu",
        dropout: float = 0.1,
        normalization: str | None = None,
        architecture: str = "residual",
        loss: str | None = None,
        optimizer: str = "muon",
        learning_rate: float = 2e-3,
        weight_decay: float = 0.1,
        batch_size: int = 64,
        max_epochs: int = 80,
        patience: int | None = None,
        validation_fraction: float = 0.15,
        device: str = "auto",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.features = features
        self.hidden = hidden
        self.activation = activation
        self.dropout = dropout
        self.normalization = normalization
        self.architecture = architecture
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.device = device
        self.random_state = random_state

    def save(self, path: str | Path) -> None:
        """Write the fitted model to one file, which `formation_mlp.load` reads."""
        check_is_fitted(self, "predictor_")
        self.predictor_.checkpoint.save(Path(path))

    def _fit(
        self,
        X: Sequence[object],
        y: Floats,
        task: dict[str, Any],
        unit: str | None = None,
        scale: str | None = None,
    ) -> None:
        config = check_config(self._config() | {"task": task}, type(self).__name__)
        dataset = _dataset(X, y, unit, is_energy=task["type"] == "regression")
        if scale is not None:
            dataset = replace(dataset, target=replace(dataset.target, scales=(scale,)))
        prepared = prepare(config, dataset)
        job = network_training(prepared)
        self.history_ = list(job.epochs())
        model = checkpoint(prepared, [network_member(prepared, job)], {})
        self.predictor_ = Predictor(with_trust(prepared, model))

    def _config(self) -> dict[str, Any]:
        plain = {name: _plain(value) for name, value in self.get_params(deep=False).items()}
        seed = plain["random_state"]
        if not isinstance(seed, int):
            seed = int(check_random_state(seed).randint(2**31 - 1))
        return {
            "data": {"path": "given to fit"},
            "features": plain["features"],
            "split": {"method": "formula", "val": plain["validation_fraction"], "test": 0.0},
            "model": {name: plain[name] for name in ModelConfig.model_fields if name in plain},
            "training": {name: plain[name] for name in TrainingConfig.model_fields if name in plain},
            "seed": seed,
        }

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.non_deterministic = self.random_state is None
        return tags


class FormationEnergyRegressor(RegressorMixin, _Network):  # type: ignore[misc]
    """Formation energy per atom from formulas, by a multilayer perceptron on features.

    Parameters
    ----------
    features
        Feature presets; structure presets need structures as input.
    hidden, activation, dropout, normalization, architecture
        The network: ``mlp``, ``residual`` or ``set``, see `formation_mlp.models.networks`.
    loss
        ``l1`` (if None), ``mse``, ``huber`` or ``quantile``.
    optimizer, learning_rate, weight_decay, batch_size, max_epochs, patience
        The training loop; the best epoch on the validation rows is kept.
    validation_fraction
        Share of the rows given to `fit`, by whole formulas, that select the best epoch.
    device
        ``auto``, ``cpu``, ``cuda`` or ``mps``.
    random_state
        An integer makes a fit repeatable.

    Attributes
    ----------
    predictor_ : the trained model
    history_ : one record per epoch

    Examples
    --------
    >>> from formation_mlp import FormationEnergyRegressor
    >>> formulas = ["NaCl", "KCl", "LiCl", "MgO", "CaO", "SrO", "Al2O3", "Fe2O3", "Cr2O3", "LiF"]
    >>> energies = [-2.13, -2.26, -2.11, -3.12, -3.29, -3.07, -3.46, -1.71, -2.36, -3.19]
    >>> model = FormationEnergyRegressor(hidden=(16,), architecture="mlp", max_epochs=5, random_state=0)
    >>> model.fit(formulas, energies).predict(["NaF", "BaO"]).shape
    (2,)
    """

    def fit(self, X: Sequence[object], y: ArrayLike, unit: str | None = None, scale: str | None = None) -> Self:
        """Train on formulas, ``Composition`` or ``Structure`` objects ``X [n]`` and formation energies ``y [n]``.

        Parameters
        ----------
        X
            The inputs.
        y
            Their energies.
        unit
            Of the energies, which are converted to eV/atom. If not given they are taken for eV/atom, and refused if
            they look like something else.
        scale
            Energy scale of the energies (`formation_mlp.scales`), which the fitted model then names.

        Raises
        ------
        DataError
            If an input cannot be read or featurized, a target is not finite, lengths differ, or the unit is in doubt.
        ConfigError
            If a parameter, the unit or the scale is wrong.
        """
        if scale is not None:
            scale_named(scale, "scale")
        try:
            energies = np.asarray(y, float)
        except (TypeError, ValueError) as error:
            raise DataError(f"y: energies in eV/atom are expected: {error}") from error
        self._fit(X, energies, {"type": "regression"}, unit, scale)
        return self

    def predict(self, X: Sequence[object]) -> Floats:
        """Return energies in eV/atom, ``[n]``; raise `DataError` if an input cannot be predicted."""
        check_is_fitted(self, "predictor_")
        return self.predictor_.predict(_items(X))


class FormationEnergyClassifier(ClassifierMixin, _Network):  # type: ignore[misc]
    """One of two classes from formulas; with ``hidden=()`` and ``architecture="mlp"`` logistic regression.

    Parameters are those of `FormationEnergyRegressor`; the loss is the binary cross entropy.

    Attributes
    ----------
    classes_ : the two class labels, sorted
    predictor_ : the trained model
    history_ : one record per epoch

    Examples
    --------
    >>> from formation_mlp import FormationEnergyClassifier
    >>> formulas = ["NaCl", "KCl", "LiCl", "LiF", "FeAl", "NiAl", "TiAl", "CuZn", "NaF", "KF"]
    >>> kinds = ["salt", "salt", "salt", "salt", "alloy", "alloy", "alloy", "alloy", "salt", "salt"]
    >>> model = FormationEnergyClassifier(hidden=(), architecture="mlp", max_epochs=5, random_state=0)
    >>> model.fit(formulas, kinds).predict_proba(["RbCl", "CoAl"]).shape
    (2, 2)
    """

    def fit(self, X: Sequence[object], y: ArrayLike) -> Self:
        """Train on formulas, ``Composition`` or ``Structure`` objects ``X [n]`` and two kinds of labels ``y [n]``.

        Raises
        ------
        DataError
            If there are not two classes, a label is missing, an input cannot be read or featurized, or lengths differ.
        ConfigError
            If a parameter is wrong.
        """
        classes, codes = _classes(np.asarray(y))
        self._fit(X, codes, {"type": "classification", "labels": [str(label) for label in classes]})
        self.classes_ = classes
        return self

    def predict_proba(self, X: Sequence[object]) -> Floats:
        """Return the probabilities of both classes, ``[n, 2]``, in the order of ``classes_``."""
        check_is_fitted(self, "predictor_")
        p = self.predictor_.predict(_items(X))
        return np.stack([1 - p, p], axis=1)

    def predict(self, X: Sequence[object]) -> NDArray[Any]:
        """Return the more probable class of each input, ``[n]``."""
        positive = self.predict_proba(X)[:, 1] >= 0.5
        labels: NDArray[Any] = self.classes_[positive.astype(int)]
        return labels


def _plain(value: Any) -> Any:
    """Return a parameter as plain Python data; searches over parameters hand over numbers of NumPy."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _items(X: Any) -> list[object]:
    if getattr(X, "ndim", 1) == 2 and X.shape[1] == 1:  # a table of one column, as scikit-learn's ensembles hand over
        X = np.asarray(X)[:, 0]
    if isinstance(X, str) or getattr(X, "ndim", 1) != 1:
        found = f"the text {X!r}" if isinstance(X, str) else f"an array of shape {getattr(X, 'shape', '')}"
        raise DataError(
            f"X: found {found}, but a list or one column of inputs is expected, such as ['NaCl', 'MgO'], or "
            "a table of one column."
        )
    return [item.item() if isinstance(item, np.str_) else item for item in X]


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


def _dataset(X: Sequence[object], y: Floats, unit: str | None, *, is_energy: bool) -> Dataset:
    items = _items(X)
    if y.shape != (len(items),):
        raise DataError(f"y: found the shape {y.shape} for {len(items)} inputs; one target per input is expected.")
    if not np.isfinite(y).all():
        raise DataError(f"y: number {int(np.flatnonzero(~np.isfinite(y))[0])} is not finite.")
    read = read_materials(items)
    if read.failures:
        i, reason = next(iter(sorted(read.failures.items())))
        raise DataError(f"X: {len(read.failures)} of {len(items)} inputs cannot be read; number {i}: {reason}")
    ids = tuple(str(i) for i in range(len(items)))
    if is_energy:
        y = _in_ev_per_atom(y, unit, read.materials.compositions.n_atoms)
    return Dataset(
        ids, tuple(read.labels), read.materials, y, Target("y", EV_PER_ATOM if is_energy else "", None, unit)
    )


def _in_ev_per_atom(y: Floats, unit: str | None, n_atoms: Floats) -> Floats:
    if unit is not None:
        lookup(UNITS, unit, "unit", "unit")
        return to_ev_per_atom(y, unit, n_atoms)
    doubt = suspicion(y) if len(y) else None
    if doubt is not None:
        raise DataError(
            f"y: {doubt}. Formation energies in eV/atom are expected. Give the unit to fit, one of: {', '.join(UNITS)}."
        )
    return y
