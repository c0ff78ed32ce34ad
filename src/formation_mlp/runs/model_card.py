"""A model file in a few lines, with what a calibration was worth."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from formation_mlp.quoting import counted
from formation_mlp.runs.folder_files import CalibrationFile, read_json_file
from formation_mlp.saved_model.checkpoint import model_path
from formation_mlp.saved_model.predictor import load
from formation_mlp.saved_model.short_card import facts_of
from formation_mlp.system.outputs import about_path
from formation_mlp.system.text_table import aligned

WIDTH = 100
NUMBERS = ("mae", "share", "low", "high", "mean_width")


def describe_file(name: str | Path) -> str:
    """Return what is known of a model: a run folder, a model file, or a shipped model.

    Beside a calibrated one lies ``.about.json``, whose comparison of intervals before and after is shown.

    Raises
    ------
    CheckpointError
        If there is no such model, or the file beside it is damaged.

    Examples
    --------
    >>> print(describe_file("composition").splitlines()[0])
    model         composition: DFT formation energy of the ground state, from the composition
    """
    predictor = load(name)
    facts = facts_of(predictor.checkpoint, predictor.scale)
    own = predictor.checkpoint.own
    facts |= {} if own is None else {"own rows": own.said()}
    width = max(map(len, facts))
    lines = [
        textwrap.fill(text, WIDTH, initial_indent=f"{label:{width}}  ", subsequent_indent=" " * (width + 2))
        for label, text in facts.items()
    ]
    about = about_path(model_path(name))
    if own is None or not about.exists():
        return "\n".join(lines)
    return "\n".join([*lines, "", _comparison(read_json_file(about, CalibrationFile))])


def _comparison(about: dict[str, Any]) -> str:
    """Return how often intervals held before and after a calibration."""
    header = ["intervals", "MAE", f"{100 * about['level']:g} % hold", "from", "to", "mean width"]
    rows = [
        [name, *("-" if one.get(key) is None else f"{one[key]:.3f}" for key in NUMBERS)]
        for name, one in about["intervals"].items()
    ]
    said = [aligned(header, rows), "after: on rows left out in turn; MAE and width in eV/atom"]
    if about.get("left_out"):
        said.append(f"{counted(len(about['left_out']), 'row')} of the table left out")
    return "\n".join([*said, *filter(None, [about.get("remark", "")])])
