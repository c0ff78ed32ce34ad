"""The search for better hyperparameters: `tune`."""

from formation_mlp.tuning.report import SearchResult
from formation_mlp.tuning.search import tune

__all__ = ["SearchResult", "tune"]
