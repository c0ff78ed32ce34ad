"""Whether screening puts chemistry that nobody knows first.

    python scripts/bench/unlike_screen.py            # 39 systems, a line each; half a minute
    python scripts/bench/unlike_screen.py --all-states

Prints, for each system M-X, how many candidates there are, how many were left out for an oxidation state that no
known compound has, and the first three ranks. With --all-states the left-out ones are candidates too, the order is that
of the energy alone, and an asterisk marks them.
"""

from __future__ import annotations

import argparse

import numpy as np

from formation_mlp.chemistry.known_states import unknown_states
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.screening.candidates import candidates_of
from formation_mlp.screening.screen import screen

METALS = ("Mn", "Fe", "Ni", "Cu", "Ru", "Os", "Ag", "N", "Cl", "La")
LIGANDS = ("F", "O", "Cl", "H")
SYSTEMS = tuple(f"{m}-{x}" for m in METALS for x in LIGANDS if m != x)
FIRST = 3


def first_ranks(system: str, all_states: bool) -> tuple[int, int, list[str], int]:
    """Return candidates, left-out ones, the first formulas, and how many of these need an unknown state."""
    candidates = candidates_of(system, all_states=all_states)
    n_all = len(candidates_of(system, all_states=True).formulas)
    screening = screen(candidates)
    formulas = [candidates.formulas[row] for row in screening.rows.tolist()]
    if all_states:
        order = np.argsort(screening.decomposition_energy, kind="stable")
        formulas = [formulas[row] for row in order.tolist()]
    top = formulas[:FIRST]
    is_unknown = [bool(text) for text in unknown_states(parse_formulas(top).compositions)]
    marked = [f"{formula}*" if star else formula for formula, star in zip(top, is_unknown, strict=True)]
    return len(formulas), n_all - len(formulas), marked, sum(is_unknown)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--all-states", action="store_true", help="rank by energy alone, unknown states included")
    options = parser.parse_args()
    total = 0
    print("| system | candidates | left out | first three |\n|---|---:|---:|---|")
    for system in SYSTEMS:
        n, left_out, top, unknown = first_ranks(system, options.all_states)
        total += unknown
        print(f"| {system} | {n} | {left_out} | {', '.join(top)} |", flush=True)
    print(
        f"\n{total} of the first {FIRST} of {len(SYSTEMS)} systems need an oxidation state that no known compound has"
    )


if __name__ == "__main__":
    main()
