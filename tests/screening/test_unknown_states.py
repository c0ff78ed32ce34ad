"""A chemistry that nobody knows neither leads a ranking nor vanishes without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from formation_mlp.chemistry.known_states import unknown_states
from formation_mlp.errors import DataError
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.screening.candidates import candidates_of
from formation_mlp.screening.screen import Screening, screen


def ranked(screening: Screening) -> list[str]:
    return [screening.candidates.formulas[row] for row in screening.rows.tolist()]


def test_candidates_with_unknown_states_are_left_out_and_counted() -> None:
    few, all_ = candidates_of("Mn-F"), candidates_of("Mn-F", all_states=True)
    gone = set(all_.formulas) - set(few.formulas)
    assert {"MnF5", "MnF6", "MnF7"} <= gone
    assert few.title.endswith(
        f"; left out for an oxidation state that no known compound has: {len(gone)} (--all-states keeps them)"
    )
    assert all(unknown_states(parse_formulas(sorted(gone)).compositions))
    assert "left out" not in all_.title
    assert "left out" not in candidates_of("La-Cl", max_atoms=4).title
    assert "MnF7" in candidates_of("Mn-F", unbalanced=True).formulas


def test_where_nothing_is_left_the_way_on_is_said() -> None:
    with pytest.raises(DataError, match="--all-states takes them"):
        candidates_of("Kr-Cl")
    assert candidates_of("Kr-Cl", all_states=True).formulas == ["KrCl2"]


def test_in_a_list_they_come_last_and_are_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("MnF7\nXx\nMnO\nMn3F\nMnF3\n")
    found = screen(candidates_of(str(path)))
    assert set(ranked(found)[:2]) == {"MnO", "MnF3"}
    assert set(ranked(found)[2:4]) == {"MnF7", "Mn3F"}
    assert ranked(found)[4] == "Xx"
    warnings = dict(zip(ranked(found), found.answers.columns["warning"], strict=True))
    assert "no known compound has Mn+7 with F" in str(warnings["MnF7"])
