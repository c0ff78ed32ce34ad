"""Kinds of compounds whose energies move in their own way between scales, and carry their own error."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from formation_mlp.chemistry.chemical_class import CHEMICAL_CLASSES, chemical_classes
from formation_mlp.chemistry.elements import ATOMIC_NUMBER, SYMBOLS

if TYPE_CHECKING:
    from formation_mlp.chemistry.compositions import Compositions
    from formation_mlp.scales.ions import Ions

F_ELECTRONS = frozenset(ATOMIC_NUMBER[symbol] for symbol in ("Eu", "Gd", "Np", "Pu"))
"""Elements whose magnetic states were found anew between the releases of 2019 and 2021."""

KINDS = {
    "peroxides": "oxygen with fewer electrons than in an oxide (peroxides, superoxides, ozonides, rare high states)",
    "doubtful": "an element that may be an anion or a cation, as the formula does not say which",
    "nitrates": "N as a cation beside O (nitrates, nitrites)",
    "sulfates": "S as a cation beside O (sulfates, sulfites)",
    "Eu, Gd, Np, Pu": "Eu, Gd, Np or Pu, whose magnetic states differ between releases",
    "unbalanced": "common oxidation states do not add up to zero, with O, halogens or chalcogens",
    "Zintl phases": "common oxidation states do not add up to zero, with pnictogens, B, C, Si, Ge or H",
    **CHEMICAL_CLASSES,
}
"""Name to what belongs to it; the first that fits counts."""

_N, _O, _S = (ATOMIC_NUMBER[symbol] for symbol in ("N", "O", "S"))


def kinds_of(compositions: Compositions, ions: Ions) -> list[str]:
    """Return the kind of each row, a key of `KINDS`.

    Examples
    --------
    >>> from formation_mlp.materials.inputs import read_materials
    >>> from formation_mlp.scales.ions import ions_of
    >>> formulas = ["Na2O2", "NaNO3", "BaSO4", "NaTl", "Mg2Si", "FeS", "Ba3Si4"]
    >>> compositions = read_materials(formulas).materials.compositions
    >>> kinds_of(compositions, ions_of(compositions))
    ['peroxides', 'nitrates', 'sulfates', 'intermetallics', 'others', 'chalcogenides', 'Zintl phases']
    """
    classes = chemical_classes(compositions)
    z, sign = compositions.z.tolist(), ions.sign.tolist()
    found = []
    for row, (start, stop) in enumerate(pairwise(compositions.row_ptr.tolist())):
        signs = dict(zip(z[start:stop], sign[start:stop], strict=True))
        found.append(_kind(signs, ions, row, classes[row]))
    return found


def _kind(signs: dict[int, int], ions: Ions, row: int, chemical_class: str) -> str:
    if ions.oxygen[row] not in ("none", "oxide"):
        return "peroxides"
    if ions.ambiguous[row]:
        return "doubtful"
    if _O in signs and signs.get(_N) == 1:
        return "nitrates"
    if _O in signs and signs.get(_S) == 1:
        return "sulfates"
    if F_ELECTRONS & signs.keys() and len(signs) > 1:
        return "Eu, Gd, Np, Pu"
    if not ions.balanced[row] and chemical_class in ("oxides", "halides", "chalcogenides"):
        return "unbalanced"
    if not ions.balanced[row] and chemical_class in ("pnictides", "others") and len(signs) > 1:
        return "Zintl phases"
    return chemical_class


def remark(kind: str, doubtful: list[int]) -> str:
    """Return what a reader of a converted number must know of a kind; nothing for ordinary compounds."""
    if kind == "doubtful":
        return (
            f"{' and '.join(SYMBOLS[z] for z in doubtful)} may be anion or cation: the interval is that of such cases"
        )
    if kind in ("peroxides", "nitrates", "sulfates", "Eu, Gd, Np, Pu", "unbalanced"):
        return f"{KINDS[kind]}: the interval is that of such compounds"
    return ""
