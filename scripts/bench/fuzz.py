"""Try inputs of all kinds on the installed package: what is read wrongly, what ends in a traceback, what differs.

    python scripts/bench/fuzz.py [--inputs 10000] [--seed 0] [--kind formulas ...] [--only SEED]

Most inputs are made from a truth that the maker keeps: a reading must give it, or say how it reads, or refuse. The
table counts, for each way to make inputs: read, read with a remark, refused; then what must not happen: tracebacks
(anything raised but a `FormationMLPError`), silent readings (another truth, or none that is certain, without a word),
differing results (alone or beside others, in a long column, from a cache, from another kind of file), and slow inputs
(above a second of processor time, or much memory, or a message of pages). All inputs are read inside this process,
which may take 4 GB more than it has. The exit status is 1 if any of these columns is not zero.
"""

import argparse
import logging
import os
import random
import shutil
import sys
import tempfile
import time
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from fuzzing.kinds import KINDS
from fuzzing.record import COLUMNS, SLOW_SECONDS, Book, Trial, bound_memory, limits, shortened

from formation_mlp.system.text_table import aligned

HEADER = ("kind", "way", "inputs", "read", "remark", "refused", "tracebacks", "silent", "differing", "slow")
SHOWN = 40


def run_kind(name, n, seed, folder, book, only=None):
    kind = KINDS[name][1]()
    if hasattr(kind, "warm_up"):  # imports and compiles what no input should pay for
        kind.warm_up()
    names, weights = list(kind.ways), [weight for weight, _ in kind.ways.values()]
    trials = []
    for i in range(n):
        own = f"{seed}/{name}/{i}"
        if only is not None and own != only:
            continue
        rng = random.Random(own)  # noqa: S311
        way = rng.choices(names, weights)[0]
        place = folder / str(i)
        place.mkdir()
        trial = Trial(own, name, way, place, slow_seconds=getattr(kind, "slow_seconds", SLOW_SECONDS))
        with limits(trial):
            try:
                kind.ways[way][1](rng, trial)
            except Exception as error:  # of this script, which must not end the others
                trial.find("traceback", f"in the script itself: {type(error).__name__}: {error}")
        shutil.rmtree(place, ignore_errors=True)
        trials.append(trial)
        if only is not None:
            print(f"{own}: {trial.shown}\n-> {trial.outcome} {trial.detail}")
    if hasattr(kind, "finish"):
        folder.joinpath("together").mkdir()
        last = Trial(f"{seed}/{name}/together", name, "all together", folder / "together", "all inputs of this kind")
        kind.finish(last)
        trials += [last] if last.findings else []
    for trial in trials:
        book.add(trial)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--only", help="the seed of one input, as the list below the table shows it")
    parser.add_argument("--all", action="store_true", help=f"list all findings, not {SHOWN}")
    asked = parser.parse_args()
    kinds = [asked.only.split("/")[1]] if asked.only else asked.kind
    warnings.simplefilter("ignore")
    logging.disable()
    book, start = Book(), time.perf_counter()
    total = sum(KINDS[name][0] for name in kinds)
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FORMATION_MLP_CACHE"] = str(Path(folder) / "cache")
        bound_memory(4_000_000_000)
        for name in kinds:
            place = Path(folder) / name
            place.mkdir()
            seed = asked.seed if not asked.only else asked.only.split("/")[0]
            n = round(asked.inputs * KINDS[name][0] / total)
            run_kind(name, 10**6 if asked.only else n, seed, place, book, asked.only)
            os.chdir(here)
    print(aligned(HEADER, book.rows()))
    print(f"\n{time.perf_counter() - start:.0f} s, seed {asked.seed}. The slowest:")
    for seconds, trial in book.slowest:
        print(f"  {seconds:.2f} s  {trial.seed}  {shortened(trial.shown, 80)}")
    for trial, column, what in book.findings[: None if asked.all else SHOWN]:
        print(f"\n{column}  {trial.seed}  ({trial.way})\n  {shortened(trial.shown)}\n  {shortened(what, 400)}")
    if len(book.findings) > SHOWN and not asked.all:
        print(f"\n... and {len(book.findings) - SHOWN} more; --all lists them")
    counted = {column for _, column, _ in book.findings}
    sys.exit(bool(counted & set(COLUMNS)))


if __name__ == "__main__":
    main()
