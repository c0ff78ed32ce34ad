"""The search for better hyperparameters: `tune`."""

from formation_mlp.tuning.report import SearchResult
from formation_mlp.tuning.tune import tune

__all__ = ["SearchResult", "tune"]
