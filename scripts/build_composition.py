"""Give the trained model `composition` intervals that hold on compounds unlike its training rows.

    python scripts/build_energy_table.py ../shared/data build/energies.csv.gz
    formation-mlp train configs/composition.yaml --workers 2
    for k in 0 1 2 3 4; do formation-mlp train configs/composition_fold.yaml --set split.column=fold$k \
        --set output=runs/fold$k --set seed=1$k; done
    python scripts/build_composition.py runs/composition runs/fold0 runs/fold1 runs/fold2 runs/fold3 runs/fold4

The errors that the error model learns from are those of networks which had not seen the row: each fold leaves out
chemical systems, clusters of similar compounds, pairs of elements and measured compounds. Rows of OQMD, put on the
scales of the Materials Project by the map between them, stand for compounds that nobody has made; rows of the
Materials Project on the scale of OQMD for known ones. The factors are calibrated with the val rows and the answers of
the shipped networks. The run folder gets the new model file; `scripts/build_shipped.py` ships it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from build_energy_table import sources
from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.features.engine.table import featurize
from formation_mlp.materials.inputs import read_materials
from formation_mlp.runs.error_fit import OutOfSample, fit_error_model
from formation_mlp.runs.folder import RunFolder
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.scales.convert import convert
from formation_mlp.trust.error_inputs import Asked, pair_counts
from formation_mlp.trust.error_model import HYPOTHETICAL, KNOWN, ErrorModel, group_name
from formation_mlp.trust.listed import fingerprints
from formation_mlp.typing import Floats, Ints

TRANSLATED = {"oqmd": ("mp2020", "mp2019"), "mp2020": ("oqmd",)}
"""Scale of a row to further scales on which its energy is known by conversion."""
POPULATION = {"oqmd": HYPOTHETICAL}
"""Of the rows of a scale; the others are known ones."""
WEIGHT_OF_TRANSLATED = 0.3
SEED = 0


@dataclass(frozen=True, slots=True)
class Described:
    """The rows of a table: compositions ``[n]`` and features ``[n, d]``."""

    compositions: Compositions
    X: Floats


class Questions:
    """Formulas with energies, each on one of a model's scales: those of the table, and translated ones.

    Attributes
    ----------
    row : place in the table
    scale : place among the scales of the model
    energy : on that scale, eV/atom
    population : of the row
    is_own : whether the energy is that of the table
    """

    def __init__(self, table: pd.DataFrame, compositions: Compositions, scales: Sequence[str]) -> None:
        parts = []
        for name in scales:
            rows = np.flatnonzero(table.scale == name)
            energies = table.formation_energy_per_atom.to_numpy()[rows]
            parts.append((rows, name, energies, name))
            for other in TRANSLATED.get(name, ()):
                converted = convert(compositions.take(rows), energies, name, other)
                usable = np.isfinite(converted.values)
                if name == "oqmd":  # a row that the other source has too has its own energy there
                    usable &= ~table.formula.iloc[rows].isin(table.formula[table.scale == other]).to_numpy()
                parts.append((rows[usable], other, converted.values[usable], name))
        self.row = np.concatenate([rows for rows, *_ in parts])
        self.scale = np.concatenate([np.full(len(rows), scales.index(on)) for rows, on, *_ in parts])
        self.energy = np.concatenate([energies for *_, energies, _ in parts])
        origin = np.concatenate([np.full(len(rows), name) for rows, *_, name in parts])
        self.population = np.array([POPULATION.get(name, KNOWN) for name in origin])
        self.is_own = origin == np.array(scales)[self.scale]
        self.group = np.array(
            [group_name(scales[k], kind) for k, kind in zip(self.scale, self.population, strict=True)]
        )

    def asked(self, which: Ints, compositions: Compositions, place: Floats, distance: Floats, answers: Floats) -> Asked:
        """Return some questions, with what holds for each row of the table."""
        rows = self.row[which]
        hypothetical = self.population[which] == HYPOTHETICAL
        return Asked(
            compositions.take(rows), place[rows], distance[rows], answers[rows], self.scale[which], hypothetical
        )


def out_of_fold(
    table: pd.DataFrame,
    questions: Questions,
    places: Floats,
    folds: Sequence[Predictor],
    described: Described,
    name: str = "fold",
) -> list[tuple[Ints, Floats, Floats]]:
    """Return for each fold which questions its network had not seen, the inputs of these, and its errors."""
    found = []
    for number, predictor in enumerate(folds):
        unseen = np.flatnonzero((table[f"{name}{number}"] == "test").to_numpy()[questions.row])
        answers = predictor.on_all_scales(described.X, described.compositions)
        _, distance = predictor.position(described.X)
        seen = np.flatnonzero((table[f"{name}{number}"] == "train").to_numpy())
        pairs = pair_counts(described.compositions.take(seen))
        asked = questions.asked(unseen, described.compositions, places, distance, answers)
        error = questions.energy[unseen] - answers[questions.row[unseen], questions.scale[unseen]]
        found.append((unseen, asked.inputs(pairs), error))
    return found


def load_folds(folders: Sequence[Path]) -> list[Predictor]:
    """Return the networks of the folds."""
    return [Predictor(Checkpoint.load(RunFolder(folder).model, "numpy")) for folder in folders]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("run", type=Path, help="folder of the finished run")
    parser.add_argument("folds", type=Path, nargs=5, help="folders of the five runs that leave groups out")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the published tables")
    parser.add_argument("--table", type=Path, default=Path("build/energies.csv.gz"), help="what they were trained on")
    asked = parser.parse_args()
    run = RunFolder(asked.run)
    checkpoint = Checkpoint.load(run.model)
    model, of_val = error_model(asked.table, checkpoint, load_folds(asked.folds), asked.data)
    replace(checkpoint, errors=model).save(run.model)
    for group in model.groups:
        print(f"{group}: {np.sum(of_val == group)} val rows, factor {model.factor(0.9, group):.2f}")
    print(*model.levels, sep="\n")


def read_table(path: Path) -> tuple[pd.DataFrame, Compositions]:
    """Return the table of energies and its compositions."""
    table = pd.read_csv(path, keep_default_na=False)
    return table, read_materials(table.formula.tolist()).materials.compositions


def error_model(
    path: Path, checkpoint: Checkpoint, folds: Sequence[Predictor], data: Path
) -> tuple[ErrorModel, NDArray[np.str_]]:
    """Return the error model of the shipped networks, and the group of each val row that calibrates it."""
    table, compositions = read_table(path)
    predictor = Predictor(checkpoint)
    described = Described(
        compositions, featurize(read_materials(table.formula.tolist()).materials, predictor.features).X
    )
    questions = Questions(table, compositions, predictor.scales)
    places, distance = predictor.position(described.X)
    answers = predictor.on_all_scales(described.X, compositions)
    of_val = np.flatnonzero((table.part == "val").to_numpy()[questions.row])
    pairs = pair_counts(compositions.take(np.flatnonzero((table.part == "train").to_numpy())))
    inputs = questions.asked(of_val, compositions, places, distance, answers).inputs(pairs)
    error = questions.energy[of_val] - answers[questions.row[of_val], questions.scale[of_val]]
    left_out = out_of_fold(table, questions, places, folds, described)
    n = len(of_val) + sum(len(which) for which, *_ in left_out)
    rows = OutOfSample(
        np.concatenate([inputs, *(own for _, own, _ in left_out)]),
        np.concatenate([error, *(errors for *_, errors in left_out)]),
        np.concatenate([questions.group[of_val], *(questions.group[which] for which, *_ in left_out)]),
        np.arange(n) < len(of_val),
        np.concatenate([np.ones(len(of_val)), *(weight_of(questions, which) for which, *_ in left_out)]),
    )
    return fit_error_model(rows, pairs, listed(data), SEED), questions.group[of_val]


def weight_of(questions: Questions, which: Ints) -> Floats:
    """Return how much each question weighs where the error model learns: translated ones less, as there are many."""
    return np.where(questions.is_own[which], 1.0, WEIGHT_OF_TRANSLATED)


def listed(data: Path) -> NDArray[np.uint32]:
    """Return numbers of all compounds that the tables of the Materials Project and of measurements list, sorted.

    Withheld rows are among them: that somebody has reported a compound tells nothing of its energy.
    """
    rows, _, _ = sources(data)
    formulas = rows.formula[rows.scale != "oqmd"].unique().tolist()
    return np.unique(fingerprints(read_materials(formulas).materials.compositions))


if __name__ == "__main__":
    sys.exit(main())
