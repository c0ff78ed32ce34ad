"""Write data/measured_enthalpies.csv from the measured formation enthalpies that pymatgen carries.

The source is `exp_compounds.json.gz` of the installed pymatgen distribution (MIT), the measured side of the
fit in Wang et al., Sci. Rep. 11, 15496 (2021). It gives the enthalpy of formation at 298 K and its
uncertainty in eV per formula unit; pymatgen's own `CorrectionCalculator` divides both by the number of
atoms, and so does this script. Nothing is downloaded.

    python scripts/build_measured_enthalpies.py            # write the table
    python scripts/build_measured_enthalpies.py --check    # compare the committed table with the source
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import io
import json
import math
import sys
from collections import Counter
from pathlib import Path
from typing import Any

TABLE = Path(__file__).resolve().parents[1] / "data" / "measured_enthalpies.csv"
COLUMNS = (
    "formula",
    "formation_enthalpy_per_atom",
    "uncertainty_per_atom",
    "uncertainty_flag",
    "mp_id",
    "source",
)
SOURCE = "pymatgen exp_compounds (Wang et al. 2021)"
# pymatgen moved the file from `entries` to `analysis/compatibility`.
PLACES = ("analysis/compatibility/exp_compounds.json.gz", "entries/exp_compounds.json.gz")

KNOWN_ENTHALPIES = {"NaCl": -2.131, "MgO": -3.118, "Al2O3": -3.458, "SiO2": -3.138}  # eV/atom, 298 K
TOLERANCE = 0.001  # eV/atom
# The largest stated uncertainty is 0.24 eV/atom, the deepest enthalpy -4.49 eV/atom; per formula unit they
# are up to 335 eV and -1073 eV. A number beyond these limits was not divided by the atoms.
LARGEST_UNCERTAINTY = 0.5
LARGEST_ENTHALPY = 6.0


class BuildError(Exception):
    """The source is absent, or does not contain what this script knows how to read."""


def source_file() -> Path:
    """Return the path of exp_compounds.json.gz inside the installed pymatgen."""
    import pymatgen  # a namespace package: several folders may make it up

    candidates = [Path(folder) / place for folder in pymatgen.__path__ for place in PLACES]
    for path in candidates:
        if path.is_file():
            return path
    looked = "\n  ".join(map(str, candidates))
    raise BuildError(
        f"exp_compounds.json.gz is not in the installed pymatgen; looked for\n  {looked}\n"
        "Install a full distribution: pip install 'pymatgen>=2025.1.9'"
    )


def uncertainty_of(per_atom: float | None, enthalpy: float) -> tuple[str, str]:
    """Return the text and the flag of an uncertainty in eV/atom; the text is blank where it says nothing."""
    if per_atom is None or math.isnan(per_atom):
        return "", "absent"
    if per_atom == 0:
        return "", "zero"  # no measurement is exact: the source had no number here
    return f"{per_atom:.6f}", "exceeds_value" if per_atom > abs(enthalpy) else "stated"


def table_row(entry: dict[str, Any]) -> dict[str, str]:
    """Turn one entry of the source into a row of the table."""
    from pymatgen.core.composition import Composition

    composition = Composition(entry["formula"])
    formula, n_formula_units = composition.get_reduced_formula_and_factor()
    if n_formula_units != 1:
        raise BuildError(
            f"{entry['formula']}: not a reduced formula ({formula}); the table would lose its energy's unit"
        )
    n_atoms = composition.num_atoms
    enthalpy = entry["exp energy"] / n_atoms
    stated = entry["uncertainty"]
    per_atom = None if stated is None else stated / n_atoms
    if not abs(enthalpy) <= LARGEST_ENTHALPY:
        raise BuildError(f"{formula}: {enthalpy} eV/atom; expected a number within ±{LARGEST_ENTHALPY}")
    if per_atom is not None and not math.isnan(per_atom) and not 0 <= per_atom <= LARGEST_UNCERTAINTY:
        raise BuildError(
            f"{formula}: uncertainty {per_atom} eV/atom; expected a number from 0 to {LARGEST_UNCERTAINTY}"
        )
    uncertainty, flag = uncertainty_of(per_atom, enthalpy)
    values = (formula, f"{enthalpy:.6f}", uncertainty, flag, entry["mpid"] or "", SOURCE)
    return dict(zip(COLUMNS, values, strict=True))


def build_rows(entries: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Return all rows, sorted by formula, after checking units and uniqueness."""
    rows = sorted(map(table_row, entries), key=lambda row: row["formula"])
    counts = Counter(row["formula"] for row in rows)
    repeated = [formula for formula, n in counts.items() if n > 1]
    if repeated:
        raise BuildError(f"{len(repeated)} reduced formulas occur more than once, e.g. {repeated[:5]}")
    found = {row["formula"]: float(row["formation_enthalpy_per_atom"]) for row in rows}
    for formula, expected in KNOWN_ENTHALPIES.items():
        if formula not in found or abs(found[formula] - expected) > TOLERANCE:
            raise BuildError(
                f"{formula}: found {found.get(formula)}, expected {expected} ± {TOLERANCE} eV/atom; "
                "the source is in another unit or on another scale"
            )
    return rows


def as_csv(rows: list[dict[str, str]]) -> bytes:
    """Return the table as UTF-8 CSV with LF line ends."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` so that `path` holds either the old table or the new one, never a part."""
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def check(path: Path, expected: bytes) -> None:
    """Raise BuildError unless the file at `path` has exactly the `expected` content."""
    if not path.is_file():
        raise BuildError(f"{path} does not exist; run this script without --check")
    committed = path.read_bytes()
    if committed == expected:
        return
    old, new = committed.decode(errors="replace").splitlines(), expected.decode().splitlines()
    differing = sorted(set(old) ^ set(new))
    raise BuildError(
        f"{path} differs from what the installed pymatgen gives: {len(old)} against {len(new)} lines, "
        f"{len(differing)} not shared, e.g. {differing[:2]}"
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Build the bundled table of measured formation enthalpies.")
    parser.add_argument("--check", action="store_true", help="compare the table with the source; write nothing")
    parser.add_argument("--table", type=Path, default=TABLE, help="where the table is (default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        path = source_file()
        with gzip.open(path, "rt", encoding="utf-8") as file:
            rows = build_rows(json.load(file))
        content = as_csv(rows)
        if options.check:
            check(options.table, content)
        else:
            write_atomically(options.table, content)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    flags = Counter(row["uncertainty_flag"] for row in rows)
    print(f"{options.table.name}: {'equal to the source' if options.check else 'written'}, {len(rows)} rows")
    print("uncertainty: " + ", ".join(f"{flag} {n}" for flag, n in sorted(flags.items())))
    print(f"source SHA-256 {hashlib.sha256(path.read_bytes()).hexdigest()}")
    print(f"table  SHA-256 {hashlib.sha256(content).hexdigest()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
