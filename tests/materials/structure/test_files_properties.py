"""What holds of any structure file: tried on crystals written in ways that no one has chosen."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.materials.inputs import ReadMaterials, read_structures
from formation_mlp.materials.structure.crystal import lattice_vectors

pytestmark = pytest.mark.slow

bounded = settings(derandomize=True, deadline=None, max_examples=80)

Floats = NDArray[np.float64]

TYPES: dict[str, tuple[str, tuple[float, ...], tuple[tuple[int, tuple[float, float, float]], ...]]] = {
    "F m -3 m": ("Fm-3m", (5.6, 5.6, 5.6, 90, 90, 90), ((4, (0, 0, 0)), (8, (0.25, 0.25, 0.25)), (4, (0.5, 0.5, 0.5)))),
    "P m -3 m": ("P m 3 m", (4.0, 4.0, 4.0, 90, 90, 90), ((1, (0, 0, 0)), (1, (0.5, 0.5, 0.5)), (3, (0.5, 0.5, 0)))),
    "P 42/m n m": ("P42/mnm", (4.6, 4.6, 3.0, 90, 90, 90), ((2, (0, 0, 0)), (4, (0.305, 0.305, 0)))),
    "P 63 m c": ("P 63 m c", (3.8, 3.8, 6.3, 90, 90, 120), ((2, (0.3333, 0.6667, 0)), (2, (0.3333, 0.6667, 0.375)))),
    "P 1 21/c 1": (
        "P 21/c",
        (5.15, 5.21, 5.31, 90, 99.2, 90),
        ((4, (0.276, 0.041, 0.208)), (4, (0.07, 0.336, 0.341)), (4, (0.442, -0.255, 0.479))),
    ),
    "P n m a": (
        "Pnma",
        (5.58, 7.65, 5.31, 90, 90, 90),
        ((4, (0.05, 0.25, 0.99)), (4, (0, 0, 0.5)), (4, (0.47, 0.25, 0.08)), (8, (0.29, 0.04, 0.72))),
    ),
    "F d -3 m:1": ("F d -3 m S", (8.1, 8.1, 8.1, 90, 90, 90), ((8, (0, 0, 0)), (16, (0.625, 0.625, 0.625)))),
    "R -3 c:H": ("R -3 c H", (4.76, 4.76, 12.99, 90, 90, 120), ((12, (0, 0, 0.352)), (18, (0.306, 0, 0.25)))),
    "R -3 c:R": ("R -3 c R", (5.13, 5.13, 5.13, 55.3, 55.3, 55.3), ((4, (0.352,) * 3), (6, (0.556, -0.056, 0.25)))),
    "P 1": ("P1", (4.9, 5.3, 6.1, 85, 95, 101), ((1, (0.1, 0.1, 0.1)), (1, (0.6, 0.55, 0.5)), (1, (0.35, 0.3, 0.8)))),
}
"""Setting of a space group to a usual name, a cell, and sites with their multiplicities."""

CRYSTAL = st.tuples(
    st.sampled_from(sorted(TYPES)),
    st.lists(st.sampled_from(SYMBOLS[3:100]), min_size=4, max_size=4, unique=True),
    st.floats(1.0, 1.3),
)
STYLE = st.fixed_dictionaries(
    {
        "symmetry": st.sampled_from(["operations", "symbol", "hall", "both"]),
        "declared": st.booleans(),
        "labels": st.sampled_from(["type", "label", "both", "charge"]),
        "occupancy": st.sampled_from(["", ".", "1", "1.00", "1.0(2)"]),
        "uncertain": st.booleans(),
        "line_end": st.sampled_from(["\n", "\r\n"]),
        "comment": st.sampled_from(["", "# drawn by hand\n", "_journal_name_full 'Acta d''X'\n"]),
    }
)


def counts_of(crystal: tuple[str, list[str], float]) -> Counter[str]:
    setting, symbols, _ = crystal
    sites = TYPES[setting][2]
    return Counter({symbol: n for symbol, (n, _) in zip(symbols, sites, strict=False)})


def cell_of(crystal: tuple[str, list[str], float]) -> list[float]:
    setting, _, scale = crystal
    return [round(x * (scale if i < 3 else 1), 4) for i, x in enumerate(TYPES[setting][1])]


def all_sites(crystal: tuple[str, list[str], float]) -> list[tuple[str, Floats]]:
    """Return element and fractional coordinates of each site of the cell."""
    import gemmi

    setting, symbols, _ = crystal
    group = gemmi.find_spacegroup_by_name(setting)
    found = []
    for symbol, (n, start) in zip(symbols, TYPES[setting][2], strict=False):
        own: list[Floats] = []
        for operation in group.operations():
            place = np.array(operation.apply_to_xyz(list(start))) % 1.0
            if all(np.abs((place - other + 0.5) % 1 - 0.5).max() > 2e-3 for other in own):
                own.append(place)
        assert len(own) == n
        found += [(symbol, place) for place in own]
    return found


def cif(crystal: tuple[str, list[str], float], style: dict[str, Any]) -> str:
    import gemmi

    setting, symbols, _ = crystal
    name, _, sites = TYPES[setting]
    group = gemmi.find_spacegroup_by_name(setting)
    keys = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
    sign = "(2)" if style["uncertain"] else ""
    lines = ["data_x", *(f"_cell_{key} {x:.4f}{sign}" for key, x in zip(keys, cell_of(crystal), strict=True))]
    if style["declared"]:
        total = " ".join(f"{symbol}{n}" for symbol, n in sorted(counts_of(crystal).items()))
        lines += [f"_chemical_formula_sum '{total}'", "_cell_formula_units_Z 1"]
    if style["symmetry"] in ("symbol", "both"):
        lines.append(f"_symmetry_space_group_name_H-M '{name}'")
    if style["symmetry"] == "hall":
        lines.append(f"_space_group_name_Hall '{group.hall}'")
    if style["symmetry"] in ("operations", "both"):
        operations = [f"'{operation.triplet()}'" for operation in group.operations()]
        lines += ["loop_", "_space_group_symop_operation_xyz", *operations]
    columns = ["fract_x", "fract_y", "fract_z", *(["occupancy"] if style["occupancy"] else [])]
    columns = ["type_symbol", *columns] if style["labels"] != "label" else columns
    columns = ["label", *columns] if style["labels"] != "type" else columns
    lines += ["loop_", *(f"_atom_site_{column}" for column in columns)]
    for i, (symbol, (_, place)) in enumerate(zip(symbols, sites, strict=False), start=1):
        cells = {
            "label": f"{symbol}{i}",
            "type_symbol": f"{symbol}2+" if style["labels"] == "charge" else symbol,
            "occupancy": style["occupancy"],
            **{f"fract_{axis}": f"{x:.4f}{sign}" for axis, x in zip("xyz", place, strict=True)},
        }
        lines.append(" ".join(cells[column] for column in columns))
    end = str(style["line_end"])
    return end.join((str(style["comment"]) + "\n".join(lines)).split("\n")) + end


def poscar(crystal: tuple[str, list[str], float], scale: float, cartesian: bool, selective: bool) -> str:
    vectors = lattice_vectors(np.array(cell_of(crystal)))
    sites = all_sites(crystal)
    shown = vectors / scale if scale > 0 else vectors / 2
    if scale < 0:
        scale = -abs(np.linalg.det(vectors))
    lines = ["a title", f"{scale:.10f}", *(" ".join(f"{x:.10f}" for x in row) for row in shown)]
    lines += [" ".join(counts_of(crystal)), " ".join(map(str, counts_of(crystal).values()))]
    lines += ["Selective dynamics"] if selective else []
    lines.append("Cartesian" if cartesian else "Direct")
    for _, place in sites:
        lines.append(" ".join(f"{x:.10f}" for x in (place @ shown if cartesian else place)) + " T F T" * selective)
    return "\n".join(lines) + "\n"


def described(read: ReadMaterials, row: int = 0) -> tuple[Counter[str], float]:
    """Return the atoms of a cell, and its volume in cubic angstrom."""
    assert read.failures == {}
    structures = read.materials.structures
    assert structures is not None
    one = structures.take([row])
    return Counter(SYMBOLS[z] for z in one.z.tolist()), abs(float(np.linalg.det(one.lattice[0])))


def volume_of(crystal: tuple[str, list[str], float]) -> float:
    return abs(float(np.linalg.det(lattice_vectors(np.array(cell_of(crystal))))))


@bounded
@given(CRYSTAL, STYLE)
def test_a_crystal_written_as_cif_reads_back(crystal: tuple[str, list[str], float], style: dict[str, Any]) -> None:
    read = read_structures([cif(crystal, style)])
    counts, volume = described(read)
    per_atom = volume_of(crystal) / counts_of(crystal).total()
    assert {k: v / counts.total() for k, v in counts.items()} == pytest.approx(
        {k: v / counts_of(crystal).total() for k, v in counts_of(crystal).items()}
    )
    assert volume / counts.total() == pytest.approx(per_atom, rel=1e-4)
    assert read.notes == {}


@bounded
@given(CRYSTAL, st.sampled_from([1.0, 2.5, -1.0]), st.booleans(), st.booleans())
def test_a_crystal_written_as_poscar_reads_back_site_by_site(
    crystal: tuple[str, list[str], float], scale: float, cartesian: bool, selective: bool
) -> None:
    read = read_structures([poscar(crystal, scale, cartesian, selective)])
    counts, volume = described(read)
    assert counts == counts_of(crystal)
    assert volume == pytest.approx(volume_of(crystal), rel=1e-6)
    structures = read.materials.structures
    assert structures is not None
    expected = np.array([place for _, place in all_sites(crystal)])
    assert np.abs((structures.frac - expected + 0.5) % 1 - 0.5).max() < 1e-6
    assert read.notes == {}


@bounded
@given(CRYSTAL)
def test_a_crystal_written_as_json_reads_back_as_the_object_does(crystal: tuple[str, list[str], float]) -> None:
    from pymatgen.core import Lattice, Structure

    sites = all_sites(crystal)
    made = Structure(
        Lattice(lattice_vectors(np.array(cell_of(crystal)))), [symbol for symbol, _ in sites], [x for _, x in sites]
    )
    read = read_structures([made, made.as_dict(), json.dumps(made.as_dict())])
    assert described(read) == described(read, 1) == described(read, 2)
    assert described(read)[0] == counts_of(crystal)


CHANGE = st.tuples(
    st.floats(0, 1, exclude_max=True),
    st.sampled_from(["insert", "replace", "delete", "line"]),
    st.sampled_from([*"0.-'\";#?[{}\n\0 9", "nan", "1e400", "9" * 30, "loop_\n", "data_", "null", "\ud800"]),
)


def changed(text: str, changes: list[tuple[float, str, str]]) -> str:
    for where, how, sign in changes:
        at = int(where * len(text))
        if how == "line":
            lines = text.split("\n")
            del lines[int(where * len(lines))]
            text = "\n".join(lines)
        else:
            text = text[:at] + ("" if how == "delete" else sign) + text[at + (how != "insert") :]
    return text


@bounded
@given(CRYSTAL, STYLE, st.lists(CHANGE, min_size=1, max_size=3))
def test_a_cif_with_anything_changed_is_read_or_refused_in_a_sentence(
    crystal: tuple[str, list[str], float], style: dict[str, Any], changes: list[tuple[float, str, str]]
) -> None:
    read = read_structures([changed(cif(crystal, style), changes)])
    assert all(0 < len(reason) < 1000 for reason in read.failures.values())


@bounded
@given(CRYSTAL, st.sampled_from(["poscar", "json"]), st.lists(CHANGE, min_size=1, max_size=3))
def test_a_poscar_or_json_with_anything_changed_is_read_or_refused_in_a_sentence(
    crystal: tuple[str, list[str], float], kind: str, changes: list[tuple[float, str, str]]
) -> None:
    from pymatgen.core import Structure

    text = poscar(crystal, 1.0, False, False)
    if kind == "json":
        text = json.dumps(Structure.from_str(text, fmt="poscar").as_dict())
    read = read_structures([changed(text, changes)])
    assert all(0 < len(reason) < 1000 for reason in read.failures.values())


@pytest.mark.parametrize("name", ["x.cif", "POSCAR", "x.vasp"])
@pytest.mark.parametrize("sign", ["\n", " \n", "\t", "data_ \n", "_a\n"])
def test_a_million_signs_that_say_nothing_are_refused(tmp_path: Any, name: str, sign: str) -> None:
    (tmp_path / name).write_text(sign * (1_000_000 // len(sign)))
    assert list(read_structures([tmp_path / name]).failures) == [0]
