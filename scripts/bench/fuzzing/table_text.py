"""Rows with a known truth, written as CSV, JSON and parquet in many dialects."""

import csv
import io
import json
from dataclasses import dataclass

from fuzzing import chemistry
from fuzzing.formula_text import plain

TARGETS = ("formation_energy_per_atom", "e_form", "target", "delta_e", "formation_energy")
FORMULAS = ("formula", "composition", "formula_pretty", "Formula", "pretty_formula")
NO_NUMBERS = (
    "-1_0",
    "1,5",
    "na",
    "n/a",
    "-",
    "1.2.3",
    "--1",
    "1 2",
    "0x10",
    "1e",
    "abc",
    "−1.2",
    "1.2 eV",
    "#N/A",
    "?",
    "inf",
    "nan",
    "1e400",
    "½",
)
HOSTILE_JSON = (
    *(
        "null",
        "3",
        '"x"',
        "[]",
        "{}",
        "[[]]",
        '[{"formula": "NaCl"}, 3]',
        '[{"formula": "NaCl"}, null]',
        '[{"formula": "NaCl"}, ["a"]]',
    ),
    *(
        '[{"formula": "\\ud800", "target": 1}]',
        "[" * 100_000,
        '{"a":' * 100_000,
        '[{"formula": "NaCl", "target": ' + "9" * 400 + "}]",
    ),
    *(
        '[{"formula": "NaCl", "target": 1e400}]',
        '[{"formula": ["NaCl"], "target": 1}]',
        '[{"formula": {"Na": 1}, "target": {"a": 1}}]',
    ),
    *(
        '{"data": 3, "columns": 4}',
        '{"data": [[1, 2]], "columns": ["formula"]}',
        '{"data": null}',
        '{"formula": {"0": "NaCl"}, "target": [1]}',
    ),
    *(
        '[{"formula": "NaCl", "target": NaN}]',
        '[{"formula": "NaCl", "target": true}]',
        '{"schema": 1, "data": [1]}',
        '[{"": 1}]',
    ),
)

_LONG = "x" * 1_000_000
HOSTILE_CSV = (
    *(
        "",
        "\n",
        "\0" * 100,
        ",,,,\n" * 1000,
        _LONG,
        f"formula,target\n{_LONG},1\n",
        '"' * 99_999,
        "formula\n",
        "a\n" * 3,
    ),
    *("formula,target\nNaCl,1" + "," * 100_000, "formula,target\nNaCl,1\n" * 2, "," * 2_000 + "\n1"),
)


@dataclass
class Rows:
    """What a table says."""

    formulas: list[str]
    values: list[float | None]
    target: str
    column: str
    ids: list[str] | None


def random_rows(rng) -> Rows:
    n = rng.randint(1, 12)
    formulas = [plain(chemistry.random_composition(rng, 4)) for _ in range(n)]
    values = [round(rng.uniform(-4, 0.5), rng.randint(1, 6)) for _ in range(n)]
    ids = [f"{rng.choice(['row', 'mp-', ''])}{i}" for i in range(n)] if rng.random() < 0.4 else None
    return Rows(formulas, values, rng.choice(TARGETS), rng.choice(FORMULAS), ids)


def header_of(rows):
    return [*(["id"] if rows.ids else []), rows.column, rows.target]


def cells_of(rows):
    values = ["" if value is None else value for value in rows.values]
    return list(zip(*([rows.ids] if rows.ids else []), rows.formulas, values, strict=True))


def csv_text(rows, cells=None, *, delimiter=",", header=None) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", delimiter=delimiter)
    writer.writerow(header or header_of(rows))
    writer.writerows(cells or cells_of(rows))
    return out.getvalue()


