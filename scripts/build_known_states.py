"""Write ``src/formation_mlp/chemistry/tables/known_states.csv``: oxidation states of known compounds, by ligand.

    python scripts/build_known_states.py ../shared/data

The states are formal ones: the charge of an atom if each ligand has its full charge (F -1, O -2, N -3). K in KO2 has
+4, so that one number tells oxidation states and anion-to-cation ratios.

What makes a state known:

- `TEXTBOOK`: compounds that are described in N. N. Greenwood and A. Earnshaw, Chemistry of the Elements, 2nd ed.
  (Butterworth-Heinemann, 1997); gases and rare compounds that the tables lack.
- `REPORTED`: crystals of the primary literature, each with its source.
- compounds whose formation enthalpy was measured, of sources under the MIT and Apache-2.0 licences.
- compounds on the hull of the Materials Project (CC BY 4.0), by critexam (train rows) and mp20_mpts52. Among them are
  compounds that nobody made, so a state is taken from them only up to the highest one of the element that the ICSD
  lists in pymatgen; from compounds of three elements and more only if `SEVERAL` of them need it; and a higher ratio
  for ligands that are known to bond to themselves (`CHAINS`), as in CsI3, K2S5 and TiS3.
- sulfides, selenides and tellurides of two elements on the hull of the known phases of the package, under the same
  conditions: with these soft ligands, electrons are shared and ligands bonded to one another so often (HfSe2, CoSe2,
  LiTe3) that an oxidation state is a convention, and a narrow bound accuses compounds that were made.

Energies that are withheld are not read: in the known phases a prediction stands for them. Only bounds and one formula
for each leave this script.
"""

from __future__ import annotations

import argparse
import csv
import io
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from formation_mlp.chemistry.elements import ATOMIC_NUMBER, NO_METALS, SYMBOLS
from formation_mlp.chemistry.known_states import CHARGE, LIGANDS, ligand_rank
from formation_mlp.chemistry.oxidation_states import load_oxidation_states
from formation_mlp.hulls.hull import decomposition_energies
from formation_mlp.hulls.known_phases import known_phases
from formation_mlp.materials.formula.reading import parse_formulas

TABLE = Path(__file__).parents[1] / "src" / "formation_mlp" / "chemistry" / "tables" / "known_states.csv"
FREE = ("SSUB", "IIT", "MISC", "MP2020-fit", "NASA-CEA", "CRC")
"""Sources of measured enthalpies whose licence is MIT or Apache-2.0."""
SEVERAL = 4

