"""Write down which formulas the shipped models have learned, so that scores on them are told from honest ones.

    python scripts/build_learned_formulas.py ../shared/data

`src/formation_mlp/saved_model/shipped_models/learned_formulas.safetensors` gets one array of fingerprints for each
model: those of the formulas of its train rows and of its val rows, which have chosen its epochs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np

import build_energy_table
import build_structure_table
from formation_mlp.materials.inputs import read_materials
from formation_mlp.saved_model.learned import LEARNED_FILE
from formation_mlp.system.files import write_bytes
from formation_mlp.system.tensor_file import encoded
from formation_mlp.trust.listed import fingerprints
from formation_mlp.typing import Array


def numbers(formulas: Iterable[str]) -> Array:
    """Return the sorted fingerprints of formulas."""
    return np.unique(fingerprints(read_materials(sorted(set(formulas))).materials.compositions))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("data", type=Path, help="folder of the published tables")
    data = parser.parse_args().data
    critexam = build_energy_table.read(data / "critexam" / "critexam_mp.csv.gz")
    learned = {
        "composition": numbers(build_energy_table.assemble(data).formula),
        "stability": numbers(critexam.formula[critexam.split != "test"]),
        "structure": numbers(build_structure_table.assemble(data).formula),
    }
    write_bytes(LEARNED_FILE, encoded(learned, {"kind": "learned formulas", "format": 1}))
    for name, found in learned.items():
        print(f"{name}: {len(found):,} formulas", file=sys.stderr)


if __name__ == "__main__":
    main()
