"""Rank candidate compounds by predicted formation energy, and say which answers not to build on.

    python rank_candidates.py candidates.csv

The table has a column ``formula``. Every name below has a type: ``mypy --strict rank_candidates.py`` finds no error.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from formation_mlp import Predictor, load
from formation_mlp.errors import FormationMLPError


@dataclass(frozen=True)
class Candidate:
    """A compound that could be predicted; energies in eV/atom."""

    formula: str
    energy: float
    low: float
    high: float
    trust: str


def ranked(model: Predictor, formulas: Sequence[str]) -> tuple[list[Candidate], dict[str, str]]:
    """Return the candidates, lowest energy first, and for each formula without an answer the reason."""
    table = model.predict_table(formulas)
    has_answer = table["error"] == ""
    refused = table[~has_answer]
    columns = table[has_answer].sort_values("prediction")[["formula", "prediction", "lo90", "hi90", "trust"]]
    candidates = [
        Candidate(str(formula), float(energy), float(low), float(high), str(trust))
        for formula, energy, low, high, trust in columns.itertuples(index=False)
    ]
    return candidates, dict(zip(refused["formula"], refused["error"], strict=True))


def formulas_of(path: Path) -> list[str]:
    """Return the column of formulas; as text, since pandas would read the formula NaN as a missing value."""
    with path.open(encoding="utf-8", newline="") as file:
        return [row["formula"] for row in csv.DictReader(file)]


def lines(candidates: Iterable[Candidate], refused: dict[str, str]) -> Iterable[str]:
    """Yield what is printed."""
    for one in candidates:
        doubt = "" if one.trust == "high" else f"  trust {one.trust}"
        yield f"{one.formula:<12} {one.energy:7.3f}  ({one.low:.3f} to {one.high:.3f}){doubt}"
    for formula, reason in refused.items():
        yield f"{formula:<12} no answer: {reason}"


def main(arguments: Sequence[str]) -> int:
    """Print the ranking; errors of the user end with a sentence and exit code 2."""
    if len(arguments) != 1:
        print("usage: rank_candidates.py TABLE.csv", file=sys.stderr)
        return 2
    try:
        candidates, refused = ranked(load("composition"), formulas_of(Path(arguments[0])))
    except (OSError, FormationMLPError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print("\n".join(lines(candidates, refused)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