TEXTBOOK = """
  CO CO2 C3O2 CF4 C2F6 CCl4 CS2 CSe2 C2N2 C3N4 CH4 CBr4 CI4 C2Cl6 C2Cl4 C2Br4 CF SiO SiF4 Si2F6 Si2Cl6 SiH4 Si2H6 GeH4
SnH4 Ge2H6 NH3 N2H4 HN3 NH4N3 N2O NO N2O3 NO2 N2O5 NF3 N2F4 NCl3 NBr3 NI3 S4N4 S2N2 SN Se4N4 P3N5 BN PH3 P2H4 AsH3
SbH3 BiH3 P4O6 P2O4 P2O5 PF3 PF5 PCl3 PCl5 PBr3 PBr5 PI3 P2I4 P2Cl4 P2F4 AsF3 AsF5 AsCl3 AsCl5 AsBr3 AsI3 As2I4 SbF3
SbF5 SbCl3 SbCl5 SbBr3 SbI3 BiF3 BiF5 BiCl3 BiBr3 BiI3 Bi2O3 NaBiO3 As2O3 As2O5 Sb2O3 Sb2O5 Sb2O4 P4S3 P4S10 P2S5 P4S7
As4S4 As2S3 As2S5 Sb2S3 Sb2S5 Bi2S3 P4Se3 P2Se5 H2O H2O2 H2S H2S2 H2S3 H2S4 H2S5 H2Se H2Te HF HCl HBr HI S2O SO SO2
SO3 SF2 S2F2 SF4 S2F10 SF6 SCl2 S2Cl2 SCl4 S2Br2 S2I2 SeO2 SeO3 SeF4 SeF6 Se2Cl2 SeCl4 Se2Br2 SeBr4 TeO2 TeO3 TeF4
TeF6 Te2F10 TeCl2 TeCl4 TeBr2 TeBr4 TeI4 TeI Te2I Te3Cl2 OF2 O2F2 Cl2O ClO2 Cl2O3 Cl2O6 Cl2O7 Br2O Br2O3 BrO2 Br2O5
HBrO4 KBrO4 I2O4 I4O9 I2O5 HIO4 NaIO4 H5IO6 ClF ClF3 ClF5 BrF BrF3 BrF5 IF IF3 IF5 IF7 BrCl ICl ICl3 IBr KrF2 XeF2
XeF4 XeF6 XeO3 XeO4 XeOF4 XeO2F2 Na4XeO6 XeCl2 RnF2 Li2O2 Na2O2 NaO2 K2O2 KO2 KO3 Rb2O2 RbO2 RbO3 Cs2O2 CsO2 CsO3 NaO3
Rb9O2 Rb6O Cs11O3 Cs7O Cs4O Cs3O MgO2 CaO2 SrO2 BaO2 CaO4 SrO4 BaO4 ZnO2 CdO2 HgO2 K2O Rb2O Cs2O BeH2 LiH KH CaH2 SrH2
AlH3 GaH3 B2H6 B5H9 B10H14 B2F4 B2Cl4 B4Cl4 BCl3 BBr3 BI3 BF3 B6O B2O3 B2S3 BS2 LiN3 NaN3 KN3 RbN3 CsN3 BeN6 MgN6 CaN6
SrN6 BaN6 CuN3 CuN6 AgN3 TlN3 PbN6 HgN3 HgN6 ZnN6 CdN6 MnN6 CoN6 NiN6 BN9 AlN9 SiN12 KI3 RbI3 CsI3 CsI4 NaI3 RbBr3
CsBr3 CsI5 TlI3 KBr3 Na2S2 Na2S4 Na2S5 K2S K2S2 K2S3 K2S4 K2S5 K2S6 Rb2S Rb2S2 Rb2S3 Rb2S5 Cs2S Cs2S2 Cs2S3 Cs2S5
Cs2S6 BaS2 BaS3 SrS2 SrS3 CaS2 FeS2 CoS2 NiS2 CuS2 MnS2 RuS2 OsS2 RhS2 PtS2 PdS2 VS4 TiS3 ZrS3 HfS3 NbS3 TaS3 MoS3 WS3
Re2S7 Tc2S7 Cr2S3 US3 ThS3 FeSe2 FeTe2 CoTe2 NiTe2 CuSe2 TiTe2 ZrTe3 HfTe3 NbSe3 NbTe4 TaTe4 TaSe3 USe3 UTe3 UTe5
Re2Te5 IrTe2 IrS3 PtTe2 LaS2 LaTe3 NdTe3 LaTe2 LaSe2 VSe2 VTe2 K2Se5 EuN YbN Ti6O Ti3O Ti2O TiO Zr3O Zr6O Hf3O Hf6O
V4O V2O VO Nb6O NbO Ta6O TaO2 CrO3 Cr2O3 CrO2 MnO Mn2O7 K2MnO4 KMnO4 K3MnO4 K2FeO4 SrFeO3 CoO2 K3CoO4 K2NiO3 NiO2
NaNiO2 KCuO2 AgO Ag2O3 Ag3O4 Au2O Au2O3 Cu2O Hg2O HgO Tc2O7 Re2O7 ReO3 ReO2 RuO2 RuO4 KRuO4 OsO2 OsO4 RhO2 Rh2O3 IrO2
IrO3 PtO2 PtO PdO PdO2 WO2 WO3 MoO2 MoO3 PrO2 TbO2 CeO2 EuO YbO AmO2 CmO2 BkO2 NpO3 Np2O5 PuO2 PuO PaO2 Pa2O5 UO3 UO2
UO Li5NpO6 Li5PuO6 PoO2 PoO3 Ag2F AgF AgF2 AgF3 CuF CuF2 K3CuF6 Cs2CuF6 AuF3 AuF5 AuCl AuCl3 AuI HgF Hg2Cl2 TiF2 VF5
VF3 CrF5 CrF4 MnF4 MnF3 K2MnCl5 K2MnCl6 MnCl3 FeF3 CoF3 Cs2CoF6 NiF3 NiF4 K2NiF6 NbF3 NbF4 NbF5 TaF3 TaF5 MoF3 MoF4
MoF5 MoF6 WF4 WF5 WF6 TcF5 TcF6 ReF4 ReF5 ReF6 ReF7 RuF3 RuF4 RuF5 RuF6 OsF4 OsF5 OsF6 RhF3 RhF4 RhF5 RhF6 IrF3 IrF4
IrF5 IrF6 PdF2 PdF4 Pd2F6 PtF4 PtF5 PtF6 PrF4 TbF4 CeF4 Cs3NdF7 Cs3DyF7 AmF4 CmF4 BkF4 CfF4 PaF4 PaF5 UF3 UF4 UF5 UF6
NpF6 NpF5 NpF4 PuF6 PuF4 ThF4 PbF4 TlF3 SnF2 SnF4 GeF2 PoF6 SmF2 EuF2 YbF2 TmF2 TiCl2 VCl4 CrCl4 MoCl6 WCl6 ReCl3
ReCl4 ReCl5 ReCl6 TcCl4 RuCl3 RuCl4 K2RuCl6 OsCl3 OsCl4 OsCl5 IrCl3 K2IrCl6 PtCl2 PtCl4 PtCl3 PdCl2 K2PdCl6 RhCl3
PbCl4 TlCl3 TlCl GeCl2 SnCl4 UCl6 UCl5 PaCl5 BiCl NdCl2 SmCl2 DyCl2 TmCl2 YbCl2 GaCl GaCl2 GaCl3 InCl Cs2CeCl6 WI2 WI3
WI4 CrI2 VI2 TaBr3 TaBr4 NbBr3 NbI3 NbI4 GaI Ga2I3 GaBr OsBr4 OsBr3 OsI3 OsI2 OsI WBr6 WBr5 ReBr5 ReBr4 ReI4 ReI3 PtI4
TaI4 ScCl PuBr3 GeBr2 K3AsSe4 AmCl2 AmI2 CuH NiH PdH TiH2 ZrH2 HfH2 VH2 NbH2 TaH CrH CrH2 LaH3 CeH3 YH3 EuH2 YbH2 UH3
ThH4 Th4H15 PaH3 NpH3 PuH3 AmH3 K2ReH9 K2TcH9 ZnH2 CdH2 ScH3 PrH3 NdH3 SmH3 GdH3 TbH3 DyH3 HoH3 ErH3 TmH3 LuH3 Mg2FeH6
Mg2CoH5 Mg2NiH4 Mg2RuH6 Na3RuH7 Na3OsH7 K3MnH5 LiAlH4 NaBH4 K2PtH6 K2PdH4 Li3RhH6 Li3IrH6 Mn4N Mn3N2 Fe4N Fe2N Co2N
ThI2 ScI2 PaBr5 PaBr4 PaI4 PBr7 BiBr Ta6Br14 Ta6I14 Te2Br Te2I S8O Cs2PuCl6 KAuI4
CoN Ni3N Cu3N Ag3N Ti2N Cr2N CrN Mo2N MoN W2N WN Ta3N5 Zr3N4 Hf3N4 Th3N4 UN2 U2N3 Sn3N4 Ge3N4 Re2N
"""
"""Known compounds that the tables lack, or may lack."""

