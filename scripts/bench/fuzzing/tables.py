"""Tables: rows with a known truth written as CSV, JSON and parquet in many dialects, and files damaged at random."""

import gzip
import io
import json

from fuzzing import chemistry
from fuzzing.literal import literal
from fuzzing.record import Refusal
from fuzzing.table_text import (
    HOSTILE_CSV,
    HOSTILE_JSON,
    cells_of,
    csv_dialect,
    csv_text,
    header_of,
    json_dialect,
    parquet_dialect,
    random_rows,
    to_parquet,
)


class Tables:
    """Read each table as a data set, in parts, and as the input of a prediction."""

    def __init__(self) -> None:
        self.ways = {
            "CSV, right in every point": (2, self.plain),
            "CSV dialects": (5, self.dialect),
            "JSON": (4, self.as_json),
            "parquet": (3, self.parquet),
            "bytes changed": (3, self.changed),
            "hostile": (1, self.hostile),
            "the same rows as CSV, JSON and parquet": (1, self.three),
        }

    def warm_up(self) -> None:
        import pandas as pd
        import pyarrow.parquet  # noqa: F401

        pd.DataFrame({"a": [1]}).to_parquet(io.BytesIO())

    def plain(self, rng, trial) -> None:
        rows = random_rows(rng)
        text = csv_text(rows)
        trial.give(text)
        self._judge(rng, trial, "t.csv", text.encode(), rows, "", must_read=True)

    def dialect(self, rng, trial) -> None:
        rows = random_rows(rng)
        text, encoding, reason = csv_dialect(rng, rows)
        trial.give(f"{encoding}: {text}")
        data = text.encode(encoding)
        name = rng.choice(["t.csv", "t.csv", "t.csv.gz", "t.CSV"])
        self._judge(rng, trial, name, data, rows, reason)

    def as_json(self, rng, trial) -> None:
        rows = random_rows(rng)
        text, reason = json_dialect(rng, rows)
        trial.give(text)
        self._judge(rng, trial, rng.choice(["t.json", "t.json.gz"]), text.encode(), rows, reason)

    def parquet(self, rng, trial) -> None:
        rows = random_rows(rng)
        data, shown, reason = parquet_dialect(rng, rows)
        trial.give(shown)
        self._judge(rng, trial, "t.parquet", data, rows, reason)

    def changed(self, rng, trial) -> None:
        rows = random_rows(rng)
        name = rng.choice(["t.csv", "t.json", "t.parquet", "t.csv.gz"])
        if name == "t.parquet":
            data = bytearray(parquet_dialect(rng, rows)[0])
        else:
            data = bytearray((json_dialect(rng, rows)[0] if name == "t.json" else csv_text(rows)).encode())
            data = bytearray(gzip.compress(bytes(data))) if name.endswith("gz") else data
        for _ in range(rng.choice([1, 2, 5])):
            at = rng.randrange(len(data)) if len(data) else 0
            match rng.randrange(3):
                case 0 if data:
                    data[at] = rng.randrange(256)
                case 1:
                    del data[at : at + rng.choice([1, 40])]
                case _:
                    data[at:at] = rng.choice([b"0", b"\0", b"\n", b'"', b",", b"\xff", b"9" * 400])
        trial.give(f"{name}: {bytes(data)!r}")
        self._read(rng, trial, name, bytes(data), rows)

    def hostile(self, rng, trial) -> None:
        rows = random_rows(rng)
        if rng.random() < 0.6:
            name, text = "t.json", rng.choice(HOSTILE_JSON)
        else:
            name, text = "t.csv", rng.choice(HOSTILE_CSV)
        trial.give(f"{name}: {text}")
        self._read(rng, trial, name, text.encode("utf-8", "surrogatepass"), rows)

    def three(self, rng, trial) -> None:
        rows = random_rows(rng)
        trial.give(csv_text(rows))
        records = [dict(zip(header_of(rows), cells, strict=True)) for cells in cells_of(rows)]
        files = {
            "t.csv": csv_text(rows).encode(),
            "t.json": json.dumps(records).encode(),
            "t.parquet": to_parquet(records),
        }
        files["t.csv.gz"] = gzip.compress(files["t.csv"])
        answers = {name: self._read(rng, trial, name, data, rows) for name, data in files.items()}
        if len({repr(answer) for answer in answers.values()}) > 1:
            trial.find("differs", repr(answers)[:600])

    def _judge(self, rng, trial, name, data, rows, reason, *, must_read=False) -> None:
        data = gzip.compress(data) if name.endswith(".gz") else data
        found = self._read(rng, trial, name, data, rows, drop=reason == "a cell is no number" and rng.random() < 0.5)
        if must_read and trial.outcome == "refused" and "may be a decimal point" not in trial.detail:
            trial.find("silent", f"refused, though nothing is wrong: {trial.detail}")
        if found is None or trial.outcome != "read":
            return
        truth = [
            (literal(formula), value)
            for formula, value in zip(rows.formulas, rows.values, strict=True)
            if value is not None
        ]
        if reason == "cut":  # nobody can know what stood behind the last sign that is left
            found, truth = found[:-1], truth[: len(found) - 1]
        right = len(found) == len(truth) and all(
            chemistry.same(atoms, other) and abs(value - number) < 1e-9
            for (atoms, value), (other, number) in zip(found, truth, strict=True)
        )
        if not right:
            trial.find("silent", f"read as {found!r}, but it says {truth!r} {reason}"[:600])
        elif reason.startswith("!"):
            trial.find("silent", f"read in spite of {reason}")

    def _read(self, rng, trial, name, data, rows, *, drop=False):
        from formation_mlp.chemistry.elements import SYMBOLS
        from formation_mlp.config.schema import DataConfig, TaskConfig
        from formation_mlp.data.dataset import load_dataset
        from formation_mlp.data.sources import read_table, read_table_in_parts

        path = trial.folder / name
        path.write_bytes(data)
        config = DataConfig(path=str(path), unit="eV/atom", invalid="drop" if drop else "error")
        whole = trial.call(read_table, str(path))
        parts = trial.call(lambda: list(read_table_in_parts(str(path), 3)))
        self._same_parts(trial, whole, parts)
        dataset = trial.call(load_dataset, config, TaskConfig())
        if dataset is None or isinstance(dataset, Refusal):
            return None
        trial.outcome = "remark" if dataset.left_out or dataset.notes else "read"
        compositions, found = dataset.materials.compositions, []
        for i, value in enumerate(dataset.y.tolist()):
            a, b = compositions.row_ptr[i : i + 2].tolist()
            names = [SYMBOLS[z] for z in compositions.z[a:b].tolist()]
            found.append((dict(zip(names, compositions.amount[a:b].tolist(), strict=True)), value))
        return found

    def _same_parts(self, trial, whole, parts) -> None:
        import pandas as pd

        if whole is None or parts is None or (isinstance(whole, Refusal) and isinstance(parts, Refusal)):
            return
        if isinstance(whole, Refusal) or isinstance(parts, Refusal):
            trial.find("differs", f"whole: {_short(whole)}; in parts: {_short(parts)}")
            return
        joined = pd.concat(parts, ignore_index=True)
        same = list(joined.columns) == list(whole.columns) and len(joined) == len(whole)
        if not same or any(repr(a) != repr(b) for a, b in zip(_values(joined), _values(whole), strict=True)):
            trial.find("differs", f"whole: {_values(whole)!r}; in parts: {_values(joined)!r}"[:600])


def _values(frame):
    return frame.astype(str).to_numpy().ravel().tolist()


def _short(answer):
    return answer.reason[:200] if isinstance(answer, Refusal) else "read"
