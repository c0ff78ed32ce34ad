"""Learn how far a network is off for elements that it has never seen, and write the rule into the package.

    python scripts/build_energy_table.py ../shared/data build/energies.csv.gz
    python scripts/build_unseen_elements.py build/energies.csv.gz --answers build/unseen_elements

Each of the networks (that of `configs/composition_fold.yaml`, 10 epochs, 30,000 train rows) does without the elements
of one group; its errors are those for compounds with one of them. Of the coefficients, those with the smallest deviance
``log m + |e| / m`` are taken, each element counting as one; ``m`` is the expected error. The factors of the intervals
are quantiles of errors in units of what a rule says that was fitted without their element: of ``g`` elements the share
``(g + 1) / g`` of the level, as in a conformal prediction in which elements are what is drawn (Dunn, Wasserman and
Ramdas, JASA 118, 2491 (2023)). The elements of `build_energy_table.LEFT_OUT` take no part: they are the exam of
`scripts/bench/unlike.py`. About 90 s of processor time for each network; the answers are kept, and not made again.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

import formation_mlp.trust
from build_energy_table import LEFT_OUT, read
from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.elements import ATOMIC_NUMBER, SYMBOLS
from formation_mlp.config.loading import load_config
from formation_mlp.features.engine.table import FeatureTable, featurize
from formation_mlp.materials.inputs import read_materials
from formation_mlp.system.files import write_json
from formation_mlp.system.text_table import aligned
from formation_mlp.targets.scaler import FeatureScaler
from formation_mlp.targets.task import Task
from formation_mlp.training.network import Examples, NetworkTraining
from formation_mlp.trust.conformal import weighted_rank
from formation_mlp.trust.unseen_elements import FILE, Rule, unseen_among
from formation_mlp.typing import Bools, Floats, Ints

CONFIG = Path(__file__).resolve().parents[1] / "configs" / "composition_fold.yaml"
GROUPS = (
    "O Gd Ir",
    "N Na Ti Pb Nd",
    "S K Fe Ru Y",
    "Br Ca Ni Mo Ga",
    "H Mg Co Bi Ce",
    "I Cs Cr Pt Th",
    "C Ba Cu Re In",
    "P Rb V Pd Er",
    "B Al Zr Ag U",
    "Te Sr Zn Nb Yb",
    "Si Hf Rh Tl Sc As",
)
SCALES = ("mp2020", "mp2019", "oqmd", "measured")
EPOCHS, TRAIN, VAL, OF_ELEMENT = 10, 30_000, 4_000, 1_500
"""Rows to train on, to choose the epoch by, and to examine for each element."""
LEVELS = np.round(np.arange(0.5, 0.951, 0.025), 3)
"""At which factors are kept; nearer to one there are too few elements."""
SHRINKAGE = 0.02
"""Weight of the squared coefficients in the fit."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of the table of energies, ``[n]`` each, with their features and the place of their scale."""

    compositions: Compositions
    features: FeatureTable
    energy: Floats
    scale: Ints
    part: np.ndarray

    @classmethod
    def load(cls, path: Path) -> Table:
        """Read and featurize the table."""
        rows = read(path)
        materials = read_materials(rows.formula.tolist()).materials
        scale = rows.scale.map({name: place for place, name in enumerate(SCALES)}).to_numpy()
        features = featurize(materials, load_config(CONFIG, []).features)
        return cls(
            materials.compositions, features, rows.formation_energy_per_atom.to_numpy(), scale, rows.part.to_numpy()
        )

    def examples(self, rows: Ints) -> Examples:
        """Return some rows, to learn from."""
        return Examples(self.features.X[rows], self.energy[rows], self.compositions.take(rows), scale=self.scale[rows])


@dataclass(frozen=True, slots=True)
class Examined:
    """Errors for compounds with one element that a network had never seen.

    Attributes
    ----------
    element : symbol, ``[m]``
    terms : what the rule multiplies by its coefficients, ``[m, k]``
    error : absolute, eV/atom, ``[m]``
    """

    element: np.ndarray
    terms: Floats
    error: Floats

    def take(self, rows: Bools) -> Examined:
        """Return some of them."""
        return Examined(self.element[rows], self.terms[rows], self.error[rows])

    @property
    def weight(self) -> Floats:
        """One over the number of rows of the element of each, ``[m]``."""
        _, inverse, counts = np.unique(self.element, return_inverse=True, return_counts=True)
        weight: Floats = 1 / counts[inverse]
        return weight


def answers_without(table: Table, number: int) -> tuple[Ints, Floats, Bools]:
    """Train a network without the elements of a group; return the rows examined, its answers and which it had seen."""
    z, _ = table.compositions.padded()
    left_out = [ATOMIC_NUMBER[symbol] for symbol in GROUPS[number].split()]
    has_one, rng = np.isin(z, left_out).any(axis=1), np.random.default_rng(number)
    train = rng.permutation(np.flatnonzero(~has_one & (table.part == "train")))[:TRAIN]
    val = rng.permutation(np.flatnonzero(~has_one & (table.part == "val")))[:VAL]
    of_each = [rng.permutation(np.flatnonzero((z == one).any(axis=1)))[:OF_ELEMENT] for one in left_out]
    rows = np.unique(np.concatenate(of_each))
    config = load_config(CONFIG, [f"training.max_epochs={EPOCHS}"])
    scaler = FeatureScaler.fit(table.features.X[train], table.features.names)
    task = Task.fit(config.task, table.energy[train], None, SCALES)
    network = NetworkTraining(
        table.examples(train), table.examples(val), scaler, task, config.model, config.training, 40 + number
    )
    for record in network.epochs():
        print(f"without {GROUPS[number]}: epoch {record.epoch}, val {record.val_score:.4f}", file=sys.stderr)
    found = network.predict(table.features.X[rows], table.compositions.take(rows), table.scale[rows])
    is_seen = np.bincount(z[train].ravel(), minlength=len(SYMBOLS)) > 0
    return rows, found, is_seen


