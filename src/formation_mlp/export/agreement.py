"""Whether an exported model answers as the model itself does, on random rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.elements import ATOMIC_NUMBER
from formation_mlp.errors import CheckpointError
from formation_mlp.export.inputs import arrays_of
from formation_mlp.export.packages import onnx_package
from formation_mlp.export.whole_model import PREDICTION
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.typing import Floats

ROWS = 256
"""That are compared."""

MOST_ELEMENTS = 6
"""In a random composition."""

TOLERANCE = 1e-5
"""Of the difference, per unit of the largest answer and at least of one."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What came of the comparison.

    Attributes
    ----------
    rows : that were compared
    difference : the largest of any answer, in the unit of the target
    runtime : version of ONNX Runtime
    """

    rows: int
    difference: float
    runtime: str


def compare(content: bytes, predictor: Predictor) -> Agreement:
    """Compare an ONNX file with the model that it was made from.

    Random features are normally distributed as those of the train rows, a hundredth of them missing; random
    compositions hold elements of the train rows.

    Raises
    ------
    CheckpointError
        If they differ by more than rounding, so that the file must not be used.
    ConfigError
        If ONNX Runtime is not installed.
    """
    runtime = onnx_package("onnxruntime")
    X, compositions = _random_rows(predictor)
    session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (found,) = session.run([PREDICTION], arrays_of(predictor, X, compositions))
    expected = predictor.on_all_scales(X, compositions)
    difference = float(np.abs(found - expected).max())
    if not difference <= TOLERANCE * max(1.0, float(np.abs(expected).max())):
        raise CheckpointError(
            f"export: ONNX Runtime {runtime.__version__} and formation_mlp differ by {difference:.2g} on random rows, "
            "which is more than rounding. Nothing was written. Please report this, with the model."
        )
    return Agreement(len(X), difference, runtime.__version__)


def _random_rows(predictor: Predictor) -> tuple[Floats, Compositions]:
    scaler, random = predictor.checkpoint.scaler, np.random.default_rng(0)
    X = np.zeros((ROWS, len(scaler.names)))
    X[:, scaler.kept] = scaler.centre + scaler.scale * random.normal(size=(ROWS, len(scaler.kept)))
    X[random.random(X.shape) < 0.01] = np.nan
    elements = [ATOMIC_NUMBER[symbol] for symbol in predictor.checkpoint.training_elements]
    counts = random.integers(1, min(MOST_ELEMENTS, len(elements)), ROWS, endpoint=True)
    chosen = [random.choice(elements, count, replace=False).tolist() for count in counts]
    return X, Compositions.from_rows((z, random.uniform(0.1, 5, len(z)).tolist()) for z in chosen)
