"""A unit that the known compounds of a table speak against is not believed, and published tables are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from formation_mlp.config.schema import DataConfig, TaskConfig
from formation_mlp.data.dataset import load_dataset
from formation_mlp.data.discovery import Discovery, discover
from formation_mlp.data.sources import read_table
from formation_mlp.data.unit_doubt import doubt_of_unit
from formation_mlp.data.unit_evidence import known_compounds, measured_enthalpies
from formation_mlp.errors import DataError
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.typing import Floats
from formation_mlp.units import UNITS, to_ev_per_atom

N = 40
OF_BUNDLED = read_table("bundled")
FORMULAS = OF_BUNDLED["formula"][OF_BUNDLED["formation_enthalpy_per_atom"].astype(float) < -0.3].tolist()[5::20][:N]
COMPOSITIONS = parse_formulas(FORMULAS).compositions
KEYS = COMPOSITIONS.keys()


def energies(unit: str, scatter: float = 0.05) -> Floats:
    """Return energies of known compounds as computed ones scatter, in a unit."""
    rng = np.random.default_rng(0)
    enthalpies = np.array([measured_enthalpies()[key] for key in KEYS])
    return (enthalpies + rng.normal(0, scatter, N)) / to_ev_per_atom(np.ones(N), unit, COMPOSITIONS.n_atoms)


def table_of(folder: Path, name: str, values: Floats) -> str:
    path = folder / "table.csv"
    lines = [f"{formula},{value!r}" for formula, value in zip(FORMULAS, values.tolist(), strict=True)]
    path.write_text("\n".join([f"Compound,{name}", *lines]) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def found(tmp_path: Path) -> Callable[..., Discovery]:
    def find(name: str, values: Floats, **said: object) -> Discovery:
        return discover(table_of(tmp_path, name, values), **said)  # type: ignore[arg-type]

    return find


@pytest.mark.parametrize("unit", UNITS)
def test_the_right_unit_is_not_doubted(unit: str) -> None:
    assert len(known_compounds(COMPOSITIONS)) == N
    assert not doubt_of_unit(energies(unit), COMPOSITIONS, unit, FORMULAS)


@pytest.mark.parametrize("shift", [0.15, -0.15])
@pytest.mark.parametrize("scatter", [0.0, 0.3])
def test_other_scales_and_large_errors_are_no_wrong_unit(shift: float, scatter: float) -> None:
    assert not doubt_of_unit(energies("eV/atom", scatter) + shift, COMPOSITIONS, "eV/atom", FORMULAS)


@pytest.mark.parametrize("said", UNITS)
@pytest.mark.parametrize("true", UNITS)
def test_a_wrong_unit_is_refused_with_the_right_one(found: Callable[..., Discovery], true: str, said: str) -> None:
    """But for two that differ by less than the sizes of formulas do."""
    factors = to_ev_per_atom(to_ev_per_atom(np.ones(N), said, COMPOSITIONS.n_atoms), "eV/atom", np.ones(N))
    factors = factors / to_ev_per_atom(np.ones(N), true, COMPOSITIONS.n_atoms)
    if true == said:
        assert found("E_f", energies(true), unit=said).data["unit"] == true
    elif not 0.4 < np.median(factors) < 2.5:
        with pytest.raises(DataError) as caught:
            found("E_f", energies(true), unit=said)
        message = str(caught.value)
        assert f"--unit {said} --insist" in message or "beyond 20 eV/atom" in message
        if "beyond" not in message:
            assert f"in {said}, {N} known compounds lie in the median" in message
            assert f"but in {true} 0.0" in message


def test_the_unit_of_a_name_is_held_against_the_numbers_too(found: Callable[..., Discovery]) -> None:
    with pytest.raises(DataError, match=r"in meV/atom, 40 known compounds .* but in eV/atom 0\.0"):
        found("E_f (meV/atom)", energies("eV/atom"))


def test_total_energies_do_not_pass_as_a_small_unit(found: Callable[..., Discovery]) -> None:
    total = energies("eV/atom") - 5
    with pytest.raises(DataError, match="as far as if all energies were zero"):
        found("energy_per_atom", total, target="energy_per_atom", unit="meV/atom")


def test_few_known_compounds_do_not_stop(tmp_path: Path) -> None:
    path = tmp_path / "few.csv"
    rows = [f"{formula},{value}" for formula, value in zip(FORMULAS[:9], energies("eV/atom")[:9], strict=True)]
    path.write_text("\n".join(["formula,E_f", *rows]) + "\n", encoding="utf-8")
    assert discover(str(path), unit="kJ/mol").data["unit"] == "kJ/mol"


def test_other_quantities_are_no_wrong_unit(found: Callable[..., Discovery]) -> None:
    """Distances to the hull are small beside formation energies, and still what the user names."""
    above_hull = np.abs(energies("eV/atom")) / 20
    assert not doubt_of_unit(above_hull, COMPOSITIONS, "eV/atom", FORMULAS)
    assert not doubt_of_unit(1000 * above_hull, COMPOSITIONS, "meV/atom", FORMULAS)
    said = {"target": "e_above_hull", "unit": "eV/atom"}
    with pytest.raises(DataError, match="--unit eV/atom --insist would take it nevertheless"):
        found("e_above_hull", above_hull, **said)
    assert found("e_above_hull", above_hull, insist=True, **said).data["unit"] == "eV/atom"


@pytest.mark.parametrize("said", [{}, {"unit": "kJ/mol"}, {"unit": "eV/atom"}])
@pytest.mark.parametrize("share", [2, 5])
def test_mixed_units_are_refused_with_rows_of_each(
    found: Callable[..., Discovery], said: dict[str, str], share: int
) -> None:
    mixed = np.where(np.arange(N) % share, energies("eV/atom"), energies("kJ/mol"))
    with pytest.raises(DataError, match="the column mixes units") as caught:
        found("Hf", mixed, **said)
    for row in (0, 1):
        assert f"{FORMULAS[row]} ({mixed[row]:.5g})" in str(caught.value)
    with pytest.raises(DataError, match="no material lies beyond 20 eV/atom"):
        found("Hf", mixed, unit="eV/atom", insist=True)


def test_who_insists_is_believed_and_reminded(found: Callable[..., Discovery], tmp_path: Path) -> None:
    done = found("E_f", energies("eV/atom"), unit="kJ/mol", insist=True)
    assert done.data["unit"] == "kJ/mol"
    assert any(note.startswith("You insist on it, but in kJ/mol, 40 known compounds") for note in done.notes)
    dataset = load_dataset(DataConfig(**done.data), TaskConfig())
    assert len(dataset.doubts) == 1
    assert "the unit of 'E_f': in kJ/mol, 40 known compounds" in dataset.doubts[0]
    assert dataset.take([0, 1]).doubts == dataset.doubts


def test_one_impossible_row_is_left_out_and_named(found: Callable[..., Discovery]) -> None:
    values = energies("eV/atom")
    values[3] = -414.0
    done = found("E_f", values, unit="eV/atom")
    assert any(f"row {FORMULAS[3]}: -414 eV/atom, but no material lies beyond 20" in note for note in done.notes)
    dataset = load_dataset(DataConfig(**done.data), TaskConfig())
    assert [(row.id, row.reason) for row in dataset.left_out] == [
        ("4", "the energy is -414 eV/atom, but no material lies beyond 20 eV/atom")
    ]
    with pytest.raises(DataError, match="1 row cannot be used"):
        load_dataset(DataConfig(**(done.data | {"invalid": "error"})), TaskConfig())
