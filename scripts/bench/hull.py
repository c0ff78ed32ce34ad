"""Convex hulls of the critexam table: their time, their agreement with the published numbers, and those of models.

python scripts/bench/hull.py agreement --data ../shared/data
python scripts/bench/hull.py compare PREDICTED.csv [MORE.csv ...] [--classifier PROBABILITIES.csv] --data ../shared/data

`agreement` builds hulls of all rows with a visible DFT energy. Test rows have none, so most compounds lack competitors,
and seem more stable than published; "complete" rows, with no test row within their elements, must agree.

`compare` scores the val rows in PREDICTED (columns formula and prediction, eV/atom, by a model that never saw them)
against their published decomposition energies, on several hulls:

- predicted: every phase at its predicted energy, as in Bartel et al. 2020. Errors of one chemical system partly cancel.
  Only if PREDICTED holds the train rows, which must be predicted out of fold, and better also the test rows.
- DFT train: train rows compete at their DFT energy; each val row is alone among them.
- DFT train + predicted: train rows at their DFT energy and all others in PREDICTED at their predicted energy. This is a
  search for new compounds, and takes from DFT what a classifier trained on the train rows takes.

Beside them stand the DFT energies of the val rows on the hulls that can be built without the test rows: no model of
energies can do much better there. PROBABILITIES (columns formula and prediction) are those of a direct classifier. A
second table then says which way is better on the same rows, energies and hull or the classifier, and by how much:
accuracy with a paired t-test over the rows, F1 and ROC-AUC with a paired bootstrap of them.
"""

import argparse
import time
from dataclasses import dataclass
from itertools import chain, combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from formation_mlp.benchmark.paired import over_formulas
from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.data.sources import read_table
from formation_mlp.errors import DataError
from formation_mlp.hulls.energy_table import EnergyTable, read_energy_table
from formation_mlp.hulls.hull import CompetingPhases, decomposition_energies
from formation_mlp.hulls.verdicts import stability_scores
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.targets.metrics import call_scores
from formation_mlp.typing import Bools, Floats


@dataclass(frozen=True)
class Published:
    """The critexam table; energies are NaN where they are withheld."""

    compositions: Compositions
    energy: Floats
    decomposition_energy: Floats
    part: NDArray[np.str_]

    @property
    def is_visible(self) -> Bools:
        """Whether a row has a DFT energy."""
        return np.isfinite(self.energy)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=["agreement", "compare"])
    parser.add_argument("tables", type=Path, nargs="*", help="predicted formation energies")
    parser.add_argument("--classifier", type=Path, help="probabilities of being stable")
    parser.add_argument("--threshold", type=float, default=0.5, help="of the classifier")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the published tables")
    arguments = parser.parse_args()
    path = arguments.data / "critexam" / "critexam_mp.csv.gz"
    options = {"--true-decomposition": "decomposition_energy_per_atom"}
    table = read_energy_table(path, energy="formation_energy_per_atom", unit="eV/atom", truths=options)
    part = read_table(str(path))["split"].to_numpy(str)
    published = Published(table.compositions, table.energies, *table.truths.values(), part)
    if arguments.work == "agreement":
        agreement(published)
    elif not arguments.tables:
        parser.error("compare takes at least one table of predicted energies")
    else:
        compare(published, arguments.tables, arguments.classifier, arguments.threshold)


