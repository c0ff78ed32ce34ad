"""Formulas and structures to features, side by side with matminer, in one run on one core.

    python scripts/bench/featurization.py --data FOLDER

FOLDER holds ``matbench_mp_e_form/matbench_mp_e_form.csv.gz`` (a column ``formula``) and
``mp_megnet2018_structures/mp_megnet2018_structures.csv.gz`` (columns ``lattice``, ``species``, ``frac_coords``).
The two halves are scripts of their own beside this one; the last line compares one worker process with two.
"""

import argparse
import subprocess
import sys
from pathlib import Path

HALVES = {
    "featurize_compositions.py": "matbench_mp_e_form/matbench_mp_e_form.csv.gz",
    "featurize_structures.py": "mp_megnet2018_structures/mp_megnet2018_structures.csv.gz",
    "featurize_workers.py": "mp_megnet2018_structures/mp_megnet2018_structures.csv.gz",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the two tables")
    folder = parser.parse_args().data
    for script, table in HALVES.items():
        print(f"\n## {script}\n", flush=True)
        subprocess.run([sys.executable, Path(__file__).with_name(script), "--data", folder / table], check=True)


if __name__ == "__main__":
    main()
