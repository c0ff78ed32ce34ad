"""Command lines: verbs with words and options of all sorts, inside this process."""

import contextlib
import csv
import io
import os
import sys
import tempfile
from pathlib import Path

from formation_mlp.materials.structure.files import is_structure_file
from fuzzing import chemistry
from fuzzing.formula_text import plain
from fuzzing.models import copied, predictor, tiny_run

WORDS = (
    *(
        "NaCl",
        "Fe2O3",
        "",
        " ",
        "x",
        "-",
        "--",
        "POSCAR",
        "x.cif",
        "in.csv",
        "in.json",
        "run",
        "composition",
        "stability",
        "structure",
    ),
    *(
        ".",
        "folder",
        "nan",
        "/dev/null",
        "missing.csv",
        "Li-Fe-O",
        "list.txt",
        "job.yaml",
        "a" * 5000,
        "\udcff",
        "Fe₂O₃",
        "CO",
        "SIO2",
    ),
    *(
        "NaCl.cif",
        "bundled",
        "matminer:x",
        "2",
        "0",
        "H2O Fe",
        "../x",
        "run/model.safetensors",
        "empty",
        "*",
        "{}",
        "é",
        "\n",
        "=1",
    ),
)
VALUES = (
    *WORDS,
    "-1",
    "1",
    "3",
    "1e400",
    "inf",
    "0.9",
    "1.5",
    "eV/atom",
    "kJ/mol",
    "formula",
    "id",
    "out.csv",
    "out.parquet",
    "out.png",
    "in.csv",
)
OPTIONS = {
    "predict": ("--model", "--stable", "--csv", "--out", "--formula", "--id", "--level", "--unit", "--strict", "-q"),
    "models": ("--json",),
    "explain": ("--by", "--out", "--alone", "-q"),
    "evaluate": ("--csv", "--target", "--unit"),
    "report": ("--out",),
    "featurize": ("--features", "--out", "--formula", "--id", "-q"),
    "stability": ("--out", "--formula", "--energy", "--competing", "-q"),
    "screen": ("--max-atoms", "--model", "--formula", "--level", "--out", "--top", "-q"),
    "train": ("--set", "--resume", "-q", "--workers"),
    "benchmark": ("--set", "-q"),
    "tune": ("--set", "--trials", "--resume", "-q"),
    "verbs that are none": ("--x",),
}
FLAGS = {"--stable", "--strict", "-q", "--json", "--alone", "--resume"}


