"""The commands that go on from a finished fit."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from formation_mlp.benchmark.outcome import Outcome
from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.data.records import Target
from formation_mlp.fitting.fit import Fitted
from formation_mlp.hulls.known_phases import scales
from formation_mlp.hulls.scale_evidence import scale_evidence
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.saved_model.predictor import load
from formation_mlp.screening.compositions import electronegativity

SCREENED = (2, 3, 4)
"""Elements of a system that is screened as an example."""
MEASURED = "measured"
"""Origin of energies that lie on no scale of calculations."""


def next_commands(fitted: Fitted) -> str:
    """Return the commands that go on from here."""
    run = str(fitted.folder.path)
    quoted = f"'{run}'" if " " in run else run
    model = load(fitted.folder.path)
    is_of_structures = fitted.job.table.kind == "structures"
    example = "NEW.cif" if is_of_structures else "NaCl"
    interval = "with an interval; " if model.has_intervals else ""
    lines = {f"formation-mlp predict {quoted} {example}": f"{interval}--csv NEW.csv --out PREDICTED.csv"}
    if not is_of_structures:
        lines |= screening(fitted.benchmark.outcomes[0], quoted, model.checkpoint.target)
    lines |= {
        f"formation-mlp report {quoted}": f"{fitted.page} is there already: scores, figures, methods",
        f"formation-mlp train {quoted}/config.yaml --overwrite": "the same model again; change what you like in a copy",
    }
    width = max(map(len, lines))
    return "Next:\n" + "\n".join(f"  {command:{width}}  # {what}" for command, what in lines.items())


def screening(outcome: Outcome, run: str, target: Target) -> dict[str, str]:
    """Return the command that screens a chemical system by a run, with what to know of the energy scale.

    Parameters
    ----------
    outcome
        Of any model: its rows name the system, and tell on which scale they seem to lie.
    run
        As the user calls it.
    target
        Of the table, with the scale and the origin that it declares.
    """
    compositions = parse_formulas(list(outcome.formulas)).compositions
    command = f"formation-mlp screen {_commonest_system(compositions)} --model {run}"
    if target.scales:
        return {
            command: "ranks its compositions by stability" + (", beside known phases" * (target.scales[0] in scales()))
        }
    if target.source == MEASURED:
        return {command: "ranks its compositions by stability, without known phases: their energies are calculated"}
    evidence = scale_evidence(compositions, outcome.y)
    if not evidence.clear:
        return {command: "ranks its compositions by stability, without known phases: the table declares no scale"}
    return {
        f"{command} --scale {evidence.clear}": f"beside known phases: energies look like {evidence.clear} ({evidence})"
    }


def _commonest_system(compositions: Compositions) -> str:
    """Return the chemical system of two to four elements of which there are most compounds, else of any number."""
    rows = [
        tuple(sorted(compositions.z[start:stop].tolist(), key=electronegativity))
        for start, stop in pairwise(compositions.row_ptr.tolist())
    ]
    (system, _), *_ = Counter([row for row in rows if len(row) in SCREENED] or rows).most_common(1)
    return "-".join(SYMBOLS[z] for z in system)
