"""Freeze 60 structures and matminer's numbers for them in tests/golden/structures.{npz,json}.

    python scripts/build_golden_structures.py --data mp_megnet2018_structures.csv.gz

Ten structures are built by hand; the others are training rows of that table (Materials Project, CC BY 4.0). Rows
for which a featurizer of matminer raises are passed over. Coordinates are wrapped into the cell, as
pymatgen's Voronoi tessellation needs them. Takes about two minutes.
"""

from __future__ import annotations

import argparse
import json
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from matminer.featurizers.structure import (
    ChemicalOrdering,
    DensityFeatures,
    GlobalSymmetryFeatures,
    MaximumPackingEfficiency,
    SineCoulombMatrix,
    SiteStatsFingerprint,
    StructuralHeterogeneity,
)
from matminer.utils.caching import _get_all_nearest_neighbors
from pymatgen.core import Lattice, Structure

from formation_mlp.materials.structures import Structures

GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / "structures"
N_STRUCTURES, MOST_SITES = 60, 14
SYMMETRY = ["spacegroup_num", "crystal_system_int", "is_centrosymmetric", "n_symmetry_ops"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="mp_megnet2018_structures.csv.gz")
    table = pd.read_csv(parser.parse_args().data, keep_default_na=False, na_values=[""])
    candidates = table[(table.split == "train") & (table.n_sites <= MOST_SITES)].sample(frac=1, random_state=2017)
    named = [*hand_built().items(), *((row.material_id, structure_of(row)) for row in candidates.itertuples())]

    sine = SineCoulombMatrix(flatten=False)
    kept: dict[str, Structure] = {}
    values: dict[str, list[np.ndarray]] = {}
    for name, structure in named:
        try:
            row = {preset: numbers(featurizers, structure) for preset, featurizers in FEATURIZERS.items()}
        except (RuntimeError, ValueError) as error:
            print(f"{name} is passed over: {error}")
            continue
        eigenvalues = np.linalg.eigvalsh(sine.featurize(structure)[0])
        row["sine_coulomb"] = np.pad(np.sort(eigenvalues)[::-1], (0, MOST_SITES - len(structure)))
        kept[name] = structure
        for preset, vector in row.items():
            values.setdefault(preset, []).append(vector)
        if len(kept) == N_STRUCTURES:
            break

    labels = {preset: [name for f in fs for name in f.feature_labels()] for preset, fs in FEATURIZERS.items()}
    columns = Structures.from_pymatgen(list(kept.values()))
    np.savez_compressed(
        GOLDEN.with_suffix(".npz"),
        **{field: getattr(columns, field) for field in ("site_ptr", "lattice", "z", "frac")},
        **{preset: np.array(rows, float) for preset, rows in values.items()},
    )
    packages = ("matminer", "pymatgen", "pymatgen-core", "spglib", "numpy", "scipy")
    about = {"ids": list(kept), "versions": {name: version(name) for name in packages}, "names": labels}
    GOLDEN.with_suffix(".json").write_text(json.dumps(about, indent=1) + "\n")


def numbers(featurizers: list, structure: Structure) -> np.ndarray:
    # matminer would take the neighbours of the last structure for one with the same sites in another order.
    _get_all_nearest_neighbors.cache_clear()
    return np.concatenate([np.array(featurizer.featurize(structure), float) for featurizer in featurizers])


def structure_of(row) -> Structure:
    coordinates = np.array(row.frac_coords.split(), float).reshape(-1, 3) % 1
    return Structure(Lattice.from_parameters(*map(float, row.lattice.split())), row.species.split(), coordinates)


def hand_built() -> dict[str, Structure]:
    cubic, group = Lattice.cubic, Structure.from_spacegroup
    spinel = [[0.125] * 3, [0.5] * 3, [0.2624] * 3]
    return {
        "rock salt, conventional": group("Fm-3m", cubic(5.64), ["Na", "Cl"], [[0] * 3, [0.5] * 3]),
        "caesium chloride": Structure(cubic(4.12), ["Cs", "Cl"], [[0] * 3, [0.5] * 3]),
        "iron, bcc": Structure(cubic(2.87), ["Fe", "Fe"], [[0] * 3, [0.5] * 3]),
        "copper, one atom": Structure(Lattice(1.8075 * (1 - np.eye(3))), ["Cu"], [[0] * 3]),
        "polonium, one atom": Structure(cubic(3.35), ["Po"], [[0] * 3]),
        "magnesium, hcp": group("P6_3/mmc", Lattice.hexagonal(3.21, 5.21), ["Mg"], [[1 / 3, 2 / 3, 0.25]]),
        "diamond": group("Fd-3m", cubic(3.567), ["C"], [[0] * 3]).get_primitive_structure(),
        "rutile": group("P4_2/mnm", Lattice.tetragonal(4.594, 2.959), ["Ti", "O"], [[0] * 3, [0.3053, 0.3053, 0]]),
        "perovskite": group("Pm-3m", cubic(3.905), ["Sr", "Ti", "O"], [[0] * 3, [0.5] * 3, [0.5, 0.5, 0]]),
        "spinel": group("Fd-3m", cubic(8.0832), ["Mg", "Al", "O"], spinel).get_primitive_structure(),
    }


FEATURIZERS: dict[str, list] = {
    "ward2017": [
        MaximumPackingEfficiency(),
        ChemicalOrdering(),
        StructuralHeterogeneity(),
        SiteStatsFingerprint.from_preset("CoordinationNumber_ward-prb-2017"),
        SiteStatsFingerprint.from_preset("LocalPropertyDifference_ward-prb-2017"),
    ],
    "density": [DensityFeatures()],
    "symmetry": [GlobalSymmetryFeatures(SYMMETRY)],
}

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
