"""How sure `stability` is of its verdicts: the same columns as those of a screening."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from formation_mlp.hulls.energy_table import ENDS
from formation_mlp.hulls.verdicts import Judged
from formation_mlp.materials.inputs import read_formulas
from formation_mlp.quoting import counted
from formation_mlp.saved_model.named import FOR_STABILITY, NamedModel, named_model
from formation_mlp.screening.chances import Errors, chances, product_errors, settled
from formation_mlp.typing import Floats

LEVEL = 0.9
"""Of the intervals."""


def with_chances(judged: Judged, classifier: NamedModel | None = None) -> Judged:
    """Return verdicts with intervals and chances, if the table says how far its energies are off.

    The columns are those of `screen`: ``p_stable``, the ends of the interval of the decomposition energy, ``p_hull``
    and ``p_classifier``. What the members of a model answer is not in the table, so the intervals of the energies stand
    alone for the errors of the distances. The classifier is the shipped one, if none is given.
    """
    table = judged.table
    if table.half_width is None:
        note = f"no chances to be stable: the table has no columns {' and '.join(ENDS)}, as predict writes them"
        return replace(judged, notes=[*judged.notes, note])
    good = table.good
    half_width = table.half_width[good]
    rows = np.flatnonzero(np.isfinite(half_width))
    read = read_formulas([table.labels[row] for row in good[rows].tolist()])
    model = classifier or named_model(None, FOR_STABILITY)
    by_class = model.predictor.predict_read(read).values
    products = product_errors(judged.decompositions, judged.phase_errors)[rows]
    errors = Errors(half_width[rows], None, np.full(len(rows), np.nan), products)
    energy = judged.decompositions.energy[rows]
    sure = settled(chances(energy, errors, by_class, LEVEL), table.compositions.take(good[rows]), energy)
    columns: dict[str, Floats] = {
        "p_stable": sure.joined,
        "decomposition_lo90": sure.low,
        "decomposition_hi90": sure.high,
        "p_hull": sure.by_hull,
        "p_classifier": by_class,
    }
    whole = {}
    for name, values in columns.items():
        whole[name] = np.full(len(table), np.nan)
        whole[name][good[rows]] = values
    verdicts, notes = [""] * len(table), list(judged.notes)
    for row, word in zip(good[rows].tolist(), sure.stable, strict=True):
        verdicts[row] = word
    n_stable, n_perhaps = verdicts.count("yes"), verdicts.count("perhaps")
    notes.append(f"joined with the classifier {n_stable:,} are stable, and {n_perhaps:,} perhaps")
    if len(rows) < len(good):
        lack = counted(len(good) - len(rows), "compound has", "compounds have")
        notes.append(f"{lack} no interval, and no chance to be stable")
    return replace(judged, verdicts=verdicts, chances=whole, notes=notes)
