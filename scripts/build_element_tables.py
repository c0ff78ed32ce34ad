"""Write the element tables of ``src/formation_mlp/chemistry/tables`` from matminer and pymatgen.

    python scripts/build_element_tables.py

One CSV file a source: a comment with the versions it was made with, a header, one line per element in
the order of atomic numbers (an empty cell is a value that nobody has tabulated), and a last line,
``mean``, with the number that matminer's ``impute_nan=True`` puts into the empty cells. Numbers are the
shortest that read back to the same double (or single, for the learned embeddings).
"""

import csv
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
from matminer.utils.data import (
    DemlData,
    MagpieData,
    MatscholarElementData,
    MEGNetElementData,
    PymatgenData,
)
from pymatgen.core import Element

from formation_mlp.chemistry.element_data import SINGLE_PRECISION
from formation_mlp.features.composition import element_statistics as presets

PACKAGE = Path(__file__).parents[1] / "src" / "formation_mlp"
TABLES = PACKAGE / "chemistry" / "tables"
STATES = PACKAGE / "chemistry" / "tables"
ELEMENTS = [Element.from_Z(z) for z in range(1, 119)]
VERSIONS = ", ".join(f"{name} {version(name)}" for name in ("matminer", "pymatgen", "pymatgen-core"))


def raw_value(source, element, name):
    """Return the tabulated value, or NaN where the source has none."""
    if isinstance(source, DemlData) and name in {"atom_num", "atom_mass", "row_num"}:
        # Known for every element: matminer's own imputation fills these three from pymatgen, not by a mean.
        source = DemlData(impute_nan=True)
    if isinstance(source, MEGNetElementData) and element.symbol not in source.all_element_data:
        return np.nan  # matminer answers with the embedding of a dummy atom
    try:
        return float(source.get_elemental_property(element, name))
    except KeyError:
        return np.nan


def table(make_source, names):
    """Return ``values [118, f]`` with NaN where nothing is tabulated, and ``means [f]``."""
    raw, imputed = make_source(impute_nan=False), make_source(impute_nan=True)
    values = np.array([[raw_value(raw, e, name) for name in names] for e in ELEMENTS])
    filled = np.array([[float(imputed.get_elemental_property(e, name)) for name in names] for e in ELEMENTS])
    missing = np.isnan(values)
    means = np.array(
        [column[where][0] if where.any() else np.nan for column, where in zip(filled.T, missing.T, strict=True)]
    )
    if not np.allclose(np.where(missing, means, values), filled, rtol=1e-13, atol=0):
        raise SystemExit(f"{make_source.__name__}: what is imputed is not one mean of each property")
    return values, means


def write(name, source, columns, rows, folder=TABLES):
    with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        file.write(f"# {source}. Written by scripts/build_element_tables.py with {VERSIONS}\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["symbol", *columns])
        writer.writerows(rows)


def write_properties(name, make_source, columns):
    values, means = table(make_source, columns)
    precision = np.float32 if name in SINGLE_PRECISION else np.float64
    rows = [[e.symbol, *map(shortest, map(precision, row))] for e, row in zip(ELEMENTS, values, strict=True)]
    rows.append(["mean", *map(shortest, means)])
    write(name, f"{make_source.__name__} of matminer", columns, rows)


def shortest(number):
    return "" if np.isnan(number) else str(number).removesuffix(".0")


def write_oxidation_states():
    def join(states):
        return " ".join(str(int(state)) for state in states)

    def known(element):  # metals as anions are curiosities, such as the alkalides
        return [state for state in element.oxidation_states if state > 0 or not element.is_metal]

    rows = [
        [e.symbol, join(e.common_oxidation_states), join(e.icsd_oxidation_states), join(known(e))] for e in ELEMENTS
    ]
    write("oxidation_states", "Element of pymatgen", ["common", "icsd", "known"], rows, STATES)


def write_radii():
    """In angstrom; that of the elemental solid is of the sphere that holds one atom of it."""
    magpie = MagpieData(impute_nan=False)

    def number(value):
        return shortest(np.nan if value is None else round(float(value), 4))

    rows = []
    for e in ELEMENTS:
        volume = raw_value(magpie, e, "GSvolume_pa")
        radii = [
            raw_value(magpie, e, "CovalentRadius") / 100,
            (3 * volume / (4 * np.pi)) ** (1 / 3),
            e.atomic_radius,
            float(e.average_ionic_radius) or None,
            e.van_der_waals_radius,
        ]
        rows.append([e.symbol, *map(number, radii)])
    columns = ["covalent", "elemental_solid", "atomic", "ionic", "van_der_waals"]
    write("radii", "MagpieData of matminer and Element of pymatgen, angstrom", columns, rows)


def main():
    warnings.simplefilter("ignore")  # pymatgen says for every element and property that it has no data
    TABLES.mkdir(exist_ok=True)
    write_properties("magpie", MagpieData, [*presets.MAGPIE_PROPERTIES, "ElectronAffinity"])
    write_properties("deml", DemlData, presets.DEML_PROPERTIES)
    write_properties("pymatgen", PymatgenData, presets.PYMATGEN_PROPERTIES)
    write_properties("matscholar", MatscholarElementData, presets.MATSCHOLAR_PROPERTIES)
    write_properties("megnet_el", MEGNetElementData, presets.MEGNET_PROPERTIES)
    write_oxidation_states()
    write_radii()


if __name__ == "__main__":
    main()
