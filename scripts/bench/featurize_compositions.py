"""Time formulas to features, side by side with matminer, in one process on one core.

    python scripts/bench/featurize_compositions.py --data path/to/formulas.csv.gz

The file is a CSV table, compressed or not, with a column ``formula``. matminer works on a sample of it; both begin
with strings and end with a matrix. Times are medians over repeats, after a first run that is not counted. Rates are
per second of processor time, which other programs on the machine disturb least; the two lines below the table also
give the time on the clock.
"""

import argparse
import csv
import gzip
import os
import random
import signal
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.features.composition.presets import COMPOSITION_PRESETS
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.materials.records import Materials

BASE_SET = ("magpie", "stoichiometry", "valence_orbital")
CHUNK = 2048  # rows whose numbers stay in the processor's cache
REPEATS = 5
CAP_SECONDS = 3
CLOCKS = (time.perf_counter, time.process_time)
HARD_FORMULAS = ("C100H3815Br21I279N2185Pb100", "Br40Cr8Cu8H144N48", "Li0.123Fe0.456O0.7891", "Fe99999O99999")


def read_formulas(path):
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [row["formula"] for row in csv.DictReader(data.decode().splitlines())]


def featurize(formulas, names, dtype=np.float32):
    """Return the matrix of some presets, computed chunk by chunk into one buffer."""
    compositions = parse_formulas(formulas).compositions
    presets = [COMPOSITION_PRESETS[name]() for name in names]
    X = np.empty((len(compositions), sum(len(preset.names) for preset in presets)), dtype)
    for start in range(0, len(compositions), CHUNK):
        row_ptr = compositions.row_ptr[start : start + CHUNK + 1]
        entries = slice(row_ptr[0], row_ptr[-1])
        rows = Materials(Compositions(row_ptr - row_ptr[0], compositions.z[entries], compositions.amount[entries]))
        column = 0
        for preset in presets:
            block = preset.compute(rows).X
            X[start : start + len(rows), column : column + block.shape[1]] = block
            column += block.shape[1]
    return X


def matminer_featurizers():
    import matminer.featurizers.composition as matminer

    element_property = matminer.ElementProperty.from_preset
    return {
        "magpie": element_property("magpie"),
        "stoichiometry": matminer.Stoichiometry(),
        "valence_orbital": matminer.ValenceOrbital(),
        "element_fraction": matminer.ElementFraction(),
        "deml": element_property("deml"),
        "matscholar": element_property("matscholar_el"),
        "megnet_el": element_property("megnet_el"),
        "pymatgen": element_property("matminer"),
        "band_center": matminer.BandCenter(),
        "tm_fraction": matminer.TMetalFraction(),
    }


def median_seconds(function, repeats=REPEATS, clock=time.process_time):
    function()
    seconds = []
    for _ in range(repeats):
        start = clock()
        function()
        seconds.append(clock() - start)
    return statistics.median(seconds)


def matminer_matrix(featurizers, sample):
    from matminer.featurizers.base import MultipleFeaturizer
    from pymatgen.core import Composition

    featurizer = MultipleFeaturizer(featurizers)
    featurizer.set_n_jobs(1)  # its pool of processes makes cheap featurizers slower
    return np.array(featurizer.featurize_many([Composition(formula) for formula in sample], pbar=False), float)


def compare(formulas, names, featurizers, sample):
    """Return one line: columns, rate of this package, rate of matminer, their ratio."""
    n_columns = sum(len(COMPOSITION_PRESETS[name]().names) for name in names)
    own = len(formulas) / median_seconds(lambda: featurize(formulas, names))
    line = f"{' + '.join(names):<42}{n_columns:>6}{own:>14,.0f}"
    if not featurizers:
        return f"{line}{'-':>12}{'-':>9}"
    chosen = [featurizers[name] for name in names]
    theirs = len(sample) / median_seconds(lambda: matminer_matrix(chosen, sample), repeats=3)
    return f"{line}{theirs:>12,.0f}{own / theirs:>9,.0f}"


def run_cold(path):
    """Go from the start of a new process to the matrix of the base set."""
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r});"
        "from featurize_compositions import *;"
        f"featurize(read_formulas(Path({str(path)!r})), BASE_SET)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def children_seconds():
    """Return the processor time of all finished child processes."""
    times = os.times()
    return times.children_user + times.children_system


def slowest_row(formulas, name):
    """Return the mean and the longest time of one row by itself, in microseconds."""
    preset = COMPOSITION_PRESETS[name]()
    whole = Materials(parse_formulas(formulas).compositions)
    mean = median_seconds(lambda: preset.compute(whole), repeats=3) / len(formulas)
    rows = [Materials(parse_formulas([formula]).compositions) for formula in (*formulas[:5000], *HARD_FORMULAS)]
    longest = max(median_seconds(lambda row=row: preset.compute(row), clock=time.perf_counter) for row in rows)
    return 1e6 * mean, 1e6 * longest


def capped_ion_property(sample):
    """Return the mean seconds a row of matminer's ``IonProperty``, and how many rows were stopped."""
    from matminer.featurizers.composition import IonProperty
    from pymatgen.core import Composition

    def stop(signum, frame):
        raise TimeoutError

    featurizer, n_capped = IonProperty(), 0
    signal.signal(signal.SIGVTALRM, stop)
    start = time.process_time()
    for formula in sample:
        signal.setitimer(signal.ITIMER_VIRTUAL, CAP_SECONDS)
        try:
            featurizer.featurize(Composition(formula))
        except TimeoutError:
            n_capped += 1
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return (time.process_time() - start) / len(sample), n_capped


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="CSV table with a column 'formula'")
    parser.add_argument("--sample", type=int, default=300, help="formulas for matminer")
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    warnings.simplefilter("ignore")  # matminer and pymatgen warn of every missing element property
    formulas = read_formulas(arguments.data)
    sample = random.Random(0).sample(formulas, min(arguments.sample, len(formulas)))  # noqa: S311
    featurizers = matminer_featurizers()
    print(f"{len(formulas):,} formulas; matminer on {len(sample):,} of them; one core; float32 matrix\n")
    print(f"{'preset':<42}{'cols':>6}{'rows/s':>14}{'matminer':>12}{'ratio':>9}")
    print(compare(formulas, BASE_SET, featurizers, sample))
    for name in COMPOSITION_PRESETS:
        known = featurizers if name in featurizers else None
        chosen = formulas if name != "matscholar" else formulas[:20_000]  # 1,000 columns
        print(compare(chosen, (name,), known, sample))
    print()
    warm = [median_seconds(lambda: featurize(formulas, BASE_SET), clock=clock) for clock in CLOCKS]
    cold = [
        median_seconds(lambda: run_cold(arguments.data), repeats=3, clock=clock)
        for clock in (time.perf_counter, children_seconds)
    ]
    print(f"strings to matrix, base set, warm:           {warm[0]:6.3f} s on the clock, {warm[1]:6.3f} s of processor")
    print(f"the same, new process and file included:     {cold[0]:6.3f} s on the clock, {cold[1]:6.3f} s of processor")
    for name in ("ion_property", "charge_balance"):
        mean, longest = slowest_row(formulas, name)
        print(f"{name}: {mean:.1f} us a row; slowest of 5,000 and {len(HARD_FORMULAS)} hard ones {longest:.0f} us")
    mean, n_capped = capped_ion_property(sample[:50])
    print(f"matminer's ion property: {1e3 * mean:.0f} ms a row of 50; {n_capped} stopped after {CAP_SECONDS} s")


if __name__ == "__main__":
    main()
