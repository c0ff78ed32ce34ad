"""Opponents of the network, fitted on the same rows: scikit-learn and LightGBM, nothing of our own."""

from formation_mlp.baselines.baseline import Baseline
from formation_mlp.baselines.table import BASELINES

__all__ = ["BASELINES", "Baseline"]
