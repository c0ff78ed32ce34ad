"""Scikit-learn estimators: formulas in, eV/atom or class probabilities out."""

from formation_mlp.estimators.classifier import FormationEnergyClassifier
from formation_mlp.estimators.regressor import FormationEnergyRegressor

__all__ = ["FormationEnergyClassifier", "FormationEnergyRegressor"]