def examined(table: Table, number: int, folder: Path) -> Examined:
    """Return the errors for compounds with one element of a group, from answers that are kept in a folder."""
    path = folder / f"{number}.npz"
    if not path.exists():
        rows, answers, is_seen = answers_without(table, number)
        np.savez_compressed(path, rows=rows, answers=answers, is_seen=is_seen)
    with np.load(path) as kept:
        rows, answers, is_seen = kept["rows"], kept["answers"], kept["is_seen"]
    z, _ = table.compositions.take(rows).padded()
    is_left_out = np.isin(z, [ATOMIC_NUMBER[symbol] for symbol in GROUPS[number].split()])
    is_unseen = (z > 0) & ~is_seen[z]
    one = np.flatnonzero((is_unseen.sum(axis=1) == 1) & (is_left_out & is_unseen).any(axis=1))
    unseen = unseen_among(table.compositions.take(rows[one]), is_seen)
    symbols = np.array(SYMBOLS)[np.where(is_left_out, z, 0).max(axis=1)[one]]
    return Examined(symbols, unseen.terms(), np.abs(table.energy[rows] - answers)[one])


def coefficients(rows: Examined) -> Floats:
    """Return the coefficients of the logarithm of the expected error with the smallest deviance, ``[k]``."""
    weight = rows.weight / rows.weight.sum()

    def deviance(b: Floats) -> tuple[float, Floats]:
        log_size = rows.terms @ b
        ratio = rows.error * np.exp(-log_size)
        slopes = rows.terms.T @ (weight * (1 - ratio)) + 2 * SHRINKAGE * np.append(0, b[1:])
        return float(weight @ (log_size + ratio) + SHRINKAGE * (b[1:] ** 2).sum()), slopes

    start = np.zeros(rows.terms.shape[1])
    start[0] = np.log(weight @ rows.error)
    found: Floats = minimize(deviance, start, jac=True).x
    return found


def left_one_out(rows: Examined) -> Floats:
    """Return each error in units of what a rule without its element expects, ``[m]``."""
    scores = np.empty(len(rows.error))
    for symbol in np.unique(rows.element):
        own = rows.element == symbol
        scores[own] = rows.error[own] / np.exp(rows.terms[own] @ coefficients(rows.take(~own)))
    return scores


def factors(scores: Floats, weight: Floats) -> list[float]:
    """Return the factor of each of `LEVELS`."""
    n_elements = weight.sum()
    mass = np.minimum(LEVELS * (n_elements + 1), n_elements)
    return [round(weighted_rank(scores, weight, float(one)), 4) for one in mass]


def report(rows: Examined, scores: Floats) -> str:
    """Return, for each element, what a rule without it would have said."""
    lines = []
    for symbol in np.unique(rows.element):
        own = rows.element == symbol
        rest = rows.take(~own)
        factor = np.interp(0.9, LEVELS, factors(scores[~own], rest.weight))
        width = 2 * factor * np.exp(rows.terms[own] @ coefficients(rest))
        held = rows.error[own] <= width / 2
        lines.append([symbol, str(own.sum()), f"{rows.error[own].mean():.3f}", f"{held.mean():.3f}"])
        lines[-1].append(f"{np.median(width):.3f}")
    return aligned(["element", "rows", "MAE", "90 % hold", "median width"], lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("table", type=Path, help="of energies")
    parser.add_argument("--answers", type=Path, required=True, help="folder where answers are kept")
    asked = parser.parse_args()
    asked.answers.mkdir(parents=True, exist_ok=True)
    table = Table.load(asked.table)
    parts = [examined(table, number, asked.answers) for number in range(len(GROUPS))]
    rows = Examined(*(np.concatenate([getattr(part, name) for part in parts]) for name in Examined.__slots__))
    taken = {symbol for pair in LEFT_OUT for symbol in pair}
    if taken & set(rows.element.tolist()):
        raise SystemExit("the elements of the exam must take no part in the fit")
    scores = left_one_out(rows)
    print(report(rows, scores))
    content = {
        "what": "errors for compounds with elements that no training row holds, see trust/unseen_elements.py",
        "made_by": "scripts/build_unseen_elements.py",
        "date": datetime.now(UTC).date().isoformat(),
        "elements": sorted(set(rows.element.tolist()), key=ATOMIC_NUMBER.__getitem__),
        "rows": len(rows.error),
        "coefficients": coefficients(rows).round(4).tolist(),
        "levels": LEVELS.tolist(),
        "factors": factors(scores, rows.weight),
    }
    Rule.restore(content)
    write_json(Path(formation_mlp.trust.__file__).parent / FILE, content)
    print(json.dumps(content))


if __name__ == "__main__":
    main()
