"""What each group of features adds to a prediction, as the bars of a waterfall."""

from __future__ import annotations

from typing import Any

import numpy as np

from formation_mlp.errors import ConfigError
from formation_mlp.explain.explanation import Explainer, Explanation
from formation_mlp.explain.groups import groups, statistic_of, unit_of
from formation_mlp.materials.inputs import read_formulas
from formation_mlp.saved_model.named import FOR_FORMULAS
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.serve.answers import number
from formation_mlp.serve.schemas import ExplainRequest
from formation_mlp.serve.state import Service

COLUMNS_SHOWN = 3
"""Features of each group."""
DIGITS = 6


def explain(service: Service, request: ExplainRequest) -> dict[str, Any]:
    """Return the answer to a request as JSON.

    Raises
    ------
    FormationMLPError
        If the formula has no prediction, or the model is not for formulas.
    """
    model = service.models.get(request.model or FOR_FORMULAS)
    if model.needs_structures:
        raise ConfigError(f"model: {model.name} needs crystal structures, and a formula has none.")
    groups(model.predictor.features, request.by)
    predictor = _on_scale(model.predictor, request.scale)
    key = f"{model.name} {predictor.checkpoint.digest} {predictor.scale} {request.tolerance}"
    with service.explainers.use(key, lambda: Explainer(predictor, request.tolerance)) as explainer:
        (found,) = explainer.explain_read(read_formulas([request.formula]))
    contributions = found.contributions(request.by)
    return {
        "formula": found.label,
        "model": model.name,
        "scale": predictor.scale or None,
        "unit": "probability" if found.is_probability else "eV/atom",
        "prediction": round(found.prediction, DIGITS),
        "baseline": round(found.baseline, DIGITS),
        "baseline_means": "the answer where every feature has its training mean",
        "contributions": [
            {
                "name": one.name,
                "amount": round(one.amount, DIGITS),
                "features": [_feature(found, i) for i in one.columns[:COLUMNS_SHOWN]],
            }
            for one in contributions
        ],
        "warning": found.warning,
    }


def _on_scale(predictor: Predictor, scale: str | None) -> Predictor:
    """Return a model that answers on a scale if none is asked for."""
    if scale is None or scale == predictor.scale:
        return predictor
    predictor.place_of(scale)
    return Predictor(predictor.checkpoint, scale)


def _feature(found: Explanation, i: int) -> dict[str, Any]:
    name, value = found.scaler.kept_names[i], float(found.values[i])
    return {
        "name": statistic_of(name),
        "value": None if np.isnan(value) else float(f"{value:.6g}"),
        "unit": unit_of(name),
        "training_mean": number(float(f"{found.scaler.centre[i]:.6g}")),
        "training_std": number(float(f"{found.scaler.scale[i]:.6g}")),
        "adds": round(float(found.attributions[i]), DIGITS),
    }
