"""How good the shipped models are on compounds unlike their training rows: errors, intervals and levels of trust.

    python scripts/bench/unlike.py ../shared/data runs/fold0 runs/fold1 runs/fold2 runs/fold3 runs/fold4

The rows are those of `scripts/build_energy_table.py`, which the shipped model `composition` did not learn from: the
val part of critexam, chemical systems held out of all sources, formulas that only OQMD has. The folds are the networks
that leave out groups of train rows (`configs/composition_fold.yaml`); where an exam asks for clusters or measured
compounds, each row is answered by the one that had not seen it, with an error model that was learned from the other
folds. Intervals are at 90 %; each share comes with its 95 % bootstrap interval over formulas.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from build_composition import Described, Questions, load_folds, out_of_fold, read_table, weight_of
from build_energy_table import LEFT_OUT
from formation_mlp.chemistry.elements import ATOMIC_NUMBER, SYMBOLS
from formation_mlp.features.engine.table import featurize
from formation_mlp.materials.inputs import read_materials
from formation_mlp.runs.error_fit import OutOfSample, fit_error_model
from formation_mlp.saved_model.predictor import Predictor, load
from formation_mlp.system.text_table import aligned
from formation_mlp.trust.error_inputs import pair_counts
from formation_mlp.trust.error_model import HYPOTHETICAL, KNOWN, Errors, group_name
from formation_mlp.trust.levels import trust_of
from formation_mlp.trust.unseen_elements import widened
from formation_mlp.typing import Floats, Ints

LEVEL = 0.9


@dataclass(frozen=True, slots=True)
class Exam:
    """Answers to ``n`` rows that nobody who answers had learned from.

    Attributes
    ----------
    name : of the exam
    error : truth minus prediction, eV/atom, ``[n]``
    low, high : ends of the intervals, from the prediction, ``[n]``
    trust : level of each row, ``[n]``
    """

    name: str
    error: Floats
    low: Floats
    high: Floats
    trust: list[str]

    def cells(self) -> list[str]:
        """Return the line of the table."""
        held = (self.low <= self.error) & (self.error <= self.high)
        low, high = bootstrap(held.astype(float))
        by_trust = [self.error_of(level) for level in ("high", "medium", "low")]
        return [
            self.name,
            str(len(self.error)),
            f"{np.abs(self.error).mean():.4f}",
            f"{np.sqrt((self.error**2).mean()):.4f}",
            f"{100 * held.mean():.1f} ({100 * low:.1f} to {100 * high:.1f})",
            f"{(self.high - self.low).mean():.3f}",
            *(f"{mean:.3f} ({n})" if n else "-" for mean, n in by_trust),
        ]

    def error_of(self, level: str) -> tuple[float, int]:
        """Return the mean absolute error of a level of trust, and its number of rows."""
        rows = np.array([one == level for one in self.trust], bool)
        return (float(np.abs(self.error[rows]).mean()) if rows.any() else np.nan), int(rows.sum())


def bootstrap(values: Floats, repeats: int = 500) -> tuple[float, float]:
    """Return the ends of the 95 % bootstrap interval of a mean."""
    rng = np.random.default_rng(0)
    means = [values[rng.integers(len(values), size=len(values))].mean() for _ in range(repeats)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def shipped_exams(predictor: Predictor, table: pd.DataFrame, data: Path) -> list[Exam]:
    """Return the exams that the shipped model itself takes."""
    critexam = pd.read_csv(data / "critexam" / "critexam_mp.csv.gz", keep_default_na=False, na_values=[""])
    critexam = critexam[critexam.split == "val"]
    asked = [("critexam val, mp2019, known", critexam.formula, critexam.formation_energy_per_atom, "mp2019", KNOWN)]
    val = table[table.part == "val"]
    for name, exam, scale, population in (
        ("OQMD, systems held out", "systems", "oqmd", HYPOTHETICAL),
        ("OQMD, formulas held out", "oqmd", "oqmd", HYPOTHETICAL),
        ("mp20_mpts52, systems held out", "systems", "mp2020", KNOWN),
        ("critexam, systems held out", "systems", "mp2019", KNOWN),
    ):
        rows = val[(val.exam == exam) & (val.scale == scale)]
        asked.append((name, rows.formula, rows.formation_energy_per_atom, scale, population))
    own = val[val.scale == "measured"]
    asked.append(("measured, formulas held out", own.formula, own.formation_energy_per_atom, "measured", KNOWN))
    return [exam_of(predictor, *one) for one in asked]


def exam_of(
    predictor: Predictor, name: str, formulas: pd.Series, energies: pd.Series, scale: str, population: str
) -> Exam:
    """Ask the model, and compare."""
    found = predictor.predict_rows(formulas.tolist(), level=LEVEL, scale=scale, population=population)
    good = np.array([not error for error in found.errors])
    if found.lo is None or found.hi is None or found.trust is None:
        raise SystemExit("the model gives no intervals or levels of trust")
    error = energies.to_numpy() - found.values
    low, high = found.lo - found.values, found.hi - found.values
    trust = [level for level, is_good in zip(found.trust, good, strict=True) if is_good]
    return Exam(name, error[good], low[good], high[good], trust)


def fold_exams(predictor: Predictor, folds: Sequence[Predictor], table: pd.DataFrame, data: Described) -> list[Exam]:
    """Return the exams that the networks of the folds take, each with an error model of the other folds."""
    questions = Questions(table, data.compositions, predictor.scales)
    places, _ = predictor.position(data.X)
    left_out = out_of_fold(table, questions, places, folds, data)
    train = np.flatnonzero((table.part == "train").to_numpy())
    parts: dict[str, list[tuple[Floats, Floats, Floats, list[str]]]] = {}
    levels = predictor.checkpoint.errors.levels if predictor.checkpoint.errors else ()
    of_val = np.flatnonzero((table.part == "val").to_numpy()[questions.row])
    for number, (which, inputs, error) in enumerate(left_out):
        others = [left_out[k] for k in range(len(folds)) if k != number]
        # The factors come from val rows, as those of the shipped model do, answered by the network of this fold.
        answers = folds[number].on_all_scales(data.X[table.index], data.compositions)
        _, distance = folds[number].position(data.X)
        pairs = pair_counts(data.compositions.take(np.flatnonzero((table[f"fold{number}"] == "train").to_numpy())))
        own = questions.asked(of_val, data.compositions, places, distance, answers).inputs(pairs)
        own_error = questions.energy[of_val] - answers[questions.row[of_val], questions.scale[of_val]]
        rows = OutOfSample(
            np.concatenate([own, *(part for _, part, _ in others)]),
            np.concatenate([own_error, *(part for *_, part in others)]),
            np.concatenate([questions.group[of_val], *(questions.group[part] for part, *_ in others)]),
            np.arange(len(of_val) + sum(len(part) for part, *_ in others)) < len(of_val),
            np.concatenate([np.ones(len(of_val)), *(weight_of(questions, part) for part, *_ in others)]),
        )
        model = fit_error_model(rows, pair_counts(data.compositions.take(train)), np.zeros(1, np.uint32), number)
        errors = model.expected(inputs)
        for name, chosen in exams_of_fold(table, questions, which, predictor.scales).items():
            picked = np.flatnonzero(chosen)
            if not len(picked):
                continue
            group = questions.group[which[picked[0]]]
            own_errors = Errors(*(column[picked] for column in errors))
            low, high = model.ends(LEVEL, own_errors, group)
            trust = trust_of(model.sizes(own_errors, group), np.zeros(len(picked), np.bool_), levels or model.levels)
            parts.setdefault(name, []).append((error[picked], low, high, trust))
    return [
        Exam(
            name,
            *(np.concatenate([part[k] for part in some]) for k in range(3)),
            [level for *_, trust in some for level in trust],
        )
        for name, some in parts.items()
    ]


def element_exams(
    predictor: Predictor, networks: Sequence[Predictor], table: pd.DataFrame, data: Described
) -> list[Exam]:
    """Return the exams of networks that have never seen two elements, with the error model that is shipped."""
    questions, model = Questions(table, data.compositions, predictor.scales), predictor.checkpoint.errors
    if model is None:
        return []
    places, _ = predictor.position(data.X)
    found = []
    left_out = out_of_fold(table, questions, places, networks, data, "element")
    for number, (symbols, (which, inputs, error)) in enumerate(zip(LEFT_OUT, left_out, strict=True)):
        errors = model.expected(inputs)
        train = data.compositions.take(np.flatnonzero((table[f"element{number}"] == "train").to_numpy()))
        is_seen = np.bincount(train.z, minlength=len(SYMBOLS)) > 0
        for symbol in symbols:
            z, _ = data.compositions.take(questions.row[which]).padded()
            own = questions.is_own[which] & (questions.group[which] == group_name("mp2019", KNOWN))
            picked = np.flatnonzero(own & (z == ATOMIC_NUMBER[symbol]).any(axis=1))
            own_errors = Errors(*(column[picked] for column in errors))
            low, high = model.ends(LEVEL, own_errors, group_name("mp2019", KNOWN))
            compounds = data.compositions.take(questions.row[which[picked]])
            low, high, _ = widened(low, high, own_errors.size, LEVEL, compounds, is_seen)
            found.append(Exam(f"never seen: {symbol}, mp2019", error[picked], low, high, ["low"] * len(picked)))
    return found


def exams_of_fold(
    table: pd.DataFrame, questions: Questions, which: Ints, scales: Sequence[str]
) -> dict[str, np.ndarray]:
    """Return, for each exam, which of the questions of a fold belong to it."""
    kind = table.kind.to_numpy()[questions.row[which]]
    group, is_own = questions.group[which], questions.is_own[which]
    exams = {
        "measured, five grouped folds": (group == group_name("measured", KNOWN)) & is_own,
        "OQMD rows asked on mp2020 as hypothetical": (group == group_name("mp2020", HYPOTHETICAL)) & ~is_own,
    }
    for scale, population in (("mp2020", KNOWN), ("mp2019", KNOWN), ("oqmd", HYPOTHETICAL)):
        of_group = (group == group_name(scale, population)) & is_own
        exams[f"left-out clusters, {scale}"] = of_group & (kind == "cluster")
        exams[f"left-out pairs of elements, {scale}"] = of_group & (kind == "pair")
    return exams


def pooled(exams: Sequence[Exam]) -> str:
    """Return what the levels of trust say over all exams."""
    error = np.concatenate([np.abs(exam.error) for exam in exams])
    trust = np.array([level for exam in exams for level in exam.trust])
    means = {level: error[trust == level].mean() for level in ("high", "medium", "low")}
    shares = {level: (trust == level).mean() for level in means}
    told = ", ".join(f"{level} {means[level]:.3f} ({100 * shares[level]:.0f} % of the rows)" for level in means)
    return f"mean absolute error by trust, all exams pooled: {told}; low / high {means['low'] / means['high']:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("data", type=Path, help="folder of the published tables")
    parser.add_argument("folds", type=Path, nargs="*", help="folders of the five runs that leave groups out")
    parser.add_argument(
        "--elements", type=Path, nargs="*", default=[], help="folders of the four runs without elements"
    )
    parser.add_argument("--table", type=Path, default=Path("build/energies.csv.gz"))
    parser.add_argument("--model", default="composition")
    asked = parser.parse_args()
    predictor = load(asked.model)
    table, compositions = read_table(asked.table)
    exams = shipped_exams(predictor, table, asked.data)
    X = np.empty((0, 0))
    if asked.folds or asked.elements:
        X = featurize(read_materials(table.formula.tolist()).materials, predictor.features).X
    if asked.folds:
        exams += fold_exams(predictor, load_folds(asked.folds), table, Described(compositions, X))
    if asked.elements:
        exams += element_exams(predictor, load_folds(asked.elements), table, Described(compositions, X))
    header = ["exam", "rows", "MAE", "RMSE", "90 % hold", "width", "trust high", "medium", "low"]
    print(aligned(header, [exam.cells() for exam in exams]))
    print(pooled([exam for exam in exams if not exam.name.startswith("never seen")]))


if __name__ == "__main__":
    main()