class CommandLines:
    """Run each line in a folder of its own; formulas must get the numbers that Python gives."""

    slow_seconds = 10.0

    def __init__(self) -> None:
        self.ways = {
            "predict formulas": (3, self.predict),
            "predict a table": (2, self.table),
            "words at random": (5, self.random),
            "one and two workers": (0.1, self.workers),
        }

    def warm_up(self) -> None:
        import torch  # noqa: F401

        predictor("composition").predict_rows(["NaCl"], level=0.9)
        predictor("stability").predict_rows(["NaCl"])
        self.place = tempfile.TemporaryDirectory()
        self.run = tiny_run(Path(self.place.name))

    def predict(self, rng, trial) -> None:
        items = [
            rng.choice([plain(chemistry.random_composition(rng, 4)), rng.choice(WORDS)])
            for _ in range(rng.randint(1, 4))
        ]
        stdin = "\n".join(items) if rng.random() < 0.3 else ""
        code, out, _ = self._run(trial, ["predict", *([] if stdin else items)], stdin)
        if code not in (0, 2) or "out.csv" in items:
            return
        self._as_in_python(trial, list(csv.DictReader(io.StringIO(out))), items)

    def table(self, rng, trial) -> None:
        formulas = [plain(chemistry.random_composition(rng, 4)) for _ in range(rng.randint(1, 9))]
        (trial.folder / "t.csv").write_text("formula\n" + "\n".join(formulas) + "\n")
        out = rng.choice([[], ["--out", "o.csv"], ["--out", "o.parquet"]])
        code, text, _ = self._run(trial, ["predict", "--csv", "t.csv", *out, "-q"], "")
        if code != 0:
            return
        if out:
            import pandas as pd

            path = trial.folder / out[1]
            read = (
                pd.read_csv(path, keep_default_na=False) if path.suffix == ".csv" else pd.read_parquet(path).fillna("")
            )
            rows = read.astype(str).to_dict("records")
        else:
            rows = list(csv.DictReader(io.StringIO(text)))
        self._as_in_python(trial, rows, formulas)

    def random(self, rng, trial) -> None:
        verb = rng.choice(list(OPTIONS))
        words = [verb] if verb in OPTIONS and " " not in verb else [rng.choice(["", "predct", "-x", "--debug", "NaCl"])]
        places = {"train": "job.yaml", "benchmark": "bad.yaml", "tune": "bad.yaml", "evaluate": "run", "report": "run"}
        if verb in places:
            words.append(rng.choice([places[verb], places[verb], rng.choice(WORDS)]))
        elif verb in ("featurize", "stability", "screen"):
            words.append(rng.choice(["in.csv", "in.csv", "list.txt", rng.choice(WORDS)]))
        else:
            words += [rng.choice(WORDS) for _ in range(rng.randint(0, 3))]
        for option in rng.sample(OPTIONS[verb], rng.randint(0, min(3, len(OPTIONS[verb])))):
            words += [option] if option in FLAGS else [option, _value(rng, option)]
        self._run(trial, words, rng.choice(["", "", "NaCl\nFe2O3\n", "\0\n", "x" * 100_000]))

    def workers(self, rng, trial) -> None:
        """Predict one table with one process and with two: the files must be the same to the last sign."""
        formulas = [plain(chemistry.random_composition(rng, 4)) for _ in range(3000)]
        (trial.folder / "t.csv").write_text("formula\n" + "\n".join(formulas) + "\n")
        contents = []
        for n in ("1", "2"):
            self._run(trial, ["predict", "--csv", "t.csv", "--out", f"o{n}.csv", "--workers", n, "-q"], "")
            path = trial.folder / f"o{n}.csv"
            contents.append(path.read_bytes() if path.exists() else b"")
        if contents[0] != contents[1]:
            trial.find("differs", "the files of one and of two processes")

    def _as_in_python(self, trial, rows, items) -> None:
        if len(rows) != len(items):
            return
        for row, item in zip(rows, items, strict=True):
            if not item.strip() or is_structure_file(item):
                continue
            found = predictor("composition").predict_rows([item], level=0.9)
            value, error = found.values[0], found.errors[0]
            number = row.get("prediction", "")
            if bool(error) != bool(row.get("error")) or (not error and abs(float(number) - value) > 1e-6):
                trial.find("differs", f"{row}; in Python {value} {error}"[:400])

    def _run(self, trial, words, stdin):
        from formation_mlp import cli

        self._fill(trial.folder, words)
        trial.give(
            f"formation-mlp {' '.join(ascii(word) for word in words)}" + (f" <<< {stdin[:100]!r}" if stdin else "")
        )
        out, err = io.StringIO(), io.StringIO()
        before, here, standard = sys.argv, Path.cwd(), sys.stdin
        code = None

        def main():
            nonlocal code
            try:
                cli.main()
                code = 0
            except SystemExit as end:
                code = 0 if end.code is None else end.code

        try:
            os.chdir(trial.folder)
            sys.argv, sys.stdin = ["formation-mlp", *words], io.StringIO(stdin)
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                trial.call(main)
        finally:
            os.chdir(here)
            sys.argv, sys.stdin = before, standard
        if code == 2:
            trial.refuse(err.getvalue())
        if code not in (0, 2, None):
            trial.find("traceback", f"the exit code is {code}: {err.getvalue()[-300:]}")
        if "Traceback" in err.getvalue():
            trial.find("traceback", err.getvalue()[-300:])
        if code == 2 and not err.getvalue().strip():
            trial.find("silent", "the exit code is 2, without a word")
        return code, out.getvalue(), err.getvalue()

    def _fill(self, folder, words) -> None:
        (folder / "in.csv").write_text("id,formula,energy\na,NaCl,-2.1\nb,Fe2O3,-1.7\nc,Xx,0\n")
        (folder / "in.json").write_text('[{"formula": "NaCl", "target": -2.1}]')
        (folder / "list.txt").write_text("NaCl\nFe2O3\nFeO\n")
        (folder / "empty").write_text("")
        (folder / "folder").mkdir(exist_ok=True)
        (folder / "job.yaml").write_text("data: {path: in.csv, target: energy}\n")
        (folder / "bad.yaml").write_text("data: {path: missing.csv}\n")
        if any(word.startswith("run") for word in words) and not (folder / "run").exists():
            copied(self.run, folder / "run")


def _value(rng, option):
    match option:
        case "--out":
            return rng.choice(
                [
                    "out.csv",
                    "in.csv",
                    "out.parquet",
                    "folder",
                    "",
                    "out.png",
                    "run/x.csv",
                    "a" * 300 + ".csv",
                    "\udcff.csv",
                ]
            )
        case "--set":
            return rng.choice(
                [
                    "seed=1",
                    "x",
                    "=",
                    "a=b",
                    "model.hidden=[10000000,10000000]",
                    "output=",
                    "data=3",
                    "data.path=",
                    "seed=2024-13-45",
                    "model.hidden=[99999999999999999999]",
                ]
            )
        case "--workers" | "--trials":
            return rng.choice(["1", "0", "-1", "x", ""])
        case "--features":
            return rng.choice(["stoichiometry", "2024-13-01", "", "x", "[", "{a: b}", "magpie,,"])
        case "--max-atoms":
            return rng.choice(["4", "2", "0", "x", "-1"])
        case _:
            return rng.choice(VALUES)
