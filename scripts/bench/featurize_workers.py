"""Time the structure presets with one worker process and with two.

    python scripts/bench/featurize_workers.py --data mp_megnet2018_structures.csv.gz

The pairs of runs alternate, so that a change of load of the machine touches both; each includes the start of its
workers. Cache off.
"""

import argparse
from pathlib import Path
from statistics import median
from time import perf_counter

import pandas as pd

from formation_mlp.features.engine.table import featurize
from formation_mlp.materials.structure.columns import read_structure_columns
from formation_mlp.system.compute import Compute

FEATURES = ["ward2017", "density", "symmetry", "sine_coulomb"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="table with lattice, species and frac_coords")
    parser.add_argument("--rows", type=int, default=8000, help="random structures")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    frame = pd.read_csv(arguments.data, dtype=str, keep_default_na=False).sample(arguments.rows, random_state=0)
    read = read_structure_columns(*(frame[name].tolist() for name in ("lattice", "species", "frac_coords")))
    featurize(read.materials.take(range(50)), FEATURES, cache="off")  # compiles
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(arguments.repeats):
        for workers, measured in seconds.items():
            start = perf_counter()
            featurize(read.materials, FEATURES, compute=Compute(workers), cache="off")
            measured.append(perf_counter() - start)
    one, two = (arguments.rows / median(measured) for measured in seconds.values())
    ratio = median(a / b for a, b in zip(*seconds.values(), strict=True))
    print(f"{arguments.rows} structures: {one:.0f}/s in one process, {two:.0f}/s with two workers, ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
