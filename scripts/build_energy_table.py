"""Put formation energies on several scales into one table, from which the model `composition` is trained.

    python scripts/build_energy_table.py ../shared/data build/energies.csv.gz

One row is one reduced formula on one energy scale, with the lowest energy of its source: critexam (mp2019), the
lowest of mp20_mpts52 (mp2020), OQMD (oqmd), and the bundled measured enthalpies (measured). A formula that is withheld
in any of the tables, with a blank target or by a test part, is left out of all of them. A formula of critexam's val
part, and a chemical system that is held out here, is val in all of them. OQMD values beyond 5 eV/atom are absurd and
left out. What is left out is counted.

The columns `fold0` to `fold4` divide the same rows for five networks that leave groups of train rows out, so that
there are errors on compounds unlike the training rows: chemical systems, clusters of similar compounds, pairs of
elements, and a fifth of the measured compounds each. `kind` says why a row is in a group. The columns `element0` to
`element3` do so for four networks that have never seen a compound of two elements each.
"""

from __future__ import annotations

import argparse
import sys
from hashlib import sha256
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans

from formation_mlp.chemistry.elements import ATOMIC_NUMBER
from formation_mlp.features.engine.table import featurize
from formation_mlp.materials.inputs import read_materials
from formation_mlp.targets.scaler import FeatureScaler

ABSURD = 5.0
"""eV/atom, beyond which a value of OQMD is left out."""
HELD_SYSTEMS, HELD_OQMD = 0.045, 0.04
"""Shares of chemical systems, and of formulas that only OQMD has, that are held out for val."""
FOLDS = 5
N_CLUSTERS, CLUSTERS_PER_FOLD = 40, 3
SYSTEMS_PER_FOLD, PAIRS_PER_FOLD = 0.07, 0.06
"""Shares of chemical systems in a group, and of train rows that hold one of its pairs of elements."""
LEFT_OUT = (("Li", "Se"), ("F", "Sn"), ("Mn", "La"), ("W", "Cl"))
"""Elements that a network never sees."""
FEATURES = ["magpie", "stoichiometry"]


def read(path: Path) -> pd.DataFrame:
    """Return a table; a formula may spell NaN."""
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def share(salt: str, name: str) -> float:
    """Return a number between 0 and 1 that depends on a name alone."""
    return int(sha256(f"{salt}:{name}".encode()).hexdigest()[:12], 16) / 16**12


def sources(data: Path) -> tuple[pd.DataFrame, set[str], set[str]]:
    """Return formula, energy and scale of all rows with a value, the formulas withheld, and those of critexam's val."""
    critexam = read(data / "critexam" / "critexam_mp.csv.gz")
    mp20 = read(next((data / "mp20_mpts52_structures").glob("*.csv.gz")))
    oqmd = read(next((data / "oqmd_compositions").glob("*.csv.gz")))
    experiment = read(data / "experimental_enthalpies" / "experimental_formation_enthalpies.csv.gz")
    janaf = read(next((data / "janaf_temperature").glob("*.csv.gz")))
    measured = read(Path(__file__).resolve().parents[1] / "data" / "measured_enthalpies.csv")
    withheld = set(critexam.formula[critexam.split == "test"])
    for table in (mp20, experiment, janaf):
        withheld |= set(table.formula[table.holdout.astype(str) == "True"])
    parts = [
        critexam.assign(energy=critexam.formation_energy_per_atom, scale="mp2019"),
        mp20.assign(energy=mp20.formation_energy_per_atom, scale="mp2020"),
        oqmd.assign(energy=oqmd.formation_energy_per_atom, scale="oqmd"),
        measured.assign(energy=measured.formation_enthalpy_per_atom, scale="measured"),
    ]
    rows = pd.concat([part[["formula", "energy", "scale"]] for part in parts], ignore_index=True)
    suspect = set(experiment.formula[experiment.suspect.astype(str) == "True"])
    rows = rows[~((rows.scale == "measured") & rows.formula.isin(suspect))]
    return rows, withheld, set(critexam.formula[critexam.split == "val"])


def assemble(data: Path) -> pd.DataFrame:
    """Return the rows that may be used, with their part."""
    rows, withheld, of_val = sources(data)
    rows = rows[rows.energy.notna()]
    n = len(rows)
    rows = rows[~rows.formula.isin(withheld)]
    print(f"{n - len(rows)} rows left out: their formula is withheld in one of the tables", file=sys.stderr)
    absurd = (rows.scale == "oqmd") & (rows.energy.abs() > ABSURD)
    print(f"{absurd.sum()} rows of oqmd left out: beyond {ABSURD:g} eV/atom", file=sys.stderr)
    rows = rows[~absurd].sort_values("energy", kind="stable").drop_duplicates(["formula", "scale"])
    rows = rows.sort_values(["formula", "scale"], kind="stable").reset_index(drop=True)
    read_rows = read_materials(rows.formula.tolist())
    if read_rows.failures:
        raise SystemExit(f"formulas that cannot be read: {list(read_rows.failures.items())[:3]}")
    compositions = read_rows.materials.compositions
    ptr, z = compositions.row_ptr, compositions.z
    rows["system"] = ["-".join(map(str, sorted(z[a:b].tolist()))) for a, b in pairwise(ptr)]
    several = rows.system.str.contains("-")
    held = several & (rows.system.map(lambda name: share("system", name)) < HELD_SYSTEMS)
    only_oqmd = rows.groupby("formula").scale.transform(lambda names: set(names) == {"oqmd"})
    random = only_oqmd & (rows.formula.map(lambda name: share("oqmd", name)) < HELD_OQMD)
    rows["exam"] = np.select([held, rows.formula.isin(of_val), random], ["systems", "critexam", "oqmd"], "")
    rows["part"] = np.where(rows.exam != "", "val", "train")
    rows["population"] = np.where(rows.scale == "oqmd", "hypothetical", "known")
    return rows


