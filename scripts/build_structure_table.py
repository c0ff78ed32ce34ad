"""Put crystal structures with formation energies on two scales into one table, for the model `structure`.

    python scripts/build_structure_table.py ../shared/data build/structures.csv.gz

Rows are those of the MEGNet benchmark (mp2018) and of mp20_mpts52 (mp2020), each structure with its own energy. A
formula that is withheld in one of them, by a test part or a blank energy, is left out of both; a formula of the
benchmark's val part, and a share of the formulas of mp20_mpts52, are val in both.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from build_energy_table import read, share

HELD = 0.03
"""Share of the formulas of mp20_mpts52 that are held out for val."""
COLUMNS = ["id", "formula", "lattice", "species", "frac_coords", "formation_energy_per_atom", "scale", "part"]


def assemble(data: Path) -> pd.DataFrame:
    """Return the rows that may be used, with their part."""
    megnet = read(next((data / "mp_megnet2018_structures").glob("*.csv.gz")))
    mp20 = read(next((data / "mp20_mpts52_structures").glob("*.csv.gz")))
    withheld = set(megnet.formula[megnet.split == "test"]) | set(mp20.formula[mp20.holdout.astype(str) == "True"])
    of_val = set(megnet.formula[megnet.split == "val"])
    of_val |= {formula for formula in mp20.formula.unique() if share("structures", formula) < HELD}
    rows = pd.concat([megnet.assign(scale="mp2018"), mp20.assign(scale="mp2020")], ignore_index=True)
    rows = rows[rows.formation_energy_per_atom.notna()]
    n = len(rows)
    rows = rows[~rows.formula.isin(withheld)]
    print(f"{n - len(rows)} rows left out: their formula is withheld in one of the tables", file=sys.stderr)
    rows["part"] = np.where(rows.formula.isin(of_val), "val", "train")
    rows["id"] = rows.material_id.astype(str) + " " + rows.scale
    twice = rows.id.duplicated()
    print(f"{twice.sum()} rows left out: their id stands above already", file=sys.stderr)
    return rows.loc[~twice, COLUMNS]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("data", type=Path, help="folder of the published tables")
    parser.add_argument("out", type=Path, help="the table to write")
    asked = parser.parse_args()
    rows = assemble(asked.data)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    rows.to_csv(asked.out, index=False)
    print(pd.crosstab(rows.scale, rows.part).to_string())


if __name__ == "__main__":
    main()
