"""Units of energy as people write them: ``eV/at``, ``kJ mol-1``, ``kJ/mol-atom``, ``eV per f.u.``."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from formation_mlp.errors import ConfigError
from formation_mlp.registry import unknown_name
from formation_mlp.units import UNITS

Basis = Literal["atom", "formula", ""]

_MOLE = r"[\s/*.^()-]*(per\s*)?(g[\s-]?at\w*|mol)"
_ENERGIES = (
    ("meV", re.compile(r"(?<![a-z])mev(?![a-z])")),
    ("eV", re.compile(r"(?<![a-z])ev(?![a-z])(?![\s/]*(a|å)?\^?3)")),
    ("kJ/mol", re.compile(rf"(?<![a-z])kj{_MOLE}")),
    ("kcal/mol", re.compile(rf"(?<![a-z])kcal{_MOLE}")),
    ("J/mol", re.compile(rf"(?<![a-z])j{_MOLE}")),
)
_ATOM = re.compile(
    r"(?<![a-z])(g[\s-]?|per\s*)?atome?n?s?(?![a-z])|peratom|(/|per\s|mol[\s.*-]*|ev\s|g[\s-]?)at(?![a-z])"
)
_FORMULA = re.compile(r"(?<![a-z])(f\.?\s?u\.?|(per\s*|/|mol[\s-]*)?formula(s|\sunits?)?|formeleinheit\w*)(?![a-z])")
_UNIT = (
    r"(?<![a-z])(?:m?ev|kj|kcal|(?:kilo)?joules?|(?:j|cal)(?=[\W_]*(?:mol|k?g))|rydbergs?|ry|hartrees?"
    r"|(?:per[\W_]*|pro[\W_]*|/\s*)(?:mole?|gram|formula|formeleinheit|f\.?\s?u\.?))(?![a-z])"
)
_IN_BRACKETS = re.compile(rf"\s*(?:\([^()]*{_UNIT}[^()]*\)|\[[^\[\]]*{_UNIT}[^\[\]]*\])", re.IGNORECASE)
_FROM_UNIT_ON = re.compile(rf"[\W_]*(?:\bin[\s_]+)?{_UNIT}.*", re.IGNORECASE | re.DOTALL)
_SMALL = {
    ("eV", "atom"): "eV/atom",
    ("eV", "formula"): "eV/formula",
    ("meV", "atom"): "meV/atom",
    ("kJ/mol", "atom"): "kJ/mol",
    ("kJ/mol", "formula"): "kJ/mol-formula",
    ("kcal/mol", "atom"): "kcal/mol",
    ("kcal/mol", "formula"): "kcal/mol-formula",
    ("J/mol", "atom"): "J/mol",
    ("J/mol", "formula"): "J/mol-formula",
}


@dataclass(frozen=True, slots=True)
class UnitName:
    """What a text says of a unit.

    Attributes
    ----------
    energy : ``eV``, ``meV``, ``kJ/mol``, ``kcal/mol`` or ``J/mol``; empty where the text does not say
    basis : what the energy is counted for, ``atom`` or ``formula``; empty where the text does not say
    """

    energy: str = ""
    basis: Basis = ""

    @property
    def candidates(self) -> list[str]:
        """The units that the text leaves open, keys of `formation_mlp.units.UNITS`; one if it is complete."""
        return [
            unit
            for (energy, basis), unit in _SMALL.items()
            if self.energy in ("", energy) and self.basis in ("", basis)
        ]


def plain(text: str) -> str:
    """Return a text in small letters of one kind: no superscripts, no typographic minus, blanks for underscores.

    Examples
    --------
    >>> plain("ΔH_f [kJ·mol⁻¹]")
    'dh f [kj*mol-1]'
    """
    text = text.translate(_SIGNS)
    return unicodedata.normalize("NFKC", text).translate(_SIGNS).lower()


_SIGNS = {ord(sign): "D" for sign in "Δ∆δ𝛥"} | {ord(sign): "-" for sign in "−–‐⁻"}
_SIGNS |= {ord("_"): " ", ord("·"): "*", ord("⋅"): "*", ord("°"): " ", ord("⊖"): " "}


def unit_in(text: str) -> UnitName:
    """Return the unit that a text names, such as the name of a column.

    Examples
    --------
    >>> unit_in("E_f [eV/at]"), unit_in("Hf (kJ/mol)")
    (UnitName(energy='eV', basis='atom'), UnitName(energy='kJ/mol', basis=''))
    >>> unit_in("formation_energy_per_atom"), unit_in("Ef (eV/f.u.)").candidates
    (UnitName(energy='', basis='atom'), ['eV/formula'])
    """
    small = plain(text)
    energy = next((name for name, pattern in _ENERGIES if pattern.search(small)), "")
    basis: Basis = "atom" if _ATOM.search(small) else "formula" if _FORMULA.search(small) else ""
    return UnitName(energy, basis)


def without_unit(name: str) -> str:
    """Return the name of a column without the unit that it carries; nothing if it is a unit alone.

    Examples
    --------
    >>> [without_unit(name) for name in ("Hf (kJ/mol) exp", "e_form_meV", "energy above hull (PBE)", "eV")]
    ['Hf exp', 'e_form', 'energy above hull (PBE)', '']
    """
    return _FROM_UNIT_ON.sub("", _IN_BRACKETS.sub("", name)).strip()


def name_in(unit: str, column: str) -> str:
    """Return what to call numbers in ``unit`` that stem from a column, which may be called after another unit.

    Examples
    --------
    >>> [name_in("eV/atom", column) for column in ("Hf (kJ/mol)", "E_f [eV/at]", "formation_energy_per_atom", "kJ/mol")]
    ['Hf', 'E_f [eV/at]', 'formation_energy_per_atom', 'energy']
    """
    return column if not unit or unit_in(column).candidates == [unit] else without_unit(column) or "energy"


def unit_of(text: str, where: str) -> str:
    """Return the key of `formation_mlp.units.UNITS` that a user means by a unit.

    Parameters
    ----------
    text
        As written: a key itself, or another spelling of one.
    where
        The option or key of a configuration, for the message.

    Raises
    ------
    ConfigError
        If it is no unit of energy, or does not say what it is counted for.

    Examples
    --------
    >>> unit_of("kJ/mol-atom", "--unit"), unit_of("eV/f.u.", "--unit"), unit_of("kJ/mol", "--unit")
    ('kJ/mol', 'eV/formula', 'kJ/mol')
    """
    spelled = {unit.lower(): unit for unit in UNITS}
    if text.strip().lower() in spelled:
        return spelled[text.strip().lower()]
    named = unit_in(text)
    if named.energy and len(named.candidates) == 1:
        return named.candidates[0]
    raise ConfigError(unknown_name(text, UNITS, where, "unit"))