def add_folds(rows: pd.DataFrame) -> None:
    """Put train rows into the groups that the further networks leave out; all rows of a formula lie in one group."""
    formulas = rows.drop_duplicates("formula").reset_index(drop=True)
    train = (formulas.part == "train").to_numpy()
    materials = read_materials(formulas.formula.tolist()).materials
    table = featurize(materials, FEATURES)
    X = np.clip(FeatureScaler.fit(table.X[train], table.names).transform(table.X), -4, 4)
    _, s, directions = np.linalg.svd(X[train][::10] - X[train].mean(axis=0), full_matrices=False)
    components = (X - X[train].mean(axis=0)) @ directions[:16].T / (s[:16] / np.sqrt(train.sum() / 10))
    cluster = KMeans(N_CLUSTERS, n_init=1, random_state=0).fit(components[train][::5]).predict(components)
    rng = np.random.default_rng(7)
    group, kind = np.full(len(formulas), -1), np.full(len(formulas), "", dtype=object)

    def put(rows_of_group: np.ndarray, fold: int, why: str) -> int:
        free = train & (group < 0) & rows_of_group
        group[free], kind[free] = fold, why
        return int(free.sum())

    systems = rng.permutation(np.unique(formulas.system[train & formulas.system.str.contains("-").to_numpy()]))
    per_fold = int(SYSTEMS_PER_FOLD * len(systems))
    order = rng.permutation(N_CLUSTERS)
    dense = np.zeros((len(formulas), 119), bool)
    compositions = materials.compositions
    dense[np.repeat(np.arange(len(formulas)), compositions.n_elements), compositions.z] = True
    pairs = list(combinations(range(1, 95), 2))
    rng.shuffle(pairs)
    pending = iter(pairs)
    for fold in range(FOLDS):
        put(formulas.system.isin(systems[fold * per_fold : (fold + 1) * per_fold]).to_numpy(), fold, "system")
        put(np.isin(cluster, order[fold * CLUSTERS_PER_FOLD : (fold + 1) * CLUSTERS_PER_FOLD]), fold, "cluster")
        n = 0
        while n < PAIRS_PER_FOLD * train.sum():
            a, b = next(pending)
            n += put(dense[:, a] & dense[:, b], fold, "pair")
    is_measured = formulas.formula.isin(set(rows.formula[rows.scale == "measured"])).to_numpy()
    number = np.array([int(FOLDS * share("measured", name)) for name in formulas.formula])
    for fold in range(FOLDS):
        put(is_measured & (number == fold), fold, "measured")
    places = dict(zip(formulas.formula, range(len(formulas)), strict=True))
    at = rows.formula.map(places).to_numpy()
    rows["group"], rows["kind"] = group[at], kind[at]
    for fold in range(FOLDS):
        rows[f"fold{fold}"] = np.where(rows.group == fold, "test", rows.part)


def add_elements(rows: pd.DataFrame) -> None:
    """Name the rows that hold one of two elements as test rows, once for each pair."""
    held = [set(system.split("-")) for system in rows.system]
    for number, symbols in enumerate(LEFT_OUT):
        numbers = {str(ATOMIC_NUMBER[symbol]) for symbol in symbols}
        has_one = np.array([bool(elements & numbers) for elements in held])
        rows[f"element{number}"] = np.where(has_one, "test", rows.part)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("data", type=Path, help="folder of the published tables")
    parser.add_argument("out", type=Path, help="the table to write")
    asked = parser.parse_args()
    rows = assemble(asked.data)
    add_folds(rows)
    add_elements(rows)
    rows.insert(0, "id", rows.formula + " " + rows.scale)
    rows = rows.rename(columns={"energy": "formation_energy_per_atom"})
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    rows.to_csv(asked.out, index=False, float_format="%.6f")
    print(pd.crosstab(rows.scale, rows.part).to_string())
    print(pd.crosstab(rows.exam[rows.exam != ""], rows.scale).to_string())
    print(pd.crosstab(rows.kind[rows.group >= 0], rows.group).to_string())


if __name__ == "__main__":
    main()
