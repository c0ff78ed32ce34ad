"""The first request need not wait: models are loaded, and have answered once, before the service listens."""

from __future__ import annotations

from formation_mlp.saved_model.named import FOR_FORMULAS, FOR_STABILITY
from formation_mlp.serve.predicting import predict
from formation_mlp.serve.schemas import PredictRequest
from formation_mlp.serve.state import Service


def warm_up(service: Service) -> None:
    """Let the models that are asked most answer once."""
    for name in (FOR_FORMULAS, FOR_STABILITY):
        predict(service, PredictRequest(formulas=["NaCl"], model=name))
