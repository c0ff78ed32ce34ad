"""Freeze what matminer says of 200 formulas: ``tests/golden/compositions.npz``.

    python scripts/build_golden_compositions.py

The first 100 formulas are computed with ``impute_nan=True``, the others with ``impute_nan=False``; NaN also stands for
what matminer raises on or never finishes. Of the 1,000 matscholar columns, five statistics of 200 embeddings, the
first 50 are kept.
"""

import random
import warnings
from importlib.metadata import version
from pathlib import Path

import matminer.featurizers.composition as matminer
import numpy as np
from pymatgen.core import Composition

from formation_mlp.chemistry.elements import SYMBOLS

GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / "compositions.npz"
N_COLUMNS = {"matscholar": 50}
WRITTEN = [
    "NaCl", "Fe2O3", "Fe3O4", "SiO2", "BaTiO3", "LiFePO4", "CH3COOH", "Ca(OH)2", "Ca(NO3)2", "[Co(NH3)6]Cl3",
    "{[Fe(CN)6]2}3", "Cu", "H", "He2", "XeF2", "UO2", "AmO2", "LiNi0.5Mn1.5O4", "YBa2Cu3O6.95", "La1.85Sr0.15CuO4",
    "Fe0.4O0.6", "Fe4O6", "O3Fe2", "Mn1e-3O", "C1e2", "NaN", "CO", "Co", "HO2C", "AtRn", "OgTs2", "FeNe",
]  # fmt: skip
NEAR_TIES = [1.0, 1 + 5e-6, 1 + 9.9e-6, 1 + 1.1e-5, 2.0]


def make_formulas():
    """Return 200 formulas: written ones, whole amounts, fractional amounts, near ties for the mode."""
    generator = random.Random(20180107)  # noqa: S311
    formulas = list(WRITTEN)
    while len(formulas) < 200:
        elements = generator.sample(SYMBOLS[1:104], generator.choice([1, 2, 2, 3, 3, 3, 4, 5, 6, 8]))
        kind = len(formulas) % 3
        amounts = [
            (generator.randint(1, 8), round(generator.uniform(0.01, 0.99), 3), generator.choice(NEAR_TIES))[kind]
            for _ in elements
        ]
        formulas.append("".join(f"{symbol}{amount:.9g}" for symbol, amount in zip(elements, amounts, strict=True)))
    generator.shuffle(formulas)
    return formulas


def make_featurizers(impute_nan):
    """Return matminer's featurizer of each preset."""
    element_property = matminer.ElementProperty.from_preset
    return {
        "magpie": element_property("magpie", impute_nan=impute_nan),
        "stoichiometry": matminer.Stoichiometry(),
        "valence_orbital": matminer.ValenceOrbital(impute_nan=impute_nan),
        "ion_property": matminer.IonProperty(impute_nan=impute_nan),
        "element_fraction": matminer.ElementFraction(),
        "deml": element_property("deml", impute_nan=impute_nan),
        "matscholar": element_property("matscholar_el", impute_nan=impute_nan),
        "megnet_el": element_property("megnet_el", impute_nan=impute_nan),
        "pymatgen": element_property("matminer", impute_nan=impute_nan),
        "band_center": matminer.BandCenter(impute_nan=impute_nan),
        "tm_fraction": matminer.TMetalFraction(),
    }


def featurize(featurizer, formula):
    composition = Composition(formula)
    try:
        if isinstance(featurizer, matminer.IonProperty) and (composition.num_atoms > 16 or len(composition) > 5):
            raise ValueError("matminer's enumeration of oxidation states would take too long")
        return [float(value) for value in featurizer.featurize(composition)]
    except (KeyError, ValueError):  # no element data; fractional amounts for the ion property
        return [np.nan] * len(featurizer.feature_labels())


def main():
    warnings.simplefilter("ignore")  # pymatgen says for every element and property that it has no data
    formulas = make_formulas()
    on, off = make_featurizers(impute_nan=True), make_featurizers(impute_nan=False)
    tables = {}
    for name in on:
        n_columns = N_COLUMNS.get(name)
        rows = [featurize((on if i < 100 else off)[name], formula) for i, formula in enumerate(formulas)]
        tables[name] = np.array(rows)[:, :n_columns]
        tables[f"{name} names"] = np.array(on[name].feature_labels()[:n_columns])
    versions = ", ".join(f"{package} {version(package)}" for package in ("matminer", "pymatgen", "numpy"))
    GOLDEN.parent.mkdir(exist_ok=True)
    np.savez_compressed(GOLDEN, formulas=np.array(formulas), versions=np.array(versions), **tables)


if __name__ == "__main__":
    main()