def agreement(published: Published) -> None:
    decomposition_energies(parse_formulas(["NaCl"]).compositions, [-2.0])  # loads the compiled code
    invented = np.random.default_rng(0).normal(-1.0, 0.6, len(published.part))
    timed(published.compositions, invented, "energies drawn at random")
    seen = published.is_visible
    rows = np.flatnonzero(seen)
    found = timed(published.compositions.take(rows), published.energy[rows], "visible DFT energies")
    truth = published.decomposition_energy[rows]
    complete = has_all_competitors(published)[rows]
    print("\n| rows | number | mean abs. difference | within 1e-4 | lower by more | higher by more | other label |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, chosen in (("complete", complete), ("others", ~complete), ("all visible", seen[rows])):
        difference = (found - truth)[chosen]
        labels = int(np.sum((found <= 0)[chosen] != (truth <= 0)[chosen]))
        counts = (
            int(np.sum(np.abs(difference) <= 1e-4)),
            int(np.sum(difference < -1e-4)),
            int(np.sum(difference > 1e-4)),
        )
        print(
            f"| {name} | {chosen.sum()} | {np.abs(difference).mean():.2e} | {' | '.join(map(str, counts))} | {labels} |"
        )
    higher = (found - truth)[found > truth]
    print(f"\nhigher at most by {higher.max():.4f} eV/atom, in the median by {np.median(higher):.1e}")


def timed(compositions: Compositions, energies: Floats, what: str) -> Floats:
    """Print the time of one call and how far its products are from balanced; return the decomposition energies."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = decomposition_energies(compositions, energies)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{len(compositions)} compounds, {what}: {wall:.1f} s, {cpu:.1f} s of one core")
    return found.energy


def has_all_competitors(published: Published) -> Bools:
    """Tell of each row whether every compound within its elements has a visible energy."""
    systems = [frozenset(system.split("-")) for system in published.compositions.chemical_systems()]
    absent = {system for system, seen in zip(systems, published.is_visible, strict=True) if not seen}

    def complete(system: frozenset[str]) -> bool:
        within = chain.from_iterable(combinations(system, n) for n in range(1, len(system) + 1))
        return absent.isdisjoint(map(frozenset, within))

    known = {system: complete(system) for system in set(systems)}
    return np.array([known[system] for system in systems])


def compare(published: Published, tables: list[Path], classifier: Path | None, threshold: float) -> None:
    predicted = matched(published, [read_energy_table(path, unit="eV/atom") for path in tables])
    asked = np.isfinite(predicted) & (published.part == "val")
    rows = np.flatnonzero(asked)
    is_train, truth = published.part == "train", published.decomposition_energy[rows]
    dft_train = np.where(is_train, published.energy, np.nan)
    dft_val = np.where(published.part == "val", published.energy, dft_train)
    mixed = np.where(is_train, published.energy, predicted)
    print(
        f"{len(rows)} val rows, {np.mean(truth <= 0):.1%} of them stable as published; MAE of their formation energy ",
        end="",
    )
    print(f"{np.abs(predicted - published.energy)[rows].mean():.4f} eV/atom\n")
    print("| energies of the rows | competing phases | number | MAE (eV/atom) | accuracy | F1 | FPR | ROC-AUC |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    hulls = [
        ("predicted", predicted, "DFT train", dft_train),
        ("predicted", predicted, "DFT train + predicted", mixed),
        ("DFT", published.energy, "DFT train", dft_train),
        ("DFT", published.energy, "DFT train and val", dft_val),
    ]
    if np.isfinite(predicted[is_train]).all():
        hulls.insert(0, ("predicted", predicted, "predicted", predicted))
    is_stable, ways = truth <= 0, {}
    for name, own, others_name, others in hulls:
        competes = np.flatnonzero(np.isfinite(others))
        phases = CompetingPhases(published.compositions.take(competes), others[competes])
        found = phases.decompose(published.compositions.take(rows), own[rows]).energy
        print(line(name, others_name, str(len(phases)), stability_scores(truth, found)))
        if name == "predicted":
            ways[others_name] = Way(found <= 0, -found)
    if classifier is not None:
        probability = matched(published, [read_energy_table(classifier, unit="eV/atom")])[rows]
        if np.isnan(probability).any():
            raise DataError(f"{classifier}: {np.isnan(probability).sum()} of the {len(rows)} rows have no probability.")
        direct = Way(probability >= threshold, probability)
        scores = call_scores(is_stable, direct.called, direct.certainty)
        print(line(f"none: classifier, threshold {threshold:g}", "none", "0", {"MAE": float("nan"), **scores}))
        for name, way in ways.items():
            both = together(is_stable, direct, way)
            scores = call_scores(is_stable, both.called, both.certainty)
            print(line("predicted, and classifier", name, "", {"MAE": float("nan"), **scores}))
        which_is_better(is_stable, direct, ways)


@dataclass(frozen=True)
class Way:
    """What one way of telling stable compounds says of each row: its call, and how certain it is."""

    called: Bools
    certainty: Floats


def together(is_stable: Bools, direct: Way, way: Way) -> Way:
    """Weigh both ways by logistic regression, fitted on four fifths of the rows and used on the last, five times."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    p = np.clip(direct.certainty, 1e-6, 1 - 1e-6)
    d = -way.certainty  # near the hull it matters more than far from it
    X = np.stack([np.log(p / (1 - p)), np.clip(d, -0.3, 0.3), np.clip(d, -0.1, 0.1)], axis=1)
    model = LogisticRegression(C=10.0)
    chance = cross_val_predict(model, X, is_stable, cv=5, method="predict_proba")[:, 1]
    return Way(chance >= 0.5, chance)


SCORES = ("accuracy", "F1", "ROC-AUC")
N_RESAMPLES = 400


def which_is_better(is_stable: Bools, direct: Way, ways: dict[str, Way]) -> None:
    """Print by how much the classifier beats energies and hull, with 95 % intervals, as a table and in words."""
    print(f"\nThe classifier minus predicted energies and hull, on the same {len(is_stable)} rows (95 % interval):\n")
    print("| competing phases | " + " | ".join(SCORES) + " |\n|---|" + "---:|" * len(SCORES))
    said = []
    for name, way in ways.items():
        found = advantage(is_stable, direct, way)
        texts = [f"{value:+.4f} ({low:+.4f} to {high:+.4f})" for value, low, high in found.values()]
        print(f"| {name} | {' | '.join(texts)} |")
        said.append(in_words(name, found))
    print("\n" + "\n".join(said))


def advantage(is_stable: Bools, direct: Way, way: Way) -> dict[str, tuple[float, float, float]]:
    """Return for each score the classifier's minus that of the other way, and the ends of a 95 % interval."""

    def differences(rows: NDArray[np.int64]) -> list[float]:
        first, second = (call_scores(is_stable[rows], one.called[rows], one.certainty[rows]) for one in (direct, way))
        return [first[name] - second[name] for name in SCORES]

    every = np.arange(len(is_stable))
    generator = np.random.default_rng(0)
    resampled = [differences(generator.choice(every, len(every))) for _ in range(N_RESAMPLES)]
    ends = np.percentile(resampled, [2.5, 97.5], axis=0).T.tolist()
    right = (direct.called == is_stable).astype(float) - (way.called == is_stable)
    _, low, high, _, _ = over_formulas(right, every.tolist())
    ends[0] = [low, high]
    return {name: (value, *pair) for name, value, pair in zip(SCORES, differences(every), ends, strict=True)}


def in_words(name: str, found: dict[str, tuple[float, float, float]]) -> str:
    """Say which way is better, score by score."""
    parts = []
    for score, (value, low, high) in found.items():
        who = (
            "neither is clearly better" if low <= 0 <= high else "the classifier" if value > 0 else "energies and hull"
        )
        parts.append(f"{score}: {who}" + (f" by {abs(value):.3f}" if who[0] != "n" else ""))
    return f"Against {name}: {'; '.join(parts)}."


def matched(published: Published, tables: list[EnergyTable]) -> Floats:
    """Return the numbers of all tables in the order of the published table, NaN where there is none."""
    place = {key: row for row, key in enumerate(published.compositions.keys())}
    values = np.full(len(place), np.nan)
    for table in tables:
        for key, value in zip(table.compositions.keys(), table.energies, strict=True):
            row = place.get(key)
            if row is None or np.isnan(value):
                continue
            if np.isfinite(values[row]):
                raise DataError(f"{table.path}: {key} has a number already. Give one for each formula.")
            values[row] = value
    return values


def line(*cells: str | dict[str, float]) -> str:
    texts: list[str] = []
    for cell in cells:
        texts += [cell] if isinstance(cell, str) else ["-" if np.isnan(v) else f"{v:.4f}" for v in cell.values()]
    return "| " + " | ".join(texts) + " |"


if __name__ == "__main__":
    main()
