"""Compare data/measured_enthalpies.csv with another compilation of measured formation enthalpies.

The compilation is a CSV file with one row per value and the columns `formula` (reduced as pymatgen does),
`source` and `formation_enthalpy_per_atom` (eV/atom, 298 K). Rows with a blank value are left out. Where a
source gives several phases of a formula, its most stable one counts.

The source named by `--same` holds the very data the bundled table was built from and says nothing about its
errors, so it is left out. The sources named by `--shared` went into the bundled table too: they are listed,
but kept out of the reference, which is the median of the remaining sources. The table is also held against
itself: how far does each compound lie above the hull of the others?

    python scripts/compare_measured_enthalpies.py experimental_by_source.csv.gz
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

TABLE = Path(__file__).resolve().parents[1] / "data" / "measured_enthalpies.csv"
TARGET = "formation_enthalpy_per_atom"
COMPUTED_TARGET = "formation_energy_per_atom"
EQUAL = 0.0005  # eV/atom: the same number but for the rounding and the unit it was printed in


def read_table(path: Path, target: str, *others: str) -> pd.DataFrame:
    """Read a table whose formulas are text ("NaN" is a formula); drop the rows with a blank `target`."""
    if not path.is_file():
        raise SystemExit(f"error: {path}: no such file")
    table = pd.read_csv(path, keep_default_na=False, na_values={target: [""], "uncertainty_per_atom": [""]})
    missing = {"formula", target, *others} - set(table.columns)
    if missing:
        raise SystemExit(f"error: {path}: no column {sorted(missing)}; found {list(table.columns)}")
    return table[table[target].notna()]


def summary(difference: pd.Series) -> dict[str, float]:
    """Describe signed differences in eV/atom, leaving out formulas without a counterpart."""
    size = difference.dropna().abs()
    return {
        "formulas": len(size),
        "equal": int((size <= EQUAL).sum()),
        "median": size.median(),
        "mean": size.mean(),
        "> 0.05": int((size > 0.05).sum()),
        "> 0.1": int((size > 0.1).sum()),
    }


def values_by_source(compilation: pd.DataFrame) -> pd.DataFrame:
    """Return one row a formula and one column a source, with the most stable phase of each."""
    return compilation.pivot_table(values=TARGET, index="formula", columns="source", aggfunc="min")


def distance_above_hull(bundled: pd.Series) -> pd.DataFrame:
    """Return how far each compound lies above the lower hull of all other measured compounds and elements.

    A large distance means that the table contradicts itself: measured neighbours say that the compound should
    fall apart. Compounds that are metastable in truth have one, too.
    """
    from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
    from pymatgen.core.composition import Composition

    compositions = {formula: Composition(formula) for formula in bundled.index}
    entries = [PDEntry(c, bundled[formula] * c.num_atoms) for formula, c in compositions.items()]
    systems = {frozenset(c.elements) for c in compositions.values()}
    found = {}
    for system in systems:
        inside = [entry for entry in entries if system.issuperset(entry.elements)]
        diagram = PhaseDiagram([*inside, *(PDEntry(Composition({element: 1}), 0.0) for element in system)])
        for entry in inside:
            if frozenset(entry.elements) == system:
                products = [part.composition.reduced_formula for part in diagram.get_decomposition(entry.composition)]
                found[entry.composition.reduced_formula] = (
                    diagram.get_e_above_hull(entry),
                    " + ".join(sorted(products)),
                )
    table = pd.DataFrame.from_dict(found, orient="index", columns=["above_hull", "products"])
    return table.join(bundled.rename("bundled")).sort_values(["above_hull", "bundled"], ascending=[False, True])


def report(
    bundled: pd.DataFrame, others: pd.DataFrame, shared: list[str], computed: pd.Series | None, n_worst: int
) -> None:
    """Print the summary per source, how often values are equal, and the largest disagreements."""
    enthalpy = bundled[TARGET]
    others = others.reindex(enthalpy.index)
    differences = others.rsub(enthalpy, axis=0)
    independent = [name for name in others if name not in shared]
    reference = others[independent].median(axis=1)
    difference = enthalpy - reference

    summaries = {name: summary(differences[name]) for name in others} | {"reference": summary(difference)}
    per_source = pd.DataFrame(summaries).T.astype({"formulas": int, "equal": int, "> 0.05": int, "> 0.1": int})
    print("absolute difference from the bundled table, eV/atom")
    print(per_source.round(4).to_string())

    equal = differences.abs() <= EQUAL
    print(f"\n{len(enthalpy)} bundled formulas, {others.notna().any(axis=1).sum()} of them in another source,")
    print(f"  {equal.any(axis=1).sum()} with an equal number in at least one")
    print(f"  without {', '.join(shared)}: {reference.notna().sum()} in another source,")
    print(f"  {equal[independent].any(axis=1).sum()} with an equal number in at least one")
    judged = difference.notna() & bundled["uncertainty_per_atom"].notna() & ~equal[independent].any(axis=1)
    sigmas = difference[judged].abs() / bundled.loc[judged, "uncertainty_per_atom"]
    print(
        f"reference within the stated uncertainty: {(sigmas <= 1).mean():.0%}, within twice: "
        f"{(sigmas <= 2).mean():.0%} of {len(sigmas)} formulas without an equal number"
    )

    worst = pd.DataFrame({"bundled": enthalpy, "reference": reference, "difference": difference}).join(others)
    if computed is not None:
        worst.insert(2, "computed", computed.reindex(worst.index))
        print("\nlargest differences from the computed values, eV/atom")
        order = (worst["bundled"] - worst["computed"]).abs().sort_values(ascending=False, kind="stable")
        print(worst.loc[order.index, ["bundled", "computed"]].head(n_worst).round(3).to_string())
    print("\nlargest disagreements with the reference, eV/atom")
    order = difference.dropna().abs().sort_values(ascending=False, kind="stable")
    print(worst.loc[order.index].head(n_worst).round(3).to_string(na_rep="-"))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("compilation", type=Path, help="CSV file with formula, source and value")
    parser.add_argument("--same", default="MP2020-fit", help="the source that the bundled table is drawn from")
    parser.add_argument("--shared", nargs="*", default=["IIT"], help="sources that went into the bundled table")
    parser.add_argument(
        "--computed", type=Path, help=f"CSV file with formula and {COMPUTED_TARGET} from DFT, a third opinion"
    )
    parser.add_argument("--worst", type=int, default=20, help="how many disagreements to list")
    options = parser.parse_args(arguments)

    bundled = read_table(TABLE, TARGET).set_index("formula")
    compilation = read_table(options.compilation, TARGET, "source")
    others = values_by_source(compilation[compilation["source"] != options.same])
    computed = None
    if options.computed is not None:
        computed = read_table(options.computed, COMPUTED_TARGET).set_index("formula")[COMPUTED_TARGET]
    hull = distance_above_hull(bundled[TARGET])
    n_above = {limit: int((hull["above_hull"] > limit).sum()) for limit in (0.001, 0.05, 0.1)}
    print(f"formulas above the hull of the table by more than (eV/atom): {n_above}")
    print(hull.head(options.worst).round(3).to_string())
    print(f"\nleft out: {options.same}, {(compilation['source'] == options.same).sum()} values")
    report(bundled, others, options.shared, computed, options.worst)
    return 0


if __name__ == "__main__":
    sys.exit(main())
