"""Compare `formation-mlp fit` with tuned opponents over sizes of tables, on formulas new to its start model.

    python scripts/bench/fit.py run ../shared/data START HELD_OUT.txt runs/exam.jsonl --kind measured --sizes 100 300
    python scripts/bench/fit.py table runs/exam.jsonl

START is a model that answers as `composition` does, but was trained without the formulas of HELD_OUT.txt (reduced, one
a line): the network of ``configs/composition_fold.yaml`` of the size of ``configs/composition.yaml``. Exam rows are
drawn from these formulas, and never lie in the table of a fit. A table holds further formulas of the list and, where
these do not suffice, other ones. All models learn from the rows that the fit splits off as train and choose on its val
rows; the file of results gets a line for each fit, and what stands there is not made again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from formation_mlp import load
from formation_mlp.baselines import Baseline
from formation_mlp.config.schema import Config, TaskConfig
from formation_mlp.features.engine.table import featurize
from formation_mlp.fitting.fit import fit_table
from formation_mlp.fitting.job import Asked
from formation_mlp.materials.inputs import read_materials
from formation_mlp.runs.prepare import load_rows, prepare
from formation_mlp.runs.progress import Reporter

MOST_EXAM = 500
"""Rows of an exam; at most half of the held-out ones."""
OPPONENTS: dict[str, tuple[dict[str, Any], list[str] | None]] = {
    "random forest, tuned": ({"random_forest": {"tuned": True}}, None),
    "LightGBM, tuned": ({"lightgbm": {"tuned": True}}, None),
    "scikit-learn MLP on magpie, tuned": ({"mlp_regressor": {"tuned": True}}, ["magpie"]),
}
"""Name to the baseline and its presets; None for those of the fit."""


def rows_of(data: Path, kind: str) -> pd.DataFrame:
    """Return one energy per formula: the lowest of mp20_mpts52, or the bundled measured enthalpy."""
    if kind == "measured":
        path, target = (
            Path(__file__).resolve().parents[2] / "data" / "measured_enthalpies.csv",
            "formation_enthalpy_per_atom",
        )
    else:
        path, target = next((data / "mp20_mpts52_structures").glob("*.csv.gz")), "formation_energy_per_atom"
    table = pd.read_csv(path, keep_default_na=False, na_values=[""])
    table = table[table[target].notna()].sort_values(target, kind="stable").drop_duplicates("formula")
    return table[["formula", target]].sort_values("formula", kind="stable").reset_index(drop=True)


def draw(rows: pd.DataFrame, held_out: set[str], n: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a table of ``n`` rows, and the exam: held-out rows that are not in it."""
    shuffled = rows.sample(frac=1, random_state=seed)
    new, known = (shuffled[shuffled.formula.isin(held_out) == is_new] for is_new in (True, False))
    exam = new.iloc[: min(MOST_EXAM, len(new) // 2)]
    return pd.concat([new.iloc[len(exam) :], known]).iloc[:n], exam


def scores(truth: np.ndarray, prediction: np.ndarray) -> dict[str, float]:
    error = np.abs(prediction - truth)
    return {"MAE": float(error.mean()), "RMSE": float(np.sqrt(np.mean(error**2)))}


def results(table: pd.DataFrame, exam: pd.DataFrame, start: str, seed: int) -> Iterator[dict[str, Any]]:
    """Fit all models to a table, and yield the score of each on the exam."""
    target = table.columns[1]
    truth, formulas = exam[target].to_numpy(), exam.formula.tolist()
    with TemporaryDirectory() as folder:
        path = Path(folder, "table.csv")
        table.to_csv(path, index=False)
        overrides = ("benchmark.baselines=[mean]", f"seed={seed}")
        asked = Asked(str(path), {"unit": "eV/atom"}, out=str(Path(folder, "run")), overrides=overrides)
        begun, on_clock = time.process_time(), time.perf_counter()
        fitted = fit_table(asked, Reporter(-1), start=start)
        cost = {"cpu_seconds": time.process_time() - begun, "seconds": time.perf_counter() - on_clock}
        predictor = load(str(fitted.folder.path))
        made = fitted.choice.config.training.start_from is not None
        yield {"model": "fit", **scores(truth, predictor.predict(formulas)), **cost, "from_start": made}
        yield from opponents(fitted.job.config, formulas, truth, seed)


def opponents(config: Config, formulas: list[str], truth: np.ndarray, seed: int) -> Iterator[dict[str, Any]]:
    dataset, materials = load_rows(config), read_materials(formulas).materials
    for name, (part, features) in OPPONENTS.items():
        own = config if features is None else config.model_copy(update={"features": features})
        prepared = prepare(own, dataset)
        train, val, scale = prepared.part("train"), prepared.part("val"), prepared.scaler.transform
        baseline = Baseline(part, TaskConfig(), seed, 1)
        begun = time.process_time()
        baseline.fit(scale(train.X), train.y, scale(val.X), val.y)
        cost = time.process_time() - begun
        found = baseline.predict(scale(featurize(materials, own.features).X))
        yield {"model": name, **scores(truth, found), "cpu_seconds": cost}


def run(asked: argparse.Namespace) -> None:
    held_out = set(asked.held_out.read_text(encoding="utf-8").split())
    rows = rows_of(asked.data, asked.kind)
    done = {(one["kind"], one["n"], one["seed"]) for one in read(asked.out)}
    for n in asked.sizes:
        for seed in asked.seeds:
            if (asked.kind, n, seed) in done:
                continue
            table, exam = draw(rows, held_out, n, seed)
            about = {"kind": asked.kind, "n": n, "seed": seed, "n_exam": len(exam)}
            about["n_new"] = int(table.formula.isin(held_out).sum())
            lines = [about | one for one in results(table, exam, asked.start, seed)]
            with asked.out.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(line) + "\n" for line in lines)
            for line in lines:
                print(
                    f"{asked.kind} {n} seed {seed}: {line['model']} MAE {line['MAE']:.4f}", file=sys.stderr, flush=True
                )


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def in_words(errors: pd.Series) -> str:
    """Return mean and standard deviation; of errors that one run alone makes large, the median and that one."""
    if len(errors) == 1:
        return f"{errors.iloc[0]:.3f}"
    if errors.std() > errors.mean():
        return f"{errors.median():.3f} (one {errors.max():.3g})"
    return f"{errors.mean():.3f} ± {errors.std():.3f}"


def table(asked: argparse.Namespace) -> None:
    """Print mean and standard deviation over the seeds, with the CPU time of a fit and how often it took the start."""
    frame = pd.DataFrame(read(asked.out))
    names = ["fit", *OPPONENTS]
    print("| rows | of new formulas | exam | seeds | " + " | ".join(names) + " | fit starts from the model | CPU (s) |")
    print("|---|---:|---:|---:|" + "---:|" * (len(names) + 2))
    for (kind, n), some in frame.groupby(["kind", "n"], sort=True):
        own = some[some.model == "fit"]
        cells = []
        for name in names:
            errors = some.MAE[some.model == name]
            cells.append(in_words(errors))
        facts = [f"{own.n_new.mean():.0f}", f"{own.n_exam.mean():.0f}", str(len(own))]
        made = f"{int(own.from_start.sum())} of {len(own)}"
        print("| " + " | ".join([f"{kind}, {n:,}", *facts, *cells, made, f"{own.cpu_seconds.mean():.0f}"]) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    verbs = parser.add_subparsers(required=True)
    fits = verbs.add_parser("run", help="fit, and write results")
    fits.add_argument("data", type=Path, help="folder of the published tables")
    fits.add_argument("start", help="a model that has not learned the exam's formulas")
    fits.add_argument("held_out", type=Path, help="those formulas, one a line")
    fits.add_argument("out", type=Path, help="JSON lines")
    fits.add_argument("--kind", choices=["measured", "dft"], default="measured")
    fits.add_argument("--sizes", type=int, nargs="+", default=[100, 300, 1000])
    fits.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    fits.set_defaults(function=run)
    shown = verbs.add_parser("table", help="print a table of the results")
    shown.add_argument("out", type=Path, help="JSON lines")
    shown.set_defaults(function=table)
    asked = parser.parse_args()
    asked.function(asked)


if __name__ == "__main__":
    main()
