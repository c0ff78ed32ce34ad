"""Rates of the structure presets beside matminer's featurizers, in one run on one core.

    python scripts/bench/featurize_structures.py --data mp_megnet2018_structures.csv.gz

Prints a table in Markdown: structures a second, here as the median of five passes over all rows after one that
warms up, matminer from a single pass over a sample (its featurizers joined in one `MultipleFeaturizer`, which lets
them share neighbours), and the ratio of the two times for this sample. Structures that matminer cannot do count
as done in the time it took to raise.
"""

from __future__ import annotations

import argparse
import os
import warnings
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from formation_mlp.features.structure.presets import STRUCTURE_PRESETS
from formation_mlp.materials.records import Materials
from formation_mlp.materials.structures import Structures

SMALL = ((1, 4, 32), (5, 8, 45), (9, 14, 40), (15, 24, 24), (25, 60, 9))
"""Least and most sites, and how many structures, of the 150 diverse ones: ten atoms on average."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="mp_megnet2018_structures.csv.gz")
    parser.add_argument("--rows", type=int, default=1000, help="random structures of the whole table")
    parser.add_argument(
        "--matminer", type=int, default=25, help="structures given to matminer for each row of the table"
    )
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    table = pd.read_csv(arguments.data, keep_default_na=False, na_values=[""])
    rng = np.random.default_rng(150)
    groups = [rng.choice(np.flatnonzero(table.n_sites.between(low, high)), n) for low, high, n in SMALL]
    small = materials(table.iloc[np.concatenate(groups)])
    whole = materials(table.iloc[rng.choice(len(table), arguments.rows, replace=False)])

    print("| presets | structures | atoms | matminer /s | here /s | ratio |\n| --- | --- | --- | --- | --- | --- |")
    for names, rows in (*(((name,), small) for name in FEATURIZERS), (TOGETHER, whole)):
        report(names, rows, arguments.matminer)


def report(names: tuple[str, ...], rows: Materials, n_matminer: int) -> None:
    presets = [STRUCTURE_PRESETS[name]() for name in names]
    sample = rows.take(np.random.default_rng(0).permutation(len(rows))[:n_matminer])

    def seconds(some: Materials) -> float:
        return median([timed(lambda: [preset.compute(some) for preset in presets]) for _ in range(6)][1:])

    rate, atoms = len(rows) / seconds(rows), rows.structures.n_sites.mean()
    slow = matminer_seconds(names, sample)
    ratio = slow / seconds(sample)
    row = (" + ".join(names), len(rows), f"{atoms:.1f}", f"{len(sample) / slow:.3g}", f"{rate:.4g}", f"{ratio:.3g}")
    print("|", " | ".join(map(str, row)), "|", flush=True)


def matminer_seconds(names: tuple[str, ...], rows: Materials) -> float:
    from matminer.featurizers.base import MultipleFeaturizer

    structures = rows.structures.to_pymatgen()
    featurizer = MultipleFeaturizer([make() for name in names for make in FEATURIZERS[name]])
    featurizer.set_n_jobs(1)
    featurizer.fit(structures)

    def run() -> None:
        for structure in structures:
            try:
                featurizer.featurize(structure)
            except Exception as error:
                print(f"<!-- matminer: {structure.composition.reduced_formula}: {error} -->")

    return timed(run)


def timed(work) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def materials(table: pd.DataFrame) -> Materials:
    from pymatgen.core import Lattice, Structure

    structures = Structures.from_pymatgen(
        [
            Structure(
                Lattice.from_parameters(*map(float, row.lattice.split())),
                row.species.split(),
                np.array(row.frac_coords.split(), float).reshape(-1, 3) % 1,
            )
            for row in table.itertuples()
        ]
    )
    return Materials(structures.compositions(), structures)


def _matminer(name: str, *preset: str):
    def make():
        from matminer.featurizers import structure

        featurizer = getattr(structure, name)
        return featurizer.from_preset(*preset) if preset else featurizer()

    return make


TOGETHER = ("ward2017", "density", "symmetry", "sine_coulomb")
FEATURIZERS = {
    "ward2017": [
        _matminer("MaximumPackingEfficiency"),
        _matminer("ChemicalOrdering"),
        _matminer("StructuralHeterogeneity"),
        _matminer("SiteStatsFingerprint", "CoordinationNumber_ward-prb-2017"),
        _matminer("SiteStatsFingerprint", "LocalPropertyDifference_ward-prb-2017"),
    ],
    "density": [_matminer("DensityFeatures")],
    "symmetry": [_matminer("GlobalSymmetryFeatures")],
    "sine_coulomb": [_matminer("SineCoulombMatrix")],
}
"""What of matminer gives the numbers of each preset."""

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        main()
