"""A list of candidates may have its formulas in a column of any name."""

from __future__ import annotations

from pathlib import Path

import pytest

from formation_mlp.errors import DataError
from formation_mlp.screening.candidates import candidates_of


@pytest.mark.parametrize("name", ["formula", "Compound", "xyz"])
def test_formulas_are_found(tmp_path: Path, name: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"no,{name},gap\n1,LiFeO2,2\n2,NaCl,5\n3,Fe2O3,2\n", encoding="utf-8")
    assert candidates_of(str(path)).formulas == ["LiFeO2", "NaCl", "Fe2O3"]


def test_a_list_without_formulas_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("no,who\n1,Meier\n", encoding="utf-8")
    with pytest.raises(DataError, match="--formula: no column is called formula"):
        candidates_of(str(path))