REPORTED = {
    "Tb6Br7": "A. Simon, Angew. Chem. Int. Ed. Engl. 20, 1 (1981)",
    "Er6I7": "A. Simon, Angew. Chem. Int. Ed. Engl. 20, 1 (1981)",
    "LaI": "J. D. Martin and J. D. Corbett, Angew. Chem. Int. Ed. Engl. 34, 233 (1995)",
    "AlPI8": "S. Pohl, Z. Anorg. Allg. Chem. 498, 15 (1983)",
}
"""Known compounds that neither the tables nor the textbook have, and who described them."""

SOFT = ("S", "Se", "Te")
"""Ligands with which a metal has at least its highest common state, if it has it with one of them."""
ON_HULL = 1e-6
"""eV/atom above the hull of what still counts as on it."""

CHAINS = ("O", "S", "Se", "Te", "Br", "I", "N")
"""Ligands that bond to themselves in known compounds; for O, N, Br and I only with the metals of `ELECTROPOSITIVE`."""
ELECTROPOSITIVE = ("Li", "Na", "K", "Rb", "Cs", "Mg", "Ca", "Sr", "Ba")
FIXED = (
    dict.fromkeys(("Li", "Na", "K", "Rb", "Cs"), 1)
    | dict.fromkeys(("Be", "Mg", "Ca", "Sr", "Ba", "Zn", "Cd"), 2)
    | dict.fromkeys(("Al", "Sc", "Y", "La", "Nd", "Gd", "Dy", "Ho", "Er", "Lu"), 3)
)
"""Elements with the one state that they have in nearly all compounds."""
BOUNDED_BELOW = ("F", "O", "Cl", "Br", "I")
"""Ligands with which metal-rich compounds are few; hydrogen has its lowest state with every ligand."""

