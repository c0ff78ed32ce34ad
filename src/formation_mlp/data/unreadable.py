"""Rows of a table that cannot be read: how many, which ones, and whether their column can be the right one."""

from __future__ import annotations

from collections.abc import Mapping

from formation_mlp.data import columns
from formation_mlp.data.finding import Finding
from formation_mlp.quoting import counted, first_of

FEW = 0.05
"""Share of rows that may be unreadable in a column that is found by its cells; more hint at a wrong column."""
MANY = 0.5
"""The same for a column that is settled, by the user or by its name."""


def judge_unreadable(
    finding: Finding,
    option: str,
    column: str,
    wrong: Mapping[int, str],
    n: int,
    *,
    is_settled: bool,
    is_sample: bool = False,
) -> None:
    """Let the loader leave out rows that cannot be read, and name the first; too many hint at a wrong column.

    Parameters
    ----------
    finding
        What is known of the table; gets a note or a problem.
    option, column
        The option that names the column, without dashes, and its name.
    wrong
        Places of rows in the table, counted from 0, to the reason why each cannot be read.
    n
        Rows that were looked at.
    is_settled
        Whether the user or its name says which column it is.
    is_sample
        Whether they are some of all rows.
    """
    if not wrong:
        return
    looked_at = " that were looked at" if is_sample else ""
    head = f"{len(wrong):,} of {counted(n, 'row')}{looked_at} cannot be read"
    rows = _listed(finding, wrong)
    if is_settled and len(wrong) > MANY * n:
        advice = f"That is more than half of them. Correct them, or name another column with --{option}."
        finding.problems.append(f"--{option}: in column {column!r} {head}:{rows}\n{advice}")
    elif not is_settled and len(wrong) > max(1, FEW * n):
        advice = f"If it is the right column, say --{option} {column!r}, and they are left out."
        finding.problems.append(f"--{option}: in column {column!r} {head}:{rows}\n{advice}")
    else:
        finding.notes.append(f"{head} and {'is' if len(wrong) == 1 else 'are'} left out:{rows}")


def _listed(finding: Finding, wrong: Mapping[int, str]) -> str:
    """Return one line for each of the first rows; those of a folder have the names of its files."""
    frame = finding.frame
    names = columns.cells_of(frame, "id") if columns.FILES in frame.attrs else range(1, len(frame) + 1)
    return first_of([(names[row], wrong[row]) for row in sorted(wrong)], ", which the report names")
