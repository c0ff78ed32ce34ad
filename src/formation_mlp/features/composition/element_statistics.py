"""Statistics of the elements' properties over a composition: minimum, maximum, range, mean and spread."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from formation_mlp.chemistry.element_data import select_properties
from formation_mlp.features.base import FeatureBlock, Preset
from formation_mlp.features.citations import CHEN_2019, DEML_2016, ONG_2013, TSHITOYAN_2019, WARD_2016
from formation_mlp.features.composition.element_columns import columns_of_elements
from formation_mlp.system.compiled import kernel_for
from formation_mlp.typing import Floats

if TYPE_CHECKING:
    from formation_mlp.chemistry.compositions import Compositions
    from formation_mlp.materials.records import Materials

MAGPIE_PROPERTIES = (
    "Number", "MendeleevNumber", "AtomicWeight", "MeltingT", "Column", "Row", "CovalentRadius", "Electronegativity",
    "NsValence", "NpValence", "NdValence", "NfValence", "NValence", "NsUnfilled", "NpUnfilled", "NdUnfilled",
    "NfUnfilled", "NUnfilled", "GSvolume_pa", "GSbandgap", "GSmagmom", "SpaceGroupNumber",
)  # fmt: skip
DEML_PROPERTIES = (
    "atom_num", "atom_mass", "row_num", "col_num", "atom_radius", "molar_vol", "heat_fusion", "melting_point",
    "boiling_point", "heat_cap", "first_ioniz", "electronegativity", "electric_pol", "GGAU_Etot", "mus_fere",
    "FERE correction",
)  # fmt: skip
PYMATGEN_PROPERTIES = (
    "X", "row", "group", "block", "atomic_mass", "atomic_radius", "mendeleev_no", "electrical_resistivity",
    "velocity_of_sound", "thermal_conductivity", "melting_point", "bulk_modulus",
    "coefficient_of_linear_thermal_expansion",
)  # fmt: skip
MATSCHOLAR_PROPERTIES = tuple(f"embedding {i}" for i in range(1, 201))
MEGNET_PROPERTIES = tuple(f"embedding {i}" for i in range(1, 17))


def element_statistics(
    source: str,
    matminer_class: str,
    properties: tuple[str, ...],
    citation: str,
    impute_nan: bool,
    spread: str = "std_dev",
) -> Preset:
    """Return the preset of matminer's ``ElementProperty`` over one table of element data.

    Each property ``x`` of the elements gives, with the amounts ``w`` as weights (``S = sum(w)``):

    - ``minimum``, ``maximum``, ``range`` over the elements;
    - ``mean = sum(w x) / S``;
    - with ``spread="avg_dev"`` also ``avg_dev = sum(w |x - mean|) / S`` and ``mode``, the smallest ``x`` of the
      elements whose amount is the largest one within 1e-8 + 1e-5 of it;
    - with ``spread="std_dev"`` also ``std_dev``, the weighted standard deviation of a sample,
      ``sqrt(S sum(w (x - mean)^2) / (S^2 - sum(w^2)))``, 0 for one element.

    Numbers equal matminer's, apart from rounding, with one exception: where data are missing and not imputed, all but
    the ``std_dev`` of one element is NaN for every source (matminer raises for some, takes a dummy atom for MEGNet's,
    and lacks the atomic number, mass and row of elements 110 to 118 in Deml's).

    Parameters
    ----------
    source
        Name of the table.
    matminer_class
        Name of matminer's data source, the first word of each column.
    properties
        Columns of the table.
    citation
        Paper the features come from.
    impute_nan
        Take the table's mean for what is missing, and count it.
    spread
        ``avg_dev`` or ``std_dev``.
    """
    kernel = _mean_deviations if spread == "avg_dev" else _standard_deviations
    last = ("avg_dev", "mode") if spread == "avg_dev" else ("std_dev",)
    statistics = ("minimum", "maximum", "range", "mean", *last)
    names = tuple(f"{matminer_class} {statistic} {name}" for name in properties for statistic in statistics)

    def columns(compositions: Compositions, values: Floats) -> Floats:
        X = np.empty((len(compositions), len(names)))
        kernel_for(len(X), kernel)(compositions.row_ptr, compositions.z, compositions.amount, values, X)
        return X

    def compute(materials: Materials) -> FeatureBlock:
        table = select_properties(source, properties)
        return columns_of_elements(materials.compositions, table, names, columns, impute_nan)

    return Preset(names, compute, needs_structure=False, citation=citation)


def _mean_deviations(row_ptr, z, amount, values, out):  # type: ignore[no-untyped-def]
    """Fill ``out [n, 6 f]`` with minimum, maximum, range, mean, average deviation and mode of each property."""
    n_properties = values.shape[1]
    low, high = np.empty(n_properties), np.empty(n_properties)
    mean, deviation, mode = np.empty(n_properties), np.empty(n_properties), np.empty(n_properties)
    for row in range(len(row_ptr) - 1):
        start, stop = row_ptr[row], row_ptr[row + 1]
        total, largest = 0.0, 0.0
        for entry in range(start, stop):
            total += amount[entry]
            largest = max(largest, amount[entry])
        close = 1e-8 + 1e-5 * largest
        for f in range(n_properties):
            low[f], high[f], mode[f] = np.inf, -np.inf, np.inf
            mean[f], deviation[f] = 0.0, 0.0
        for entry in range(start, stop):
            element = z[entry]
            weight = amount[entry] / total
            for f in range(n_properties):
                x = values[element, f]
                low[f] = x if x < low[f] else low[f]
                high[f] = x if x > high[f] else high[f]
                mean[f] += weight * x
            if largest - amount[entry] <= close:
                for f in range(n_properties):
                    x = values[element, f]
                    mode[f] = x if x < mode[f] or x != x else mode[f]  # a missing value wins and stays
        for entry in range(start, stop):
            element = z[entry]
            weight = amount[entry] / total
            for f in range(n_properties):
                deviation[f] += weight * abs(values[element, f] - mean[f])
        for f in range(n_properties):
            gap = mean[f] - mean[f]  # NaN where a value is missing, else 0
            out[row, 6 * f] = low[f] + gap
            out[row, 6 * f + 1] = high[f] + gap
            out[row, 6 * f + 2] = high[f] - low[f] + gap
            out[row, 6 * f + 3] = mean[f]
            out[row, 6 * f + 4] = deviation[f]
            out[row, 6 * f + 5] = mode[f]


def _standard_deviations(row_ptr, z, amount, values, out):  # type: ignore[no-untyped-def]
    """Fill ``out [n, 5 f]`` with minimum, maximum, range, mean and standard deviation of each property."""
    n_properties = values.shape[1]
    low, high = np.empty(n_properties), np.empty(n_properties)
    mean, squares = np.empty(n_properties), np.empty(n_properties)
    for row in range(len(row_ptr) - 1):
        start, stop = row_ptr[row], row_ptr[row + 1]
        total, pairs = 0.0, 0.0  # pairs = (S^2 - sum(w^2)) / 2, without the loss of digits of the difference
        for entry in range(start, stop):
            pairs += amount[entry] * total
            total += amount[entry]
        for f in range(n_properties):
            low[f], high[f], mean[f], squares[f] = np.inf, -np.inf, 0.0, 0.0
        for entry in range(start, stop):
            element = z[entry]
            weight = amount[entry] / total
            for f in range(n_properties):
                x = values[element, f]
                low[f] = x if x < low[f] else low[f]
                high[f] = x if x > high[f] else high[f]
                mean[f] += weight * x
        for entry in range(start, stop):
            element = z[entry]
            weight = amount[entry]
            for f in range(n_properties):
                difference = values[element, f] - mean[f]
                squares[f] += weight * difference * difference
        factor = total / (2 * pairs) if stop - start > 1 else 0.0
        for f in range(n_properties):
            gap = mean[f] - mean[f]  # NaN where a value is missing, else 0
            out[row, 5 * f] = low[f] + gap
            out[row, 5 * f + 1] = high[f] + gap
            out[row, 5 * f + 2] = high[f] - low[f] + gap
            out[row, 5 * f + 3] = mean[f]
            out[row, 5 * f + 4] = math.sqrt(factor * squares[f]) if stop - start > 1 else 0.0


def magpie(impute_nan: bool = False) -> Preset:
    """Return the 132 Magpie statistics; matminer's ``ElementProperty.from_preset("magpie")``."""
    return element_statistics("magpie", "MagpieData", MAGPIE_PROPERTIES, WARD_2016, impute_nan, "avg_dev")


def deml(impute_nan: bool = False) -> Preset:
    """Return 80 statistics of Deml's data; matminer's ``ElementProperty.from_preset("deml")``."""
    return element_statistics("deml", "DemlData", DEML_PROPERTIES, DEML_2016, impute_nan)


def pymatgen(impute_nan: bool = False) -> Preset:
    """Return 65 statistics of pymatgen's data; matminer's ``ElementProperty.from_preset("matminer")``."""
    return element_statistics("pymatgen", "PymatgenData", PYMATGEN_PROPERTIES, ONG_2013, impute_nan)


def matscholar(impute_nan: bool = False) -> Preset:
    """Return 1,000 statistics of word embeddings; matminer's ``ElementProperty.from_preset("matscholar_el")``."""
    source, name = "matscholar", "MatscholarElementData"
    return element_statistics(source, name, MATSCHOLAR_PROPERTIES, TSHITOYAN_2019, impute_nan)


def megnet_el(impute_nan: bool = False) -> Preset:
    """Return 80 statistics of MEGNet's embeddings; matminer's ``ElementProperty.from_preset("megnet_el")``."""
    return element_statistics("megnet_el", "MEGNetElementData", MEGNET_PROPERTIES, CHEN_2019, impute_nan)
