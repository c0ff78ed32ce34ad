"""Formulas in, what ``predict`` prints out."""

from __future__ import annotations

from typing import Any

from formation_mlp.errors import DataError
from formation_mlp.materials.inputs import ReadMaterials, read_formulas
from formation_mlp.prediction.answers import Answers, answer
from formation_mlp.prediction.inputs import Query
from formation_mlp.saved_model.named import FOR_FORMULAS, NamedModel
from formation_mlp.serve.answers import answered
from formation_mlp.serve.details import MOST_ROWS, details_of
from formation_mlp.serve.metrics import counted_rows
from formation_mlp.serve.schemas import PredictRequest
from formation_mlp.serve.state import Service
from formation_mlp.system.blocks import rows_alone


def predict(service: Service, request: PredictRequest) -> dict[str, Any]:
    """Return the answer to a request as JSON.

    Raises
    ------
    FormationMLPError
        As the command line does.
    """
    check_details(request)
    model, read, answers = predictions(service, request)
    told = answered(answers)
    if request.details:
        near = None if model.needs_structures else service.neighbourhood(model)
        details = details_of(answers, model, read.materials.compositions, near)
        for row, detail in zip(told["rows"], details, strict=True):
            row["details"] = detail
    return told


def check_details(request: PredictRequest) -> None:
    """Raise `DataError` if details are asked of more formulas than they are told of."""
    if request.details and len(request.formulas) > MOST_ROWS:
        raise DataError(f"details: are told of {MOST_ROWS} formulas at most, found {len(request.formulas):,}.")


def predictions(service: Service, request: PredictRequest) -> tuple[NamedModel, ReadMaterials, Answers]:
    """Return the model, the formulas and the answers."""
    service.check_rows(len(request.formulas))
    counted_rows(len(request.formulas))
    model, read = service.models.get(request.model or FOR_FORMULAS), read_formulas(request.formulas)
    query = Query(model, read, list(range(len(read.labels))), are_named=True)
    with rows_alone():  # the answer to a formula must not depend on the others of the request
        answers = answer(
            [query],
            level=request.level,
            unit=request.unit,
            strict=request.strict,
            scale=request.scale,
            population=request.population,
        )
    return model, read, answers
