"""What the name of a column says: whether it may hold formulas, formation energies or row names, and of which kind."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from formation_mlp.data.unit_names import UnitName, plain, unit_in

Method = Literal["measured", "computed", ""]

OF_FORMULAS = {
    *("formula", "formulas", "formulae", "composition", "compositions", "formel", "summenformel", "zusammensetzung"),
    *("fórmula", "formule", "formola", "composición", "composizione"),
}
"""Words that say outright that a column holds formulas."""
OF_MATERIALS = {
    *("compound", "compounds", "material", "materials", "substance", "phase", "alloy", "chemical", "stoichiometry"),
    *("species", "name", "sample", "system", "verbindung", "verbindungen", "substanz", "stoff", "legierung", "probe"),
    *("composé", "compuesto", "composto", "materiau", "matériau", "comp"),
}
"""Words that say so if the cells are formulas."""
NO_FORMULAS = {
    *("prototype", "structure", "anonymous", "anonymized", "spacegroup", "space", "type", "reaction", "reactants"),
    *("reactant", "products", "product", "precursor", "precursors", "decomposition", "elements", "chemsys", "mass"),
    *("weight", "strukturtyp", "prototyp", "n", "number", "units", "anzahl"),
}
FORMATION = {"formation", "form", "bildung", "formación", "formacion", "formazione", "hof"}
ENERGY = {
    *("energy", "energies", "enthalpy", "enthalpies", "heat", "energie", "enthalpie", "wärme", "energía", "energia"),
    *("entalpía", "entalpia", "énergie", "chaleur", "e", "h", "dh", "de", "delta"),
}
GERMAN = re.compile(r"(standard)?bildungs(enthalpien?|energien?|wärmen?)")
SHORT = {
    *("ef", "eform", "hf", "hform", "dhf", "dfh", "dhform", "deltahf", "deltafh", "deltahform", "deform"),
    *(
        "def",
        "deltaef",
        "formation",
        "deltae",
        "dhfo",
        "hfo",
        "fenth",
        "form",
        "deltafho",
        "eformation",
        "hformation",
        "dhformation",
    ),
}
"""What is left of short names of formation energies, such as ``ΔHf°(298 K)``, without digits, units and methods."""
WEAK = {"target", "y", "energy", "enthalpy", "energie", "enthalpie", "dh", "deltah", "value", "label", "hof", "de"}
"""Names that may mean a formation energy, among much else."""
NO_TARGETS = {
    *("hull", "ehull", "gap", "bandgap", "bandlücke", "volume", "vol", "density", "dichte", "fermi", "efermi"),
    *("uncertainty", "unc", "error", "err", "std", "stdev", "sigma", "deviation", "spread", "decomposition", "ed"),
    *("cohesive", "cohesion", "binding", "atomization", "adsorption", "surface", "defect", "vacancy", "interstitial"),
    *("mixing", "total", "gesamtenergie", "gesamt", "uncorrected", "correction", "entropy", "gibbs", "free", "natoms"),
    *("nsites", "melting", "fusion", "vaporization", "sublimation", "combustion", "ionization", "migration"),
    *("exfoliation", "lattice", "magnetization", "magmom", "modulus", "flag", "count", "gf", "dgf", "dfg", "dg"),
    *("predicted", "prediction", "pred", "etot", "toten", "fehler", "unsicherheit", "vorhersage", "stability"),
}
"""Words of quantities that are no formation energy of a compound, or not the one to learn."""
MEASURED = {
    *("exp", "expt", "experiment", "experimental", "exptl", "measured", "measurement", "calorimetry", "calorimetric"),
    *("gemessen", "experimentell", "messwert", "messwerte", "measurements", "kalorimetrie", "kalorimetrisch"),
    *("expérimental", "expérimentale", "mesuré", "mesurée", "medido", "medida", "misurato", "misurata", "calorimétrie"),
}
COMPUTED = {
    *("dft", "pbe", "pbesol", "gga", "ggau", "scan", "rscan", "lda", "hse", "vasp", "calc", "calculated", "computed"),
    *("theory", "theoretical", "mp", "oqmd", "aflow", "jarvis", "nomad", "berechnet", "abinitio", "initio", "relaxed"),
}
IDS = {
    *("id", "ids", "mpid", "material id", "mp id", "icsd", "icsd id", "cod id", "oqmd id", "entry id", "auid", "jid"),
    *("entry", "key", "label", "sample id", "sample", "name", "nr", "no", "number", "index", "file", "filename"),
    *("identifier", "uid", "uuid", "calc id", "task id", "structure id", "row", "probe", "nummer", "kennung"),
}
"""Names of columns that may name the rows."""

_UNIT_PARTS = re.compile(
    r"((per|of)\s+)?(m?ev|kj|kcal|j(?=[\W_]*(mol|g[\W_]*at))|mol\w*|atoms?|formula\s+units?|f\.?\s?u\.?|at)(?![a-z])(-?1)?"
)
_NO_LETTER = re.compile(r"[^a-zà-ÿа-я]+")
_CAMEL = re.compile(r"(?<=[a-zà-ÿ])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True)
class Header:
    """What the name of a column says.

    Attributes
    ----------
    name : of the column
    words : its words in small letters
    formula : how plainly it says that formulas are there: 2 outright, 1 perhaps, 0 not at all
    target : the same for a formation energy: 3 in full, 2 by a usual short name, 1 perhaps
    unit : that it names
    method : how the energies were found, as far as the name says
    """

    name: str
    words: tuple[str, ...]
    formula: int
    target: int
    unit: UnitName
    method: Method


def header_of(name: str) -> Header:
    """Return what the name of a column says.

    Examples
    --------
    >>> [header_of(name).target for name in ("H_f_298 [kJ/mol]", "Bildungsenthalpie", "energy_above_hull")]
    [2, 3, 0]
    >>> header_of("Formula (reduced)").formula, header_of("Compound").formula, header_of("E_f exp").method
    (2, 1, 'measured')
    """
    text = plain(_CAMEL.sub("_", name))
    words = tuple(word for word in _NO_LETTER.split(text) if word)
    joined = "".join(words)
    method = _method({*words, joined}, text)
    return Header(name, words, _formula({*words}), _target(text, {*words, joined}), unit_in(name), method)


def is_id(name: str) -> bool:
    """Tell whether the name of a column is one of row names."""
    text = " ".join(re.split(r"[\s.:-]+", plain(name).strip(" #")))
    return text in IDS or text.endswith(" id") or plain(name).strip() == "#"


def _formula(words: set[str]) -> int:
    if words & NO_FORMULAS:
        return 0
    return 2 if words & OF_FORMULAS else 1 if words & OF_MATERIALS else 0


def _target(text: str, words: set[str]) -> int:
    if words & NO_TARGETS or "e hull" in text:
        return 0
    if any(GERMAN.fullmatch(word) for word in words):
        return 3
    if words & FORMATION and words & (ENERGY - {"e", "h", "delta"}):
        return 3
    left = _NO_LETTER.split(_UNIT_PARTS.sub(" ", text))
    short = "".join(word for word in left if word not in MEASURED | COMPUTED | {"k", "in", "", "standard", "pro"})
    if short in SHORT:
        return 2
    return 1 if short in WEAK else 0


def _method(words: set[str], text: str) -> Method:
    """Return how energies were found; a word for enthalpy is no proof of a measurement, in no language."""
    if words & MEASURED:
        return "measured"
    if words & COMPUTED:
        return "computed"
    return "measured" if re.search(r"(?<!\d)298(?!\d)", text) else ""
