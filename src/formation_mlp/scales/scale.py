"""The energy scales, by name.

Nothing heavy is imported here: every prediction names the scale of its number.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from formation_mlp.errors import ConfigError
from formation_mlp.quoting import quoted
from formation_mlp.registry import lookup

Population = Literal["known", "hypothetical", "made"]

DEFAULT = "mp2020"
"""The scale on which questions are answered if none is named."""

POPULATIONS: dict[Population, str] = {
    "known": "mostly compounds that were reported as made, at their computed ground state or close to it",
    "hypothetical": "mostly compounds that nobody has made, in the few prototype structures that were tried",
    "made": "compounds that were made and measured, in their stable form",
}
"""What kind of compound the numbers of a scale stand for."""


@dataclass(frozen=True, slots=True)
class Scale:
    """What an energy in eV/atom means.

    Attributes
    ----------
    name : by which it is asked for
    title : what it is, in one line
    functional : the method of the calculation, or of the measurement
    corrections : what was added to the calculated energies
    references : the states of the elements, which have the energy zero
    temperature_K : of the compound and of its elements; 0 for a calculation without vibrations
    population : a key of `POPULATIONS`
    source : the papers and databases
    licence : of the data
    note : what else to know before numbers are compared
    """

    name: str
    title: str
    functional: str
    corrections: str
    references: str
    temperature_K: float  # noqa: N815 (the unit is a K)
    population: Population
    source: str
    licence: str
    note: str

    def as_json(self) -> dict[str, str | float]:
        """Return plain data."""
        return asdict(self)


_PBE = "PBE; PBE+U for oxides and fluorides of V, Cr, Mn, Fe, Co, Ni, Mo and W"
_MP = "CC BY 4.0, Materials Project (materialsproject.org; Jain et al., APL Mater. 1, 011002 (2013))"
_MP_REFERENCES = "the most stable calculated form of each element, after the corrections"
_CORRECTIONS_2012 = (
    "of 2012: per anion (O by type of oxide, S in sulfides, and through the energies of N2, F2, Cl2 and H2; Wang et "
    "al., Phys. Rev. B 73, 195107 (2006)), and per transition metal with U in oxides and fluorides (Jain et al., "
    "Phys. Rev. B 84, 045115 (2011))"
)
_2012_SOURCE = "the corrections are MaterialsProjectCompatibility in pymatgen"

SCALES: dict[str, Scale] = {
    scale.name: scale
    for scale in (
        Scale(
            "mp2020",
            "Materials Project today, PBE and PBE+U",
            _PBE,
            "of 2020: per anion and per transition metal with U in oxides and fluorides, fitted together to measured "
            "enthalpies, with errors (Wang et al., Sci. Rep. 11, 15496 (2021))",
            _MP_REFERENCES,
            0.0,
            "known",
            "Materials Project from 2021 on, thermo type GGA_GGA+U; MaterialsProject2020Compatibility in pymatgen",
            _MP,
            "The site shows thermo type GGA_GGA+U_R2SCAN by default, which mixes in r2SCAN: another scale, of which "
            "this package has no data. Ask the interface for thermo_types=['GGA_GGA+U'].",
        ),
        Scale(
            "mp2019",
            "Materials Project of 2019, corrections of 2012",
            _PBE,
            _CORRECTIONS_2012,
            _MP_REFERENCES,
            0.0,
            "known",
            f"Materials Project of 2019, as in Bartel et al., npj Comput. Mater. 6, 97 (2020); {_2012_SOURCE}",
            _MP,
            "Differs from mp2020 mostly in compounds of Br, I, Se, Te, Sb, Si, O, S and F.",
        ),
        Scale(
            "mp2018",
            "Materials Project of 2018, corrections of 2012",
            _PBE,
            _CORRECTIONS_2012,
            _MP_REFERENCES,
            0.0,
            "known",
            f"Materials Project of June 2018, as in Chen et al., Chem. Mater. 31, 3564 (2019); {_2012_SOURCE}",
            _MP,
            "The same method as mp2019; the release has fewer compounds, and some energies were computed anew later.",
        ),
        Scale(
            "oqmd",
            "Open Quantum Materials Database",
            "PBE; PBE+U for oxides of V, Cr, Mn, Fe, Co, Ni, Cu and of Th to Pu",
            "none per compound; the energies of some elements are fitted (see the references)",
            "calculated elements; for gases, liquids, molecular solids, elements that change their structure below "
            "298 K and elements with U the energy is fitted to measured enthalpies of compounds",
            0.0,
            "hypothetical",
            "Saal et al., JOM 65, 1501 (2013); Kirklin et al., npj Comput. Mater. 1, 15010 (2015)",
            "CC BY 4.0, Open Quantum Materials Database (oqmd.org)",
            "A number is the lowest of the prototypes that were tried: an upper bound for the composition.",
        ),
        Scale(
            "measured",
            "measured enthalpies of formation at 298.15 K",
            "calorimetry, equilibria and cells, as compiled",
            "none",
            "the stable form of each element at 298.15 K and 1 bar",
            298.15,
            "made",
            "SGTE substance data, NASA-CEA, CRC Handbook, IIT calorimetry, Wang et al., Sci. Rep. 11, 15496 (2021)",
            "per source: MIT and Apache-2.0 repositories; see the bundled table",
            "Two compilations of one compound differ by 0.015 eV/atom on average, with a median of 0.002.",
        ),
    )
}
"""Name to scale; the first is the default."""


def scale_named(name: str, where: str) -> Scale:
    """Return a scale by its name.

    Parameters
    ----------
    name
        A key of `SCALES`.
    where
        The place of the name for the error message, such as ``--scale``.

    Raises
    ------
    ConfigError
        If there is no such scale; the message names those there are, and the nearest one.

    Examples
    --------
    >>> scale_named("measured", "--scale").temperature_K
    298.15
    """
    if not isinstance(name, str):
        raise ConfigError(f"{where}: found {quoted(name)}, but one energy scale is expected: {', '.join(SCALES)}.")
    return lookup(SCALES, name, where, "energy scale")
