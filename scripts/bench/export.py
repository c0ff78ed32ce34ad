"""Compare ONNX Runtime with this package on every shipped network: answers, errors and time.

python scripts/bench/export.py

Each model is exported whole, and each of its members alone, as a model of one. Both programs answer the same materials
from the same features: the first 1,000 formulas of the bundled table, or the golden structures (100 at most). The error
is that of the answers on the scale `measured` against the bundled energies; the other models have no such scale. Times
are medians of five calls for all rows, of one thread each, from features to answers.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.config.schema import DataConfig, TaskConfig
from formation_mlp.data.dataset import load_dataset
from formation_mlp.export.inputs import arrays_of
from formation_mlp.export.whole_model import PREDICTION, onnx_model
from formation_mlp.features.engine.table import featurize
from formation_mlp.materials.records import Materials
from formation_mlp.materials.structures import Structures
from formation_mlp.saved_model.named import NamedModel, named_model
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.saved_model.shipped import SHIPPED
from formation_mlp.typing import Floats

STRUCTURES = Path(__file__).parents[2] / "tests" / "golden" / "structures.npz"
MEASURED = "measured"


@dataclass(frozen=True)
class Rows:
    """Features, compositions and, of formulas, measured energies (eV/atom)."""

    X: Floats
    compositions: Compositions
    y: Floats | None


def main() -> None:
    torch.set_num_threads(1)
    print("| network | weight | rows | difference | MAE, here | MAE, ONNX Runtime | here (ms) | ONNX Runtime (ms) |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for name in SHIPPED:
        named = named_model(name, name)
        rows = of_structures(named.predictor) if named.needs_structures else of_formulas(named.predictor)
        for part, share, model in alone(named):
            print(f"| {name}, {part} | {share:.2f} | {len(rows.X):,} | {compared(model, rows)} |", flush=True)


def of_formulas(predictor: Predictor) -> Rows:
    """Return the first formulas of the bundled table."""
    dataset = load_dataset(DataConfig(path="bundled"), TaskConfig()).take(range(1000))
    return Rows(featurize(dataset.materials, predictor.features).X, dataset.materials.compositions, dataset.y)


def of_structures(predictor: Predictor) -> Rows:
    """Return the first golden structures, whose energies nobody has measured."""
    with np.load(STRUCTURES) as arrays:
        column = Structures(*(arrays[name] for name in ("site_ptr", "lattice", "z", "frac")))
    materials = Materials(column.compositions(), column)
    materials = materials.take(range(min(100, len(materials))))
    return Rows(featurize(materials, predictor.features).X, materials.compositions, None)


def alone(named: NamedModel) -> Iterator[tuple[str, float, NamedModel]]:
    """Yield the whole model, and each of its networks as a model of one, with their weights in the mean."""
    yield "all", 1.0, named
    checkpoint = named.predictor.checkpoint
    for member in checkpoint.members:
        one = replace(checkpoint, members=[replace(member, share=1.0)])
        yield member.name, member.share, replace(named, predictor=Predictor(one, named.predictor.scale))


def compared(named: NamedModel, rows: Rows) -> str:
    """Return the cells of one network."""
    predictor = named.predictor
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    content = onnx_model(named).SerializeToString()
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    asked = arrays_of(predictor, rows.X, rows.compositions)
    here, seconds_here = timed(lambda: predictor.on_all_scales(rows.X, rows.compositions))
    there, seconds_there = timed(lambda: session.run([PREDICTION], asked)[0])
    difference = np.abs(here.reshape(there.shape) - there).max()
    errors = [mean_absolute_error(predictor, answer, rows.y) for answer in (here, there)]
    return " | ".join([f"{difference:.1e}", *errors, *(f"{1e3 * s:.0f}" for s in (seconds_here, seconds_there))])


def mean_absolute_error(predictor: Predictor, answer: Floats, y: Floats | None) -> str:
    """Return the error on the measured scale, eV/atom, or nothing where the model has no such scale."""
    if y is None or MEASURED not in predictor.scales:
        return ""
    return f"{np.abs(answer[:, predictor.place_of(MEASURED)] - y).mean():.6f}"


def timed(answer: Callable[[], Floats]) -> tuple[Floats, float]:
    """Return an answer and the median time of five, after one that does not count."""
    found, seconds = answer(), []
    for _ in range(5):
        start = time.perf_counter()
        answer()
        seconds.append(time.perf_counter() - start)
    return found, statistics.median(seconds)


if __name__ == "__main__":
    main()
