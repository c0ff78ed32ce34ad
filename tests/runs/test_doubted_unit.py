"""A training on a unit that known compounds speak against says so, in the print and on the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from support.commands import Outcome

CONFIG = """\
data: {path: table.csv, unit: meV/atom}
features: [stoichiometry]
training: {max_epochs: 2}
output: run
"""


def test_the_doubt_is_said_and_stands_in_the_report(
    command: Callable[..., Outcome], workplace: Path, rows: list[tuple[str, str]]
) -> None:
    lines = ["formula,target", *(f"{formula},{energy}" for formula, energy in rows)]
    (workplace / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (workplace / "c.yaml").write_text(CONFIG, encoding="utf-8")
    trained = command("train", "c.yaml")
    trained.succeeded()
    doubt = "the unit of 'target': in meV/atom, "
    assert f"not to believe without a look: {doubt}" in trained.err
    command("report", "run").succeeded()
    page = (workplace / "run" / "report.html").read_text(encoding="utf-8").replace("&#39;", "'")
    assert "The scores as a whole:" in page
    assert doubt in page
    evaluated = command("evaluate", "run", "--csv", "table.csv")
    evaluated.succeeded()
    assert doubt in evaluated.err
