"""The addresses below ``/api/v1``: one short function each, which asks another module beside the event loop."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, UploadFile
from fastapi.responses import JSONResponse, Response

from formation_mlp.saved_model.short_card import facts_of
from formation_mlp.scales.scale import DEFAULT, POPULATIONS, SCALES
from formation_mlp.serve import explaining, hulls, predicting, replies, structures
from formation_mlp.serve.lines import MEDIA_TYPE, asks_for_lines, predicted_lines
from formation_mlp.serve.schemas import ExplainRequest, PredictRequest, ScreenRequest, StabilityRequest, Words
from formation_mlp.serve.state import Service, Shared

router = APIRouter()


@router.get(
    "/models", summary="The models that answer, with their cards", tags=["models"], response_model=replies.Models
)
async def models(service: Shared) -> Response:
    """List the shipped models and those of run folders, as `formation-mlp models` does."""
    return JSONResponse(await service.compute(_models, service))


def _models(service: Service) -> dict[str, Any]:
    told = []
    for name in service.models.names():
        model = service.models.get(name)
        predictor = model.predictor
        told.append(
            {
                "name": name,
                "input": "structure" if model.needs_structures else "composition",
                "scale": predictor.scale or None,
                "scales": list(predictor.scales),
                "is_classifier": predictor.task.is_classification,
                "has_intervals": predictor.has_intervals,
                "is_shipped": model.is_shipped,
                "card": facts_of(predictor.checkpoint, predictor.scale),
            }
        )
    return {"models": told}


@router.get("/scales", summary="The energy scales", tags=["models"], response_model=replies.Scales)
async def scales() -> Response:
    """List the energy scales, as `formation-mlp scales` does."""
    told = [{**scale.as_json(), "population_means": POPULATIONS[scale.population]} for scale in SCALES.values()]
    return JSONResponse({"default": DEFAULT, "scales": told})


@router.post(
    "/predict",
    summary="Predict formulas",
    tags=["answers"],
    response_model=replies.Predictions,
    responses={200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}, "example": replies.LINES}}}},
)
async def predict(request: PredictRequest, service: Shared, http: Request) -> Response:
    """Answer as `formation-mlp predict FORMULA...` does, with the same columns and numbers.

    With the header `Accept: application/x-ndjson` the answer is lines of JSON, sent while the rest is computed: an
    object with unit, scale, models and columns; then one with the columns for each formula, however many a body holds;
    at last one with n_rows, n_failed and notes. If the service fails meanwhile, the last line is a problem instead.
    """
    if asks_for_lines(http.headers.get("accept", "")):
        return await predicted_lines(service, request, http.state.request_id)
    return JSONResponse(await service.compute(predicting.predict, service, request))


@router.post(
    "/predict/structures", summary="Predict structure files", tags=["answers"], response_model=replies.Predictions
)
async def predict_files(files: list[UploadFile], words: Annotated[Words, Query()], service: Shared) -> Response:
    """Answer as `formation-mlp predict FILE...` does; a file of several structures has a row for each of them."""
    named = [(file.filename or "file", file.file) for file in files]
    return JSONResponse(await service.compute(structures.predict_structures, service, named, words))


@router.post("/explain", summary="Say what adds to a prediction", tags=["answers"], response_model=replies.Explanation)
async def explain(request: ExplainRequest, service: Shared) -> Response:
    """Answer as `formation-mlp explain FORMULA` does: what each group of features adds."""
    return JSONResponse(await service.compute(explaining.explain, service, request))


@router.post(
    "/screen", summary="Rank the compositions of a chemical system", tags=["answers"], response_model=replies.Hull
)
async def screen(request: ScreenRequest, service: Shared) -> Response:
    """Answer as `formation-mlp screen SYSTEM` does, with the points and tie lines of its phase diagram."""
    return JSONResponse(await service.compute(hulls.screen, service, request))


@router.post(
    "/stability", summary="Set energies against the convex hull", tags=["answers"], response_model=replies.Verdicts
)
async def stability(request: StabilityRequest, service: Shared) -> Response:
    """Answer as `formation-mlp stability TABLE` does."""
    return JSONResponse(await service.compute(hulls.stability, service, request))
