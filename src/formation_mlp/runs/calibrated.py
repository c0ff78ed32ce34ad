"""What a calibration has made of a model, and what it is worth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from formation_mlp.data.records import LeftOut
from formation_mlp.quoting import counted
from formation_mlp.runs.own_fit import CONFIDENCE, FOLDS, Held, Shift
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.system.outputs import about_path
from formation_mlp.system.text_table import aligned
from formation_mlp.trust.levels import meaning
from formation_mlp.trust.own_rows import OwnRows
from formation_mlp.version import __version__

LEARNED_FROM = (
    "rows that the model has learned from make intervals too narrow, and its file does not tell which those are: "
    "leave them out of the table"
)


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A model, calibrated by own rows.

    Attributes
    ----------
    model : with ``own`` rows
    shift : of its predictions, with what it gains
    level : of the intervals that are compared
    rows : what intervals and predictions are worth, by name: before, and after on rows that were left out
    left_out : rows of the table that were not used, with the reason
    remark : what the model has learned of the rows
    """

    model: Checkpoint
    shift: Shift
    level: float
    rows: dict[str, Held]
    left_out: tuple[LeftOut, ...]
    remark: str = LEARNED_FROM

    @property
    def own(self) -> OwnRows:
        """What the model learned from the rows."""
        if self.model.own is None:
            raise RuntimeError("a calibrated model without own rows")
        return self.model.own

    def table(self) -> str:
        """Return the comparison as text."""
        percent = f"{100 * self.level:g} %"
        header = ["intervals", "MAE", f"{percent} hold", "from", "to", "mean width"]
        rows = [
            [name, *("-" if np.isnan(x) else f"{x:.3f}" for x in (one.mae, one.share, one.low, one.high, one.width))]
            for name, one in self.rows.items()
        ]
        return (
            f"{aligned(header, rows)}\n\n"
            "MAE and width in eV/atom; hold: share of the rows inside the intervals, "
            f"with its {100 * CONFIDENCE:g} % binomial interval.\n"
            f"after: on left-out rows, {FOLDS} parts of the formulas in turn; shift and intervals come from the others."
        )

    def lines(self, out: Path, model: str) -> list[str]:
        """Return what else to know of the model that was written to ``out``; the last line is on learned rows."""
        shift, own = self.shift, self.own
        done = f"{shift.amount:+.3f} eV/atom is added to predictions; on left-out rows that changes"
        if not shift.amount:
            done = f"none; on left-out rows the median error, {shift.candidate:+.3f} eV/atom, would change"
        lines = [
            f"shift: {done} the MAE by {-shift.gain:+.3f} eV/atom (standard error {shift.standard_error:.3f})",
        ]
        if np.isnan(self.rows["after"].share):
            lines.append(f"after: when a part of the formulas is left out, the others are too few for {self.level:g}")
        if own.levels:
            lines.append(f"trust, of such compounds: {meaning(own.levels)}")
        on_scale = f" (it answers on the scale {own.scale})" if own.scale else ""
        return [
            *lines,
            f"{out}: {model}, {own.said()} ({counted(own.n_formulas, 'formula')}); {about_path(out).name} says more",
            f"ask it with: formation-mlp predict {out} FORMULA{on_scale}",
            self.remark,
        ]

    def as_json(self) -> dict[str, Any]:
        """Return what the reader of the model's file must know, as plain data."""
        without_nan = {
            name: {field: None if np.isnan(x) else round(x, 5) for field, x in _fields(one).items()}
            for name, one in self.rows.items()
        }
        return {
            "calibrated_on": self.own.as_json(),
            "shift": {name: round(value, 5) for name, value in self.shift._asdict().items()},
            "level": self.level,
            "intervals": without_nan,
            "left_out": {row.id: row.reason for row in self.left_out},
            "remark": self.remark,
            "formation_mlp": __version__,
        }


def _fields(one: Held) -> dict[str, float]:
    return {"mae": one.mae, "share": one.share, "low": one.low, "high": one.high, "mean_width": one.width}
