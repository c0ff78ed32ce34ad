"""Where answers go: a terminal, a pipe, csv or parquet, and beside a file what its numbers mean."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from formation_mlp.prediction.answers import Answers
from formation_mlp.quoting import encodable
from formation_mlp.saved_model.columns import COLUMNS, DIGITS, HIDDEN, kind, texts
from formation_mlp.saved_model.named import NamedModel
from formation_mlp.system.files import csv_text, write_json, write_text
from formation_mlp.system.outputs import about_path
from formation_mlp.system.parquet import write_parquet
from formation_mlp.system.text_table import aligned, terminal_width
from formation_mlp.version import __version__

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Predicted:
    """What became of materials that were to be predicted.

    Attributes
    ----------
    n_rows : of the question, and of the answer
    n_failed : rows without a prediction, each with its reason in the column ``error``
    n_found : rows that an earlier call had predicted
    meaning : of the numbers, in one line, where the answer is in a file
    """

    n_rows: int
    n_failed: int
    n_found: int = 0
    meaning: str = ""


def write_answers(answers: Answers, out: Path | None, *, strict: bool = False) -> None:
    """Write csv or parquet to ``out`` with its ``.about.json``, csv to a pipe, or an aligned table to a terminal."""
    header = list(answers.columns)
    digits, few_digits = DIGITS[answers.unit]
    lines = [f"prediction: {model.heading(answers.unit, answers.scale)}" for model in answers.models]
    lines += answers.notes
    if out is not None:
        print(*lines, sep="\n", file=sys.stderr)
        described = answers.models, answers.unit, list(answers.columns), len(answers), answers.n_failed
        description = about(*described, out, strict=strict, scale=answers.scale, notes=answers.notes)
        if out.suffix == ".parquet":
            write_parquet(out, parquet_table(answers), description)
        else:
            write_text(out, csv_text(header, answers.rows(header, digits)))
        write_json(about_path(out), description)
    elif sys.stdout.isatty():
        print(*map(_wrapped, lines), "", sep="\n")
        shown = [name for name in header if name not in HIDDEN or name == answers.sorted_by]
        used = [name for name in shown if any(texts(name, answers.columns[name], 0))]
        print(aligned(used, list(answers.rows(used, few_digits))))
    else:
        print(*lines, sep="\n", file=sys.stderr, flush=True)
        sys.stdout.write(csv_text(header, answers.rows(header, digits)))


def _wrapped(line: str) -> str:
    """Return a line of the heading as lines that fit the terminal; what goes to a pipe or a file keeps its lines."""
    width = max(terminal_width(), 40)
    return textwrap.fill(line, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def about(
    models: Sequence[NamedModel],
    unit: str,
    columns: Sequence[str],
    n_rows: int,
    n_failed: int,
    out: Path,
    *,
    strict: bool,
    scale: str | None = None,
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Return what a reader of the file ``out`` must know."""
    return {
        "file": out.name,
        "rows": n_rows,
        "rows_without_prediction": n_failed,
        "strict": strict,
        "models": [model.description(unit, scale) for model in models],
        **({"notes": list(notes)} if notes else {}),
        "columns": {name: COLUMNS[kind(name)] for name in columns},
        "formation_mlp": __version__,
    }


def csv_lines(answers: Answers) -> str:
    """Return the rows as comma-separated text without a header."""
    digits, _ = DIGITS[answers.unit]
    return csv_text(None, answers.rows(list(answers.columns), digits))


def parquet_table(answers: Answers) -> pa.Table:
    """Return the columns as an Arrow table."""
    import pyarrow as pa

    return pa.table({name: pa.array(_storable(values), from_pandas=True) for name, values in answers.columns.items()})


def _storable(values: Any) -> Any:
    """Return a column of texts as Arrow takes them; other columns as they are."""
    if not isinstance(values, list | tuple):
        return values
    return [encodable(value) if isinstance(value, str) else value for value in values]
