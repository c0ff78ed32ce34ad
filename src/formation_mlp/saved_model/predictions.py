"""What a model answers to some inputs, row by row."""

from __future__ import annotations

from dataclasses import dataclass

from formation_mlp.trust.domain_columns import DomainColumns
from formation_mlp.typing import Floats


@dataclass(frozen=True, slots=True)
class Predictions:
    """Predictions of ``n`` inputs, in their order.

    Attributes
    ----------
    labels : the formula as given, or what stands for a structure, ``[n]``
    values : eV/atom, or the probability of the positive class; NaN where there is an error, ``[n]``
    warnings : a remark, or empty, ``[n]``
    errors : why there is no prediction, or empty, ``[n]``
    std : standard deviation of the members, weighted by their shares, in eV/atom, ``[n]``; None with one member
    lo, hi : ends of the interval at ``level``, eV/atom, ``[n]``; None if no level was asked for
    level : share of the truths that the intervals hold, or None
    scale : the energy scale of the numbers; empty if the model does not say
    population : ``known``, ``hypothetical`` or ``own``, for which each interval is meant, ``[n]``; None if it does not
        tell
    expected_error : mean absolute error to expect, eV/atom, ``[n]``; None if the model cannot say
    trust : ``high``, ``medium`` or ``low``, empty where there is an error, ``[n]``; None if the model cannot say
    domain : how the inputs compare with the training rows; None if the model does not know
    """

    labels: list[str]
    values: Floats
    warnings: list[str]
    errors: list[str]
    std: Floats | None = None
    lo: Floats | None = None
    hi: Floats | None = None
    level: float | None = None
    domain: DomainColumns | None = None
    scale: str = ""
    population: list[str] | None = None
    expected_error: Floats | None = None
    trust: list[str] | None = None

    def rows(self) -> list[tuple[str, float | None, str, str]]:
        """Return label, prediction (or None), warning and error of each input."""
        values = [None if error else float(value) for value, error in zip(self.values, self.errors, strict=True)]
        return list(zip(self.labels, values, self.warnings, self.errors, strict=True))
