"""Print the table of presets: columns, time per row, what each needs; with ``--write`` keep the times for the site.

Formulas are the bundled ones, repeated to 20,000 rows; structures are the frozen ones of the tests. One core;
the median of several runs after a first one that compiles.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

from formation_mlp.data.sources import bundled_path
from formation_mlp.features.composition.presets import COMPOSITION_PRESETS
from formation_mlp.features.presets import preset_table
from formation_mlp.features.structure.presets import STRUCTURE_PRESETS
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.materials.records import Materials
from formation_mlp.materials.structures import Structures

TIMES = Path(__file__).with_suffix(".csv")
STRUCTURES = Path(__file__).parents[2] / "tests" / "golden" / "structures.npz"


def main() -> None:
    lines = bundled_path().read_text(encoding="utf-8").splitlines()[1:]
    compositions = parse_formulas([line.split(",")[0] for line in lines]).compositions
    many = Materials(compositions.take(np.arange(20_000) % len(compositions)))
    with np.load(STRUCTURES) as arrays:
        column = Structures(*(arrays[name] for name in ("site_ptr", "lattice", "z", "frac")))
    structures = Materials(column.compositions(), column)
    print("| preset | columns | time per row | needs |\n|---|---:|---:|---|")
    times = []
    for name, factory in preset_table().items():
        if name not in COMPOSITION_PRESETS and name not in STRUCTURE_PRESETS:
            continue
        preset = factory()
        materials, repeats = (structures, 3) if preset.needs_structure else (many, 5)
        seconds = []
        for _ in range(repeats + 1):
            start = perf_counter()
            preset.compute(materials)
            seconds.append(perf_counter() - start)
        row = 1e6 * median(seconds[1:]) / len(materials)
        time = f"{_two_digits(row / 1000)} ms" if row >= 1000 else f"{_two_digits(row)} µs"
        needs = "structure" if preset.needs_structure else "composition"
        print(f"| `{name}` | {len(preset.names):,} | {time} | {needs} |")
        times.append((name, time))
    if "--write" in sys.argv:
        with TIMES.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([("preset", "time_per_row"), *times])


def _two_digits(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


if __name__ == "__main__":
    main()
