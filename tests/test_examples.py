"""The programs of ``docs/examples`` run as their page says; mypy checks their types with those of the package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.modules import module_at
from support.paths import ROOT


@pytest.fixture(scope="module")
def rank_candidates() -> Any:
    """Return the module ``docs/examples/rank_candidates.py``."""
    return module_at(ROOT / "docs" / "examples" / "rank_candidates.py")


def test_candidates_are_ranked_and_what_has_no_answer_is_named(
    rank_candidates: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "candidates.csv"
    table.write_text("formula\nFe2O3\nPuXe2\nNACL\nNaN\nMgO\n")
    assert rank_candidates.main([str(table)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["MgO", "Fe2O3", "PuXe2", "NaN", "NACL"]
    assert lines[2].endswith("trust low")
    assert lines[4].startswith("NACL         no answer: formula 'NACL'")


def test_a_table_of_refused_formulas_has_no_ranking(
    rank_candidates: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "candidates.csv"
    table.write_text("formula\nNACL\n")
    assert rank_candidates.main([str(table)]) == 0
    assert capsys.readouterr().out.startswith("NACL         no answer")


@pytest.mark.parametrize("arguments", [[], ["absent.csv"]])
def test_errors_of_the_user_end_with_a_sentence(
    rank_candidates: Any, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert rank_candidates.main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(("usage:", "error:"))