def csv_dialect(rng, rows):
    """Return text, encoding, and why it is not certain; '!' begins what must never be read without a word."""
    cells = [list(map(str, line)) for line in cells_of(rows)]
    at = rng.randrange(len(cells))
    match rng.randrange(24):
        case 0:
            return csv_text(rows, delimiter=";"), "utf-8", ""
        case 1:
            return csv_text(rows, delimiter="\t"), "utf-8", ""
        case 2:
            comma = [
                [cell.replace(".", ",") if i == len(line) - 1 else cell for i, cell in enumerate(line)]
                for line in cells
            ]
            return csv_text(rows, comma, delimiter=rng.choice(";;,")), "utf-8", ""
        case 3:
            return csv_text(rows), rng.choice(["utf-16", "utf-16-le", "utf-32", "utf-8-sig"]), ""
        case 4:
            return (
                rng.choice(["# a comment\n", "A title\n", "\n", "\n\n", "Tab. 1,,\n", "#in eV\n"]) + csv_text(rows),
                "utf-8",
                "",
            )
        case 5:
            cells[at][-1] = rng.choice(NO_NUMBERS)
            rows.values[at] = None
            return csv_text(rows, cells), "utf-8", "a cell is no number"
        case 6:
            name = rng.choice(header_of(rows))
            header = [*header_of(rows), name]
            doubled = [[*line, "5"] for line in cells]
            return csv_text(rows, doubled, header=header), "utf-8", "!a column stands twice"
        case 7:
            i = rng.randrange(len(cells[at]))
            cells[at][i] = cells[at][i][:1] + "\0" + cells[at][i][1:]
            return csv_text(rows, cells), "utf-8", "!NUL in a cell"
        case 8:
            text = csv_text(rows).splitlines()
            text[at + 1] += rng.choice([",", ",x", ",,", ',"'])
            return "\n".join(text) + "\n", "utf-8", ""
        case 9:
            return csv_text(rows).replace("\n", rng.choice(["\r\n", "\r", "\n\n", "\n\r\n"])), "utf-8", ""
        case 10:
            return csv_text(rows, [[f" {cell} " for cell in line] for line in cells]), "utf-8", ""
        case 11:
            return csv_text(rows, header=[f" {name.upper()} " for name in header_of(rows)]), "utf-8", ""
        case 12:
            cells[at][-1] = ""
            rows.values[at] = None
            return csv_text(rows, cells), "utf-8", ""
        case 13:
            return "\n".join(",".join(f'"{cell}"' for cell in line) for line in [header_of(rows), *cells]), "utf-8", ""
        case 14:
            text = csv_text(rows)
            return text[: rng.randint(len(text) // 2, len(text))], "utf-8", "cut"
        case 15:
            more = [[*line, "Müller"] for line in cells]
            return csv_text(rows, more, header=[*header_of(rows), "author"]), rng.choice(["latin-1", "utf-8"]), ""
        case 16:
            cells[at][-1] = rng.choice(
                [f"{rows.values[at]:+e}", f"{rows.values[at]:.8f}", f" {rows.values[at]}", f"{rows.values[at]:E}"]
            )
            rows.values[at] = float(cells[at][-1])
            return csv_text(rows, cells), "utf-8", ""
        case 17:
            i = len(cells[at]) - 2
            cells[at][i] = rng.choice(["", "nan", "?", "x", "Fe(II)O", "=A1", "1.5", "NaCl 225"])
            rows.formulas[at] = "?"
            return csv_text(rows, cells), "utf-8", "!a cell is no formula"
        case 18 if rows.ids and len(rows.ids) > 1:
            cells[0][0] = cells[1][0]
            return csv_text(rows, cells), "utf-8", "!an id stands twice"
        case 19:
            return csv_text(rows) + rng.choice(["\n\n\n", "# end\n", "Total,,\n", "\x1a", ";;\n", "\0"]), "utf-8", ""
        case 20:
            header = header_of(rows)
            header[-1] = rng.choice(["formation_energy_per_atom (eV)", "E", "", "formula", "1"])
            return csv_text(rows, header=header), "utf-8", ""
        case 21:
            return csv_text(rows, [[f"'{cell}'" for cell in line] for line in cells]), "utf-8", ""
        case 22:
            return csv_text(rows, cells, header=[f"{name}\n" for name in header_of(rows)]), "utf-8", ""
        case _:
            more = [[*line, rng.choice(["1", "", "a,b", 'q"q', "x\ny"])] for line in cells]
            return csv_text(rows, more, header=[*header_of(rows), "remark"]), "utf-8", ""


def json_dialect(rng, rows):
    header = header_of(rows)
    records = [dict(zip(header, line, strict=True)) for line in cells_of(rows)]
    by_column = {name: [record[name] for record in records] for name in header}
    at = rng.randrange(len(records))
    match rng.randrange(16):
        case 0:
            return json.dumps(records), ""
        case 1:
            return json.dumps(by_column), ""
        case 2:
            return json.dumps({"columns": header, "data": [list(line) for line in cells_of(rows)]}), ""
        case 3:
            return json.dumps({"data": records}), ""
        case 4:
            fields = [
                {"name": name, "type": "string" if i < len(header) - 1 else "number"} for i, name in enumerate(header)
            ]
            return json.dumps({"schema": {"fields": fields, "pandas_version": "1.4.0"}, "data": records}), ""
        case 5:
            return json.dumps(
                {name: {str(i): value for i, value in enumerate(values)} for name, values in by_column.items()}
            ), ""
        case 6:
            text = json.dumps(records)
            return text.replace(
                f'"{rows.target}": ', f'"{rows.target}": 7.5, "{rows.target}": ', 1
            ), "!a key stands twice"
        case 7:
            records[at][rows.target] = rng.choice(
                [None, "", True, "x", [1], {"a": 1}, "1,5", 10**400, float("nan"), "-1_0", False]
            )
            rows.values[at] = None
            return json.dumps(records), "a cell is no number"
        case 8:
            records.insert(at, rng.choice([3, None, ["a"], "x", []]))
            return json.dumps(records), "!an item is no record"
        case 9:
            for record in records:
                record["formula_pretty"] = record.pop(rows.column)
                record["composition"] = {"Na": 1.0}
            return json.dumps(records), ""
        case 10:
            text = json.dumps(records)
            return text[: rng.randint(1, len(text) - 1)], "!it is cut"
        case 11:
            del records[at][rows.target]
            rows.values[at] = None
            return json.dumps(records), ""
        case 12:
            return "\n".join(map(json.dumps, records)), ""
        case 13:
            by_column[rows.target] = [str(value) for value in by_column[rows.target]]
            return json.dumps(by_column), ""
        case 14:
            cell = rng.choice([None, 3, ["NaCl"], {"Na": 1, "Cl": 1}, {"Na": -1}, {}, "", True, "\ud800"])
            records[at][rows.column] = cell
            rows.formulas[at] = "NaCl" if cell == {"Na": 1, "Cl": 1} else "?"
            return json.dumps(records), "" if rows.formulas[at] == "NaCl" else "!a cell is no formula"
        case _:
            return "\ufeff" + json.dumps(records, indent=2), ""


def to_parquet(records, **keys) -> bytes:
    import pandas as pd

    out = io.BytesIO()
    pd.DataFrame(records).to_parquet(out, **keys)
    return out.getvalue()


def parquet_dialect(rng, rows):
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        name: list(cells) for name, cells in zip(header_of(rows), zip(*cells_of(rows), strict=True), strict=True)
    }
    formula, target = pa.array(columns[rows.column]), pa.array(columns[rows.target], pa.float64())
    reason, shown, at = "", "", rng.randrange(len(rows.formulas))
    match rng.randrange(14):
        case 0:
            formula = formula.cast(pa.large_string())
        case 1:
            formula = formula.dictionary_encode()
        case 2:
            formula = formula.cast(pa.binary())
        case 3:
            target = pa.array([str(value) for value in columns[rows.target]])
        case 4:
            target = pa.array(
                [None if i == at else value for i, value in enumerate(columns[rows.target])], pa.float64()
            )
            rows.values[at] = None
        case 5:
            target = target.cast(pa.float32())
            rows.values = target.cast(pa.float64()).to_pylist()
        case 6:
            target = pa.array([[value] for value in columns[rows.target]])
            reason = "!a list in each cell"
        case 7:
            formula = pa.array([{"Na": 1.0} for _ in columns[rows.column]])
            reason = "a mapping in each cell"
            rows.formulas = ["Na"] * len(rows.formulas)
        case 8:
            target = pa.array([float("inf") if i == at else value for i, value in enumerate(columns[rows.target])])
            reason = "!an infinite number"
        case 9:
            from datetime import UTC, datetime

            target = pa.array([datetime(2020, 1, 1, tzinfo=UTC)] * len(target))
            reason = "!times for numbers"
        case 10:
            from decimal import Decimal

            target = pa.array([Decimal(str(value)) for value in columns[rows.target]])
        case 11:
            target = pa.array([True] * len(target))
            reason = "!true for numbers"
    arrays = {name: pa.array(columns[name]) for name in columns} | {rows.column: formula, rows.target: target}
    table = pa.table(arrays)
    if rng.random() < 0.2:
        note = rng.choice(
            [b"{", b"null", b"[]", b'{"columns": 3}', b'{"index_columns": ["x"], "columns": []}', b"\xff", b"{}"]
        )
        table, shown = table.replace_schema_metadata({b"pandas": note}), f" pandas metadata {note!r}"
        reason = reason or ""
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue(), f"parquet {table.schema.to_string(show_schema_metadata=False)!r}{shown} {columns!r}", reason
