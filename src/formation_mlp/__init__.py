"""Formation energies of materials from composition and structure features with small neural networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from formation_mlp.version import __version__

__all__ = ["FormationEnergyClassifier", "FormationEnergyRegressor", "Predictor", "__version__", "convert", "load"]

if TYPE_CHECKING:
    from formation_mlp.estimators import FormationEnergyClassifier, FormationEnergyRegressor
    from formation_mlp.prediction.convert import convert
    from formation_mlp.saved_model.predictor import Predictor, load

_HOME = {
    "FormationEnergyRegressor": "formation_mlp.estimators",
    "FormationEnergyClassifier": "formation_mlp.estimators",
    "Predictor": "formation_mlp.saved_model.predictor",
    "convert": "formation_mlp.prediction.convert",
    "load": "formation_mlp.saved_model.predictor",
}


def __getattr__(name: str) -> Any:
    """Import the public names on first use, so that ``import formation_mlp`` costs nothing."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)
