"""How fast predictions are: a large table end to end, one formula in a fresh process, one formula in Python.

    python scripts/bench/predict.py MODEL [--rows 1000000] [--formulas TABLE] [--workers 1 2]

MODEL is a run folder or a shipped model. The table holds formulas drawn (seed 0) from the bundled one, or from the
column ``formula`` of another. A table is timed with the start of the process, reading and writing included.
"""

import argparse
import csv
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import pandas as pd

from formation_mlp import load
from formation_mlp.data.sources import read_table

COLD_STARTS, CALLS = 7, 200


def write_table(path, formulas, n_rows):
    drawn = random.Random(0).choices(formulas, k=n_rows)  # noqa: S311
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "formula"])
        writer.writerows((f"row{i}", formula) for i, formula in enumerate(drawn))


def run(*words):
    """Return seconds and the peak memory (GB) of a command, without its workers."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "formation_mlp", *map(str, words)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(map(str, words))}: ended with {status}")
    return time.perf_counter() - start, usage.ru_maxrss / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--formulas", default="bundled", help="a table with a column 'formula'")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    asked = parser.parse_args()
    formulas = read_table(asked.formulas)["formula"].tolist()
    with tempfile.TemporaryDirectory() as folder:
        table, out = Path(folder) / "in.csv", Path(folder) / "out.csv"
        write_table(table, formulas, asked.rows)
        print(f"{'workers':>7}  {'rows':>9}  {'seconds':>7}  {'rows/s':>8}  {'parent, GB':>10}")
        for workers in asked.workers:
            seconds, memory = run("predict", asked.model, "--csv", table, "--out", out, "--workers", workers, "-q")
            rate = asked.rows / seconds
            print(f"{workers:>7}  {asked.rows:>9,}  {seconds:>7.1f}  {rate:>8,.0f}  {memory:>10.2f}", flush=True)
            written = pd.read_csv(out, usecols=["id", "error"], keep_default_na=False)
            if written["id"].tolist() != [f"row{i}" for i in range(asked.rows)]:
                raise SystemExit("the rows are not in their order")
    cold = [run("predict", asked.model, "Fe2O3")[0] for _ in range(COLD_STARTS)]
    spread = f"median of {COLD_STARTS}; {min(cold):.2f} to {max(cold):.2f}"
    print(f"one formula in a fresh process: {median(cold):.2f} s ({spread})")
    start = time.perf_counter()
    predictor = load(asked.model)
    loading = time.perf_counter() - start
    times = []
    for _ in range(CALLS):
        start = time.perf_counter()
        predictor.predict(["Fe2O3"])
        times.append(time.perf_counter() - start)
    print(f"loading {loading:.2f} s; one formula in Python {1e3 * median(times):.2f} ms (median of {CALLS})")


if __name__ == "__main__":
    main()