Bounds = dict[str, tuple[float, str]]


def of_formulas(formulas: Sequence[str]) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield each formula and the amounts of its elements, the ligand last, of those that have one."""
    compositions = parse_formulas(list(formulas)).compositions
    for formula, (start, stop) in zip(formulas, pairwise(compositions.row_ptr.tolist()), strict=True):
        symbols = [SYMBOLS[z] for z in compositions.z[start:stop].tolist()]
        amounts = dict(zip(symbols, compositions.amount[start:stop].tolist(), strict=True))
        ordered = sorted(symbols, key=ligand_rank, reverse=True)
        if len(ordered) > 1 and ordered[-1] in LIGANDS:
            yield formula, {symbol: amounts[symbol] for symbol in ordered}


def state_in(amounts: dict[str, float]) -> tuple[str, str, float] | None:
    """Return the element, the ligand and the formal state that a compound shows; None if it shows none for sure."""
    *others, ligand = amounts
    open_ = others if len(others) == 1 else [symbol for symbol in others if symbol not in FIXED]
    if len(open_) != 1 or (len(others) > 1 and open_[0] in ("H", *LIGANDS[:1])):
        return None
    element = open_[0]
    charge = CHARGE[ligand] * amounts[ligand] - sum(FIXED[s] * amounts[s] for s in others if s != element)
    return element, ligand, charge / amounts[element]


def states_of(element: str) -> tuple[list[int], list[int]]:
    """Return the positive states of the ICSD, or all known ones where it has none, and the common ones."""
    tables, z = load_oxidation_states(), ATOMIC_NUMBER[element]
    listed, known, common = ([s for s in tables[name][z] if s > 0] for name in ("icsd", "known", "common"))
    return listed or known or common, common


def evidence(data: Path, left_out: frozenset[str] = frozenset()) -> tuple[list[str], list[str]]:
    """Return the formulas that were measured, with those of the textbook, and those on a hull."""

    def table(path: str) -> pd.DataFrame:
        return pd.read_csv(data / path, keep_default_na=False, na_values=[""])

    measured = table("experimental_enthalpies/experimental_by_source.csv.gz")
    measured = measured[measured["source"].isin(FREE) & measured["formation_enthalpy_per_atom"].notna()]
    critexam, mp = table("critexam/critexam_mp.csv.gz"), table("mp20_mpts52_structures/mp20_mpts52_structures.csv.gz")
    hull = set(critexam["formula"][(critexam["split"] == "train") & (critexam["decomposition_energy_per_atom"] <= 0)])
    hull |= set(mp["formula"][~mp["holdout"].astype(bool) & (mp["energy_above_hull"] == 0)])
    sure = set(measured["formula"])
    return [*TEXTBOOK.split(), *REPORTED, *sorted(sure)], sorted(hull | set(soft_compounds_on_hull()))


def soft_compounds_on_hull() -> list[str]:
    """Return the compounds of an element with one of `SOFT` that no other known phase makes unstable."""
    phases = known_phases("mp2020")
    on_hull = decomposition_energies(phases.compositions, phases.energies).energy <= ON_HULL
    binary = [phases.formulas[row] for row in np.flatnonzero(on_hull & (phases.compositions.n_elements == 2))]
    return [formula for formula, amounts in of_formulas(binary) if list(amounts)[-1] in SOFT]


def bounds(sure: Sequence[str], hull: Sequence[str]) -> dict[tuple[str, str], Bounds]:
    """Return for each element and ligand the ``lowest`` and ``highest`` state, and the ratios of chains of the ligand.

    ``ratio_lowest`` and ``ratio_highest`` are formal states above all oxidation states of the element.
    """
    shown: dict[tuple[str, str], dict[float, list[str]]] = defaultdict(lambda: defaultdict(list))
    for is_sure, formulas in ((True, sure), (False, hull)):
        for formula, amounts in of_formulas(formulas):
            found = state_in(amounts)
            if found is None or found[2] <= 0:
                continue
            element, ligand, state = found
            if is_sure or may_count(element, ligand, state, len(amounts)):
                weight = SEVERAL if is_sure or len(amounts) == 2 else 1
                shown[element, ligand][round(state, 4)] += [formula] * weight
    certain = frozenset(sure)
    return {pair: _bounds_of(pair, states, certain) for pair, states in shown.items()}


def may_count(element: str, ligand: str, state: float, n_elements: int) -> bool:
    """Return whether a compound on a hull shows a state that may be known."""
    listed, _ = states_of(element)
    if state <= max(listed, default=0):
        return True
    return n_elements == 2 and ligand in CHAINS and (ligand in ("S", "Se", "Te") or element in ELECTROPOSITIVE)


def _bounds_of(pair: tuple[str, str], states: dict[float, list[str]], certain: frozenset[str]) -> Bounds:
    element, ligand = pair
    tables, z = load_oxidation_states(), ATOMIC_NUMBER[element]
    top = max((*tables["icsd"][z], *tables["known"][z], *tables["common"][z]), default=0)
    known = {state: formulas for state, formulas in states.items() if len(formulas) >= SEVERAL}
    simple = sorted(state for state in known if state <= top or top <= 0)
    chains = sorted(state for state in known if state > top > 0)
    found: Bounds = {}
    if simple:
        whole = [state for state in simple if _is_whole(ligand, state) or not certain.isdisjoint(known[state])]
        high = (whole or simple)[-1]
        found["highest"] = (high, known[high][0])
        if ligand in BOUNDED_BELOW or element == "H":
            found["lowest"] = (simple[0], known[simple[0]][0])
    if chains:
        found["ratio_lowest"] = (chains[0], known[chains[0]][0])
        found["ratio_highest"] = (chains[-1], known[chains[-1]][0])
    return found


def _is_whole(ligand: str, state: float) -> bool:
    """Return whether a state can be the highest: a mixed-valent halide such as Ag2Cl3 would need a higher one."""
    return state == round(state) or ligand not in ("F", "Cl", "Br", "I")


def filled(found: dict[tuple[str, str], Bounds]) -> dict[tuple[str, str], Bounds]:
    """Add what follows from other ligands where few compounds are known.

    Of the halides, the lighter ones reach at least the states of the heavier ones. An element without any compound with
    a ligand has the state that it has with the next lighter one of the group, with hydrogen its lowest common state,
    and with others its highest common one; noble gases have none. The lowest common state of a metal is always known.
    With S, Se and Te a metal has the same states, up to the highest common one.
    """
    for element in SYMBOLS[1:]:
        _, common = states_of(element)
        for heavier, lighter in (("I", "Br"), ("Br", "Cl"), ("Cl", "F")):
            high = found.get((element, heavier), {}).get("highest")
            own = found.get((element, lighter), {}).get("highest")
            if high is not None and own is not None and high[0] > own[0]:
                found[element, lighter]["highest"] = high
        if element in NOBLE or not common:
            continue
        is_metal = element not in NO_METALS
        if is_metal:
            _share_soft_states(element, max(common), found)
        for ligand, instead in INSTEAD.items():
            if ligand_rank(element) <= ligand_rank(ligand):
                continue
            own_bounds = found.setdefault((element, ligand), {})
            if "highest" not in own_bounds and (is_metal or not own_bounds):
                beside = found.get((element, instead), {}).get("highest", (math.inf, ""))
                state = min(common) if ligand == "H" else min(max(common), beside[0])
                own_bounds["highest"] = (state, f"as {instead}" if instead and state == beside[0] else "common")
            if ligand in BOUNDED_BELOW or element == "H":
                low = own_bounds.get("lowest", (math.inf, ""))
                if (is_metal and min(common) < low[0]) or low[0] == math.inf:
                    low = (min(common), "common")
                own_bounds["lowest"] = min(low, own_bounds["highest"], key=lambda bound: bound[0])
    return found


def _share_soft_states(element: str, top: float, found: dict[tuple[str, str], Bounds]) -> None:
    """Give a metal with each of `SOFT` the highest state up to ``top`` that it has with any of them."""
    pairs = [found[element, ligand] for ligand in SOFT if "highest" in found.get((element, ligand), {})]
    if pairs:
        best = max((pair["highest"] for pair in pairs), key=lambda bound: bound[0])
        best = min(best, (top, "common"), key=lambda bound: bound[0])
        for pair in pairs:
            pair["highest"] = max(pair["highest"], best, key=lambda bound: bound[0])


def shared_among_peers(found: dict[tuple[str, str], Bounds]) -> None:
    """Give elements that behave alike the chains of one another, and trivalent rare earths the same low halides.

    K, Rb and Cs, for example, have the same polysulfides, of which the tables know some for each.
    """
    for peers in PEERS:
        for ligand in CHAINS:
            pairs = [found[peer, ligand] for peer in peers if (peer, ligand) in found]
            for name, choose in (("ratio_lowest", min), ("ratio_highest", max)):
                known = [pair[name] for pair in pairs if name in pair]
                for pair in pairs if known else []:
                    pair[name] = choose(known)
    for ligand in ("Cl", "Br", "I"):
        pairs = [found[peer, ligand] for peer in RARE_EARTHS if (peer, ligand) in found]
        lowest = min(pair["lowest"] for pair in pairs if "lowest" in pair)
        for pair in pairs:
            pair["lowest"] = lowest


RARE_EARTHS = ("Y", "La", "Ce", "Pr", "Nd", "Pm", "Sm", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Lu")
PEERS = (("K", "Rb", "Cs"), ("Sr", "Ba"), RARE_EARTHS, ("Ti", "Zr", "Hf"), ("Nb", "Ta"))
NOBLE = ("He", "Ne", "Ar", "Kr", "Xe", "Rn", "Og")
INSTEAD = {"F": "", "Cl": "F", "Br": "Cl", "I": "Br", "O": "", "S": "O", "Se": "S", "Te": "Se", "N": "", "H": ""}
HEAD = """\
# Formal oxidation states of known compounds, by ligand. Written by scripts/build_known_states.py from
# hulls of the Materials Project (CC BY 4.0; Jain et al., APL Mater. 1, 011002, 2013) as in CJBartel/TestStabilityML
# (MIT), MP-20 (MIT) and MPTS-52 (Apache-2.0); names of measured compounds in qmpy, pymatgen, chemicals (MIT) and NASA
# CEA (Apache-2.0);
# oxidation states of pymatgen (MIT); compounds described in Greenwood and Earnshaw, Chemistry of the Elements, 1997,
# and in the articles that the script names
"""
COLUMNS = ("lowest", "highest", "ratio_lowest", "ratio_highest")


def as_csv(found: dict[tuple[str, str], Bounds]) -> str:
    text = io.StringIO()
    text.write(HEAD)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["element", "ligand", *COLUMNS, *(f"{name}_in" for name in COLUMNS)])
    for element in SYMBOLS[1:]:
        for ligand in LIGANDS:
            row = found.get((element, ligand))
            if row:
                cells = [row.get(name) for name in COLUMNS]
                numbers = ["" if cell is None else f"{cell[0]:.4g}" for cell in cells]
                writer.writerow([element, ligand, *numbers, *("" if cell is None else cell[1] for cell in cells)])
    return text.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("data", type=Path, help="the folder of the tables")
    options = parser.parse_args()
    sure, hull = evidence(options.data)
    found = filled(bounds(sure, hull))
    shared_among_peers(found)
    TABLE.write_text(as_csv(found), encoding="utf-8")
    print(
        f"{TABLE.name}: {len(found)} pairs of element and ligand, from {len(sure):,} compounds and {len(hull):,} hulls"
    )


if __name__ == "__main__":
    main()
