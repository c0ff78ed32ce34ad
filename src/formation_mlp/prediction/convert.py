"""Put the energies of a table on another energy scale: rows in, rows out."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.data import columns
from formation_mlp.data.sources import read_table_in_parts
from formation_mlp.errors import DataError
from formation_mlp.hulls.energy_table import OPTIONS, EnergyTable, read_energy_table
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.scales import convert as scales
from formation_mlp.scales.convert import Converted
from formation_mlp.scales.maps import stored
from formation_mlp.scales.scale import SCALES
from formation_mlp.system.files import csv_text, write_json, write_text
from formation_mlp.system.outputs import about_path, claimed
from formation_mlp.system.text_table import aligned
from formation_mlp.typing import Floats
from formation_mlp.version import __version__

SCALE = "scale"
"""Column in which a table names the scale of its energies."""
LOOKED_AT = 1000
"""Rows in which that name is looked for."""
COLUMNS = {
    "id": "name of the row in the table",
    "formula": "as written in the table",
    "energy": "formation energy as given, eV/atom",
    "converted": "formation energy on the other scale, eV/atom",
    "lo90": "lower end of the interval that holds in 90 % of left-out compounds of the same kind, eV/atom",
    "hi90": "upper end of that interval, eV/atom",
    "kind": "kind of compound that the interval belongs to",
    "warning": "what to know of this row",
    "error": "why there is no number",
    "scale": "the scale of converted, lo90 and hi90",
}
"""Names of the columns of an answer to what they mean."""


@dataclass(frozen=True, slots=True)
class ConvertedTable:
    """What became of the rows.

    Attributes
    ----------
    n_rows : of the table, and of the answer
    n_failed : rows without a number, each with its reason in the column ``error``
    notes : lines that a reader should see
    """

    n_rows: int
    n_failed: int
    notes: list[str]


def convert(
    materials: Compositions | Sequence[str], energies: Floats | Sequence[float], from_: str, to: str
) -> Converted:
    """Put energies of one scale on another.

    Parameters
    ----------
    materials
        ``n`` formulas, or their compositions.
    energies
        eV/atom on the scale ``from_``, ``[n]``; NaN where there is none.
    from_, to
        Names of the scales.

    Returns
    -------
    Converted
        ``values``, ``lo`` and ``hi`` in eV/atom, ``[n]``, and the warnings and errors by row. A formula that cannot be
        read is an error of its row.

    Raises
    ------
    ConfigError
        If a scale is unknown, or no shared compounds connect the two.
    DataError
        If there are not as many energies as materials.

    Examples
    --------
    >>> import formation_mlp
    >>> converted = formation_mlp.convert(["KI", "Fe9O10", "Xx"], [-1.493, -1.715, 0.0], "mp2019", "mp2020")
    >>> converted.values.round(2).tolist(), sorted(converted.errors)
    ([-1.68, -1.48, nan], [2])
    """
    compositions, failures = materials, dict[int, str]()
    if not isinstance(compositions, Compositions):
        parsed = parse_formulas(compositions)
        compositions, failures = parsed.compositions, parsed.failures
    if len(compositions) != len(energies):
        raise DataError(
            f"convert: {len(compositions)} materials, but {len(energies)} energies. Give one energy for each, or NaN."
        )
    found = scales.convert(compositions, energies, from_, to)
    return replace(found, errors=found.errors | failures)


def convert_table(
    path: Path,
    from_: str,
    to: str,
    out: Path | None = None,
    *,
    column: str | None = None,
    formula: str | None = None,
    unit: str | None = None,
    encoding: str | None = None,
    overwrite: bool = False,
) -> ConvertedTable:
    """Convert the energies of a table, and write the answer: csv to a file or a pipe, a table to a terminal.

    Parameters
    ----------
    path
        A table of any kind that `read_table` knows.
    from_, to
        Names of the scales.
    out
        A csv file; beside it goes ``.about.json``, which says what the numbers mean.
    column, formula
        Of the table; found by their usual names if not given.
    unit
        Of the energies in the table; the answer is in eV/atom.
    encoding
        Of a table of text; see `formation_mlp.data.sources.read_table`.
    overwrite
        Whether an existing file is replaced.

    Raises
    ------
    ConfigError
        If a scale is unknown, or no shared compounds connect the two.
    DataError
        If the table cannot be read, names another scale than ``from_``, or the file must not be written.
    """
    with claimed(out, [path], overwrite=overwrite, others=[] if out is None else [about_path(out)]):
        _check_scale(path, from_, encoding)
        table = read_energy_table(
            path, formula=formula, energy=column, unit=unit, encoding=encoding, options=OPTIONS | {"energy": "--column"}
        )
        converted = scales.convert(table.compositions, table.energies, from_, to)
        answer = _columns(table, converted, to)
        errors = [text for text in answer["error"] if text]
        notes = _notes(converted, from_, to, table, len(errors))
        _write(answer, out, {"from": from_, "to": to, "table": path.name, "rows_without_number": len(errors)})
    return ConvertedTable(len(table), len(errors), notes)


def _check_scale(path: Path, from_: str, encoding: str | None) -> None:
    """Refuse a table that says that its energies are on another scale: converting twice is easily done."""
    with closing(read_table_in_parts(str(path), LOOKED_AT, encoding)) as parts:
        frame = next(parts)
    if SCALE not in frame.columns:
        return
    named = {cell for cell in columns.cells_of(frame, SCALE) if cell in SCALES}
    if others := sorted(named - {from_}):
        raise DataError(
            f"--from {from_}: the column 'scale' of {path} says that energies there are on the scale {others[0]!r}. "
            + (
                f"Write --from {others[0]}, or rename the column if it means something else."
                if len(named) == 1
                else "Energies of several scales are converted one scale at a time: divide the table."
            )
        )


def _columns(table: EnergyTable, converted: Converted, to: str) -> dict[str, Sequence[str]]:
    errors = converted.errors | table.errors
    named: dict[str, Sequence[str]] = {} if table.ids is None else {"id": table.ids}
    return named | {
        "formula": table.labels,
        "energy": _texts(table.energies),
        "converted": _texts(converted.values),
        "lo90": _texts(converted.lo),
        "hi90": _texts(converted.hi),
        "kind": ["" if row in errors else kind for row, kind in enumerate(converted.kinds)],
        "warning": [converted.warnings.get(row, "") for row in range(len(table))],
        "error": [errors.get(row, "") for row in range(len(table))],
        "scale": [to] * len(table),
    }


def _texts(values: Floats) -> list[str]:
    return ["" if value != value else f"{value:.6f}" for value in values.tolist()]


def _notes(converted: Converted, from_: str, to: str, table: EnergyTable, n_failed: int) -> list[str]:
    """Return how many rows have a warning or no number, and what the numbers stand for."""
    raw = stored()["maps"].get(f"{from_} {to}") or stored()["maps"][f"{to} {from_}"]
    notes = [
        f"converted: formation energy on the scale {to} ({SCALES[to].title}), eV/atom; left-out compounds differ by "
        f"{raw['exam_mean']:.3f} on average, with a median of {raw['exam_median']:.3f}"
    ]
    if "oqmd" in (from_, to):
        notes.append("a converted number belongs to the same structure: OQMD's is the lowest of the prototypes tried")
    if converted.warnings:
        often, count = Counter(converted.kinds[row] for row in converted.warnings).most_common(1)[0]
        notes.append(
            f"{len(converted.warnings):,} of {len(table):,} rows have a warning, {count:,} of them as {often!r}"
        )
    if table.doubt:
        notes.insert(0, table.doubt)
    if n_failed:
        notes.append(f"{n_failed:,} of {len(table):,} rows have no number; the column 'error' says why")
    return notes


def _write(answer: dict[str, Sequence[str]], out: Path | None, description: dict[str, Any]) -> None:
    header, rows = list(answer), list(zip(*answer.values(), strict=True))
    if out is not None:
        meaning = {name: COLUMNS[name] for name in header}
        write_text(out, csv_text(header, rows))
        about = {"file": out.name, "rows": len(rows), **description, "columns": meaning, "formation_mlp": __version__}
        write_json(about_path(out), about)
    elif sys.stdout.isatty():
        used = [name for name in header if any(answer[name])]
        print(aligned(used, list(zip(*(answer[name] for name in used), strict=True))))
    else:
        sys.stdout.write(csv_text(header, rows))
