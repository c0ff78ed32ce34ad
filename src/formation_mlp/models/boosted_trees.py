"""Boosted trees (LightGBM) that can stand beside networks in an ensemble, and be saved without code."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from formation_mlp.errors import CheckpointError, ConfigError
from formation_mlp.registry import did_you_mean
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from torch import Tensor


OPTIONS: Mapping[str, Any] = {
    "learning_rate": 0.05,
    "num_leaves": 127,
    "max_bin": 127,
    "feature_fraction": 0.4,
    "min_data_in_leaf": 20,
    "num_iterations": 1500,
}
"""What is not asked for; squared error for energies, cross entropy for classes."""

PATIENCE = 100
"""Trees without a better val score after which no more are grown."""

_TEXT, _DIGEST = "text", "sha256"


class BoostedTrees:
    """Gradient-boosted decision trees on scaled features (Ke et al. 2017).

    Parameters
    ----------
    booster
        A trained booster; `fit` makes one.
    """

    def __init__(self, booster: Any) -> None:
        self._booster = booster

    @classmethod
    def fit(
        cls,
        X: Floats,
        y: Floats,
        X_val: Floats,
        y_val: Floats,
        *,
        classify: bool,
        options: Mapping[str, Any],
        seed: int,
        threads: int,
    ) -> BoostedTrees:
        """Grow trees on the train rows; the val rows decide when to stop.

        Raises
        ------
        ConfigError
            If LightGBM is not installed, or refuses an option.
        """
        lightgbm = lightgbm_package()
        settings = {**OPTIONS, **options, "objective": "binary" if classify else "regression"}
        settings |= {"seed": seed % 2**31, "num_threads": threads, "deterministic": True, "verbosity": -1}
        known = lightgbm.basic._ConfigAliases._get_all_param_aliases()
        names = {*known, *(alias for aliases in known.values() for alias in aliases)}
        for name in options:
            if name not in names:
                near = did_you_mean(name, names)
                raise ConfigError(f"ensemble.members: boosted_trees: LightGBM has no option {name!r}.{near}")
        rounds = settings.pop("num_iterations")
        train = lightgbm.Dataset(X, y)
        try:
            booster = lightgbm.train(
                settings,
                train,
                rounds,
                valid_sets=[lightgbm.Dataset(X_val, y_val, reference=train)],
                callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
            )
        except lightgbm.basic.LightGBMError as error:
            raise ConfigError(f"ensemble.members: boosted_trees: LightGBM refuses {dict(options)}: {error}") from error
        return cls(booster)

    @property
    def n_trees(self) -> int:
        """Number of trees that are used."""
        best = int(self._booster.best_iteration)
        return best if best > 0 else int(self._booster.num_trees())

    def predict(self, X: Floats) -> Floats:
        """Return energies, or probabilities of the positive class, ``[n]``, for scaled features ``[n, d]``."""
        return np.asarray(self._booster.predict(X), float)

    def weights(self) -> dict[str, Tensor]:
        """Return the trees as one tensor: the characters of LightGBM's own text form."""
        import torch

        text = self._booster.model_to_string(num_iteration=self._booster.best_iteration)
        return {name: torch.frombuffer(bytearray(data), dtype=torch.uint8) for name, data in _signed(text.encode())}

    @classmethod
    def from_weights(cls, weights: Mapping[str, Tensor | NDArray[np.uint8]]) -> BoostedTrees:
        """Return what `weights` came from, as tensors or as arrays.

        Raises
        ------
        CheckpointError
            If the text is damaged.
        """
        lightgbm = lightgbm_package()
        try:
            text = np.asarray(weights[_TEXT]).tobytes()
            if dict(_signed(text))[_DIGEST] != np.asarray(weights[_DIGEST]).tobytes():
                raise CheckpointError("the boosted trees in the model file are damaged: wrong checksum. Train again.")
            return cls(lightgbm.Booster(model_str=text.decode()))
        except (KeyError, UnicodeDecodeError, lightgbm.basic.LightGBMError) as error:
            raise CheckpointError(f"the boosted trees in the model file are damaged: {error}. Train again.") from error


def _signed(text: bytes) -> list[tuple[str, bytes]]:
    """LightGBM does not check what it reads, and damaged text ends the process; so a checksum stands beside it."""
    return [(_TEXT, text), (_DIGEST, sha256(text).digest())]


def lightgbm_package() -> Any:
    """Return LightGBM.

    Raises
    ------
    ConfigError
        If it is not installed.
    """
    try:
        import lightgbm
    except ImportError as error:
        raise ConfigError(
            "boosted trees need LightGBM. Install it with: pip install 'formation-mlp[trees]', or leave the member out."
        ) from error
    return lightgbm
