"""What regressor and classifier share: parameters, training, and the table of answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from formation_mlp.config.loading import check_config
from formation_mlp.config.recipe import COMPOSITION_FEATURES, MODEL, N_MEMBERS, TRAINING
from formation_mlp.config.schema import ModelConfig, TrainingConfig
from formation_mlp.data.given_rows import given_rows
from formation_mlp.errors import ConfigError
from formation_mlp.estimators.own_features import Features, presets_and_functions, read_with
from formation_mlp.estimators.rows import dataset_of
from formation_mlp.features.external.own_columns import NAME as COLUMNS
from formation_mlp.materials.inputs import ReadMaterials
from formation_mlp.runs.in_memory import train_in_memory
from formation_mlp.runs.prepare import prepare
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.training.callbacks import Callback, check_callbacks
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    import pandas as pd


class NetworkEstimator(BaseEstimator):  # type: ignore[misc]
    """What regressor and classifier share: parameters, and training on the rows that `fit` is given."""

    def __init__(
        self,
        features: Features = COMPOSITION_FEATURES,
        hidden: Sequence[int] = tuple(MODEL["hidden"]),
        activation: str = "relu",
        dropout: float = MODEL["dropout"],
        normalization: str | None = None,
        architecture: str = MODEL["architecture"],
        loss: str | None = None,
        optimizer: str = TRAINING["optimizer"],
        learning_rate: float = TRAINING["learning_rate"],
        weight_decay: float = TRAINING["weight_decay"],
        batch_size: int = TRAINING["batch_size"],
        max_epochs: int = TRAINING["max_epochs"],
        patience: int | None = None,
        validation_fraction: float = 0.15,
        n_members: int = N_MEMBERS,
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
        self.n_members = n_members
        self.device = device
        self.random_state = random_state

    def save(self, path: str | Path) -> None:
        """Write the fitted model to one file, which `formation_mlp.load` reads."""
        check_is_fitted(self, "predictor_")
        self.predictor_.checkpoint.save(Path(path))

    def predict_table(
        self, X: Any, *, level: float | None = None, unit: str | None = None, population: str | None = None
    ) -> pd.DataFrame:
        """Return all that the command line writes of ``n`` materials, as a pandas ``DataFrame``; none raises an error.

        See `formation_mlp.Predictor.predict_table`. The column ``prediction`` of a classifier is the probability of the
        second class.
        """
        import pandas as pd

        read = self._read(X)
        table = self.predictor_.predict_table(read, level=level, unit=unit, population=population)
        return table.set_index(X.index) if isinstance(X, pd.DataFrame | pd.Series) else table

    def _read(self, X: Any) -> ReadMaterials:
        """Read what is to be predicted, with the numbers of the user's own functions."""
        check_is_fitted(self, "predictor_")
        return read_with(presets_and_functions(self.features)[1], X, self._given_columns)

    def _fit(
        self,
        X: Any,
        y: Floats,
        task: dict[str, Any],
        sample_weight: ArrayLike | None,
        callbacks: Sequence[Callback],
        unit: str | None = None,
        scale: str | None = None,
    ) -> None:
        told, n_members = check_callbacks(callbacks), _plain(self.n_members)
        if not isinstance(n_members, int) or n_members < 1:
            raise ConfigError(f"n_members: found {n_members!r}, but it should be a whole number from 1 on.")
        presets, functions = presets_and_functions(self.features)
        given = given_rows(X, None)[1]
        read = read_with(functions, X, None)
        names = () if read.materials.numbers is None else read.materials.numbers.names
        features = [*_plain(presets), *([{COLUMNS: {"names": list(names)}}] if names else [])]
        config = check_config(self._config() | {"task": task, "features": features}, type(self).__name__)
        dataset = dataset_of(read, y, sample_weight, unit, is_energy=task["type"] == "regression")
        if scale is not None:
            dataset = replace(dataset, target=replace(dataset.target, scales=(scale,)))
        model, self.history_ = train_in_memory(prepare(config, dataset), n_members, told)
        self.predictor_ = Predictor(model)
        self._given_columns = () if given is None else given.names

    def _config(self) -> dict[str, Any]:
        plain = {name: _plain(value) for name, value in self.get_params(deep=False).items()}
        seed = plain["random_state"]
        if not isinstance(seed, int):
            seed = int(check_random_state(seed).randint(2**31 - 1))
        return {
            "data": {"path": "given to fit"},
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


def _plain(value: Any) -> Any:
    """Return a parameter as plain Python data; searches over parameters hand over numbers of NumPy."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
