"""What is found of a table so far, and what is not certain."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


@dataclass(slots=True)
class Finding:
    """What is known of a table so far.

    Attributes
    ----------
    frame : the table
    data : keys of the section ``data`` of a configuration
    notes : what was found, in sentences for the user
    problems : what is not certain, each with the option that settles it
    """

    frame: pd.DataFrame
    data: dict[str, Any]
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
