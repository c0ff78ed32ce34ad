"""Stable or not: the exam of the joined model on the val rows of critexam, and the fit of what joins it.

    python scripts/bench/unlike_stability.py --data ../shared/data
    python scripts/bench/unlike_stability.py --data ../shared/data --write

The truth is the published decomposition energy, zero or less. Neither the models nor any hull have seen an energy of
the val rows: the hull is of the DFT energies of the critexam train rows. In its second form the other val rows and the
test rows, whose energies are not known either, compete at their predicted energies, as known phases with withheld
energies do in the package. The model of energies and the classifier learned from train rows. What joins them, three
coefficients and the quantiles of one distribution, learns from val rows: the scores are of five-fold cross-validation
over them (each fold is judged by what the four others fitted). `--write` fits on all val rows and writes the table that
the package uses. Each F1 is at the threshold that is best on the other folds; intervals are of 1,000 bootstrap samples.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.errors import FormationMLPError
from formation_mlp.hulls.chance import KINDS, PATH, Fitted, HullErrors, Joint, best_threshold, scale_of_distance
from formation_mlp.hulls.hull import CompetingPhases
from formation_mlp.materials.inputs import ReadMaterials, read_materials
from formation_mlp.saved_model.named import FOR_FORMULAS, FOR_STABILITY, named_model
from formation_mlp.screening.members import member_energies
from formation_mlp.system.files import write_json
from formation_mlp.targets.metrics import call_scores
from formation_mlp.typing import Bools, Floats, Ints

SCALE, LEVEL, N_FOLDS, N_SAMPLES = "mp2019", 0.9, 5, 1000
HULLS = {
    "train": "DFT energies of the train rows",
    "train and predicted": "the same, and predictions of the other rows",
}


@dataclass(frozen=True)
class Exam:
    """Val rows of critexam, by the models of the package.

    Attributes
    ----------
    is_stable : published, ``[n]``
    truth : published decomposition energies, eV/atom, ``[n]``
    classifier : chance by the classifier alone, ``[n]``
    half_width : of the 90 % interval of the predicted energy, eV/atom, ``[n]``
    found : hull to decomposition energies by the mean of the members, eV/atom, ``[n]``
    spread : hull to the standard deviation of the members' own decomposition energies, eV/atom, ``[n]``
    """

    is_stable: Bools
    truth: Floats
    classifier: Floats
    half_width: Floats
    found: dict[str, Floats]
    spread: dict[str, Floats]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the published tables")
    parser.add_argument("--model", default=FOR_FORMULAS, help="of energies: a run or a name")
    parser.add_argument("--classifier", default=FOR_STABILITY, help="a run or a name")
    parser.add_argument("--write", action="store_true", help="fit on all val rows and write the table of the package")
    arguments = parser.parse_args()
    try:
        exam = examined(arguments.data, arguments.model, arguments.classifier)
        report(exam)
        if arguments.write:
            write(exam, arguments.model, arguments.classifier)
    except FormationMLPError as error:
        sys.exit(f"error: {error}")


def examined(data: Path, model: str, classifier: str) -> Exam:
    """Predict the rows without an energy in train, and compare the val rows with the hulls."""
    frame = pd.read_csv(data / "critexam" / "critexam_mp.csv.gz", keep_default_na=False, na_values=[""])
    part = frame["split"].to_numpy(str)
    energy = frame["formation_energy_per_atom"].to_numpy(float)
    truth = frame["decomposition_energy_per_atom"].to_numpy(float)
    read = read_materials(frame["formula"].tolist())
    train, val, new = (np.flatnonzero(chosen) for chosen in (part == "train", part == "val", part != "train"))
    asked = ReadMaterials(read.materials.take(new), [read.labels[row] for row in new.tolist()], {}, {})
    predictor = named_model(model, model).predictor
    scale = SCALE if SCALE in predictor.scales else None
    members, shares = member_energies(predictor, asked, scale)
    predicted = predictor.predict_read(asked, level=LEVEL, scale=scale)
    if predicted.hi is None or predicted.lo is None:
        raise FormationMLPError(f"{model}: has no intervals")
    chances = named_model(classifier, classifier).predictor.predict_read(asked).values
    is_val = part[new] == "val"
    compositions = read.materials.compositions
    found, spread = {}, {}
    for name in HULLS:
        others = np.concatenate([train, new]) if name != "train" else train

        def distance(energies: Floats, others: Ints = others) -> Floats:
            every = energy.copy()
            every[new] = energies
            return _distances(compositions, every, others, val)

        found[name] = distance(shares @ members)
        each = np.stack([distance(own) for own in members])
        spread[name] = np.sqrt(shares @ (each - shares @ each) ** 2)
    half_width = (predicted.hi - predicted.lo)[is_val] / 2
    return Exam(truth[val] <= 0, truth[val], chances[is_val], half_width, found, spread)


def _distances(compositions: Compositions, energies: Floats, others: Ints, rows: Ints) -> Floats:
    phases = CompetingPhases(compositions.take(others), energies[others])
    return phases.decompose(compositions.take(rows), energies[rows]).energy


def folds(n: int) -> Ints:
    """Return the fold of each row, ``[n]``."""
    return np.random.default_rng(0).permutation(n) % N_FOLDS


def crossed(exam: Exam, hull: str, kind: str) -> tuple[Floats, Floats, Floats, Bools]:
    """Return, of each row by what the other folds fitted: both chances, the threshold, and if its interval holds."""
    n = len(exam.truth)
    by_hull, joined, thresholds, inside = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n, np.bool_)
    fold = folds(n)
    for k in range(N_FOLDS):
        rest, own = fold != k, fold == k
        fitted = fit(exam, hull, kind, rest)
        scale, found = _scale(exam, hull, kind)[own], exam.found[hull][own]
        by_hull[own] = fitted.errors.chance(found, scale)
        joined[own] = fitted.joint.chance(exam.classifier[own], by_hull[own])
        thresholds[own] = fitted.joint.threshold
        low, high = fitted.errors.interval(LEVEL, found, scale)
        inside[own] = (low <= exam.truth[own]) & (exam.truth[own] <= high)
    return by_hull, joined, thresholds, inside


def _scale(exam: Exam, hull: str, kind: str) -> Floats:
    found, scale = scale_of_distance(exam.spread[hull] if kind == "members" else None, exam.half_width)
    if found != kind:
        raise ValueError(f"unknown kind {kind!r}")
    return scale


def fit(exam: Exam, hull: str, kind: str, rows: Bools) -> Fitted:
    """Learn the errors of distances, and the joint, from some rows."""
    scale, found = _scale(exam, hull, kind)[rows], exam.found[hull][rows]
    errors = HullErrors.fit((exam.truth[rows] - found) / scale)
    return Fitted(errors, Joint.fit(exam.classifier[rows], errors.chance(found, scale), exam.is_stable[rows]))


def report(exam: Exam) -> None:
    """Print the table, and how often the intervals hold."""
    n, fold = len(exam.truth), folds(len(exam.truth))
    print(f"{n} val rows of critexam, {np.mean(exam.is_stable):.1%} of them stable\n")
    print("| what answers | hull | ROC-AUC | F1 | F1 at 0.5 | accuracy |\n|---|---|---:|---:|---:|---:|")
    _line(exam, "classifier", "none", exam.classifier, _thresholds(exam.classifier, exam.is_stable, fold))
    held = []
    for hull, said in HULLS.items():
        certainty = -exam.found[hull]
        _line(exam, "distance to the hull", said, certainty, np.zeros(n), at=0.0)
        for kind in KINDS:
            by_hull, joined, thresholds, inside = crossed(exam, hull, kind)
            _line(exam, f"chance by the hull ({kind})", said, by_hull, _thresholds(by_hull, exam.is_stable, fold))
            _line(exam, f"**joined** ({kind})", said, joined, thresholds)
            fitted = fit(exam, hull, kind, np.ones(n, np.bool_))
            low, high = fitted.errors.interval(LEVEL, exam.found[hull], _scale(exam, hull, kind))
            gap = max(abs(np.mean(exam.is_stable[chosen]) - joined[chosen].mean()) for chosen in _tenths(joined))
            held.append(
                f"{said}, {kind}: 90 % intervals of the distance hold {np.mean(inside):.1%}, mean width "
                f"{(high - low).mean():.3f} eV/atom; in each tenth of p_stable the share of stable compounds differs "
                f"from it by at most {gap:.3f}"
            )
    print("\n" + "\n".join(held))


def _tenths(chance: Floats) -> list[Ints]:
    return np.array_split(np.argsort(chance, kind="stable"), 10)


def _thresholds(chance: Floats, is_stable: Bools, fold: Ints) -> Floats:
    best = [best_threshold(chance[fold != k], is_stable[fold != k]) for k in range(N_FOLDS)]
    return np.array(best)[fold]


def _line(exam: Exam, name: str, hull: str, certainty: Floats, thresholds: Floats, at: float = 0.5) -> None:
    scores = call_scores(exam.is_stable, certainty >= thresholds, certainty)
    half = call_scores(exam.is_stable, certainty >= at, certainty)
    rng, n = np.random.default_rng(0), len(certainty)

    def spread(score: Callable[[Ints], float]) -> float:
        return float(np.std([score(rng.integers(0, n, n)) for _ in range(N_SAMPLES)]))

    auc = spread(lambda rows: _auc(exam.is_stable[rows], certainty[rows]))
    f1 = spread(lambda rows: _f1(exam.is_stable[rows], (certainty >= thresholds)[rows]))
    print(
        f"| {name} | {hull} | {scores['ROC-AUC']:.4f} ± {auc:.4f} | {scores['F1']:.4f} ± {f1:.4f} | {half['F1']:.4f} "
        f"| {scores['accuracy']:.4f} |",
        flush=True,
    )


def _auc(is_stable: Bools, certainty: Floats) -> float:
    """Return the chance that a stable compound is ranked above another; ties of resampled rows are broken at random."""
    ranks = np.empty(len(certainty))
    ranks[np.argsort(certainty)] = np.arange(1, len(certainty) + 1)
    n_stable = int(is_stable.sum())
    above = ranks[is_stable].sum() - n_stable * (n_stable + 1) / 2
    return float(above / (n_stable * (len(certainty) - n_stable)))


def _f1(is_stable: Bools, called: Bools) -> float:
    return float(2 * np.sum(is_stable & called) / (np.sum(is_stable) + np.sum(called)))


def write(exam: Exam, model: str, classifier: str) -> None:
    """Fit on all val rows, and write the table of the package."""
    hull = "train and predicted"
    every = np.ones(len(exam.truth), np.bool_)
    scores = {}
    for kind in KINDS:
        _, joined, thresholds, inside = crossed(exam, hull, kind)
        found = call_scores(exam.is_stable, joined >= thresholds, joined)
        scores[kind] = {name: round(found[name], 4) for name in ("ROC-AUC", "F1")}
        scores[kind]["90 % interval holds"] = round(float(np.mean(inside)), 4)
    described = {
        "format": 1,
        "kinds": {kind: fit(exam, hull, kind, every).described() for kind in KINDS},
        "fitted_on": f"{len(every)} val rows of critexam (Materials Project, CC BY 4.0), hull: {HULLS[hull]}",
        "scores": scores,
        "scores_of": "five-fold cross-validation over the same rows",
        "models": {name: named_model(name, name).description("eV/atom")["sha256"] for name in (model, classifier)},
        "made_by": "scripts/bench/unlike_stability.py --write",
    }
    write_json(PATH, described)
    print(f"\n{PATH}: {scores}")


if __name__ == "__main__":
    main()
