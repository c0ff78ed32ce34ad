"""Features that say much the same, in groups: by the property that they are statistics of, or by preset."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from formation_mlp.config.schema import Entry
from formation_mlp.errors import ConfigError
from formation_mlp.features.presets import REPEATABLE, choose_presets
from formation_mlp.quoting import quoted
from formation_mlp.typing import Ints

Columns = dict[str, Ints]
"""Name of a group to its columns."""


def by_property(features: Sequence[Entry]) -> Columns:
    """Return the columns of each property, in the order in which the properties first occur.

    A preset in `WHOLE` is one property. In the others the property is what is left of a column's name without the
    source (``MagpieData``), the statistic in front (those in `STATISTICS`), ``local difference in``, and what
    follows to tell columns of one kind apart: a number, a shell, a kind of radius. Tables that have other names for
    one property are brought together by `WORDS`. So ``MagpieData mean Electronegativity`` and, of `ward2017`, ``range
    local difference in Electronegativity`` are both ``electronegativity``, and ``minimum root of bond order 0.2
    (covalent radii)`` is ``root of bond order``.

    Parameters
    ----------
    features
        Presets as a configuration names them; the columns are counted in their order.

    Examples
    --------
    >>> {name: len(columns) for name, columns in by_property(["valence_orbital", "stoichiometry"]).items()}
    {'s valence electrons': 2, 'p valence electrons': 2, 'd valence electrons': 2, 'f valence electrons': 2, \
'norms of the fractions': 6}
    """
    return _grouped((WHOLE.get(preset) or property_of(name), i) for i, (preset, name) in enumerate(_columns(features)))


def by_preset(features: Sequence[Entry]) -> Columns:
    """Return the columns of each preset.

    Examples
    --------
    >>> {name: len(columns) for name, columns in by_preset(["magpie", "stoichiometry"]).items()}
    {'magpie': 132, 'stoichiometry': 6}
    """
    return _grouped((preset, i) for i, (preset, _) in enumerate(_columns(features)))


def groups(features: Sequence[Entry], kind: str) -> Columns:
    """Return the groups of one of the kinds in `KINDS`; raise `ConfigError` if there is no such kind."""
    if kind not in KINDS:
        raise ConfigError(f"explain: unknown kind of groups {quoted(kind)}. Choose one of: {', '.join(KINDS)}.")
    return KINDS[kind](features)


def property_of(name: str) -> str:
    """Return the property that a column is about.

    Examples
    --------
    >>> property_of("MagpieData avg_dev CovalentRadius"), property_of("max relative bond length")
    ('covalent radius', 'relative bond length')
    """
    left = _BACK.sub("", _FRONT.sub("", name)) or name
    return WORDS.get(left, left)


def statistic_of(name: str) -> str:
    """Return a column's name without its source: ``mean Electronegativity``."""
    return _SOURCE.sub("", name)


def with_unit(name: str, value: float) -> str:
    """Return a value of a column in words, with its unit where the table of properties has one.

    Examples
    --------
    >>> with_unit("MagpieData mean MeltingT", 754.5312), with_unit("avg p valence electrons", 2.4)
    ('754.5 K', '2.4')
    """
    return f"{value:.4g} {unit_of(name)}".rstrip()


def unit_of(name: str) -> str:
    """Return the unit of a column, or an empty text where it has none or the table of units does not know it."""
    return "" if name.startswith(OTHER_UNITS) else UNITS.get(property_of(name), "")


def _columns(features: Sequence[Entry]) -> list[tuple[str, str]]:
    """Return preset and name of each column; a preset that stands several times is told apart by its first option."""
    columns = []
    for one in choose_presets(features):
        shown = one.name if one.name not in REPEATABLE else f"{one.name} {next(iter(one.options.values()), '')}"
        columns += [(shown.strip(), name) for name in one.preset.names]
    return columns


def _grouped(pairs: Iterable[tuple[str, int]]) -> Columns:
    found: dict[str, list[int]] = {}
    for name, i in pairs:
        found.setdefault(name, []).append(i)
    return {name: np.array(columns, np.int64) for name, columns in found.items()}


STATISTICS = (
    "mean absolute deviation in",
    "minimum",
    "maximum",
    "smallest",
    "largest",
    "shortest",
    "absolute",
    "squared",
    "avg_dev",
    "std_dev",
    "range",
    "mean",
    "mode",
    "frac",
    "avg",
    "max",
    "min",
)
"""Words in front of a property."""

_SOURCE = re.compile(r"^\w+Data ")
_FRONT = re.compile(rf"^(\w+Data )?((({'|'.join(STATISTICS)}) )*)(local difference in )?")
_BACK = re.compile(r"(, electronegativity difference .*|( shell)?( at)?( -?\d+(\.\d+)?)*( \(\w+ radii\))?)$")

WHOLE: Mapping[str, str] = {
    "element_fraction": "fractions of the elements",
    "stoichiometry": "norms of the fractions",
    "charge_balance": "charge balance",
    "matscholar": "element embedding (matscholar)",
    "megnet_el": "element embedding (megnet)",
    "sine_coulomb": "sine Coulomb matrix",
    "symmetry": "symmetry",
    "electrostatics": "electrostatics",
}
"""Presets that are one property, under its name."""

WORDS: Mapping[str, str] = {
    "Number": "atomic number",
    "MendeleevNumber": "Mendeleev number",
    "AtomicWeight": "atomic weight",
    "MeltingT": "melting temperature",
    "Column": "column of the periodic table",
    "Row": "row of the periodic table",
    "CovalentRadius": "covalent radius",
    "Electronegativity": "electronegativity",
    **{f"N{orbital}Valence": f"{orbital} valence electrons" for orbital in "spdf"},
    "NValence": "valence electrons",
    **{f"N{orbital}Unfilled": f"unfilled {orbital} states" for orbital in "spdf"},
    "NUnfilled": "unfilled states",
    "GSvolume_pa": "volume of the element",
    "GSbandgap": "band gap of the element",
    "GSmagmom": "magnetic moment of the element",
    "SpaceGroupNumber": "space group of the element",
    "vpa": "volume per atom",
    "electronegativity difference": "electronegativity",
    "Electronegativity product": "electronegativity",
    "CN_VoronoiNN": "coordination number",
}
"""Property, as its table calls it, to the name of its group; others keep the name of the table."""

UNITS: Mapping[str, str] = {
    "atomic weight": "u",
    "melting temperature": "K",
    "covalent radius": "pm",
    "volume of the element": "A^3/atom",
    "band gap of the element": "eV",
    "magnetic moment of the element": "mu_B/atom",
    "density": "g/cm^3",
    "volume per atom": "A^3/atom",
    "band center": "eV",
}
"""Property to the unit of its values, where it has one that all its columns share."""

OTHER_UNITS = ("DemlData", "PymatgenData")
"""Sources whose properties may share a name with those in `UNITS`, but need not share the unit."""

KINDS = {"property": by_property, "preset": by_preset}
"""Ways to group features."""
