"""The first request need not wait: models are loaded, and have answered once, before the service listens.

What fewer ask for is made ready beside the first answers.
"""

from __future__ import annotations

from importlib import import_module

from formation_mlp.saved_model.named import FOR_FORMULAS, FOR_STABILITY
from formation_mlp.serve.hulls import screen, stability
from formation_mlp.serve.predicting import predict
from formation_mlp.serve.schemas import Predicted, PredictRequest, ScreenRequest, StabilityRequest
from formation_mlp.serve.state import Service


def warm_up(service: Service) -> None:
    """Let the models that are asked most answer once."""
    for name in (FOR_FORMULAS, FOR_STABILITY):
        predict(service, PredictRequest(formulas=["NaCl"], model=name))


def prepare(service: Service) -> None:
    """Describe the known compounds, and load torch and the compiled code of hulls: together some seconds.

    Torch, by which predictions are explained, is not run: processes that are forked later would lack its threads.
    """
    service.describe_known()
    import_module("torch")
    screen(service, ScreenRequest(elements=["Na", "Cl"], max_atoms=2))
    stability(service, StabilityRequest(compounds=[Predicted(formula="NaCl", energy=-2.1)]))
