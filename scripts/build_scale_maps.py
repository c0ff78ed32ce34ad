"""Fit the maps between energy scales to compounds that are known on both, and write them into the package.

The difference of two scales is a sum over the terms of `formation_mlp.scales.terms`. Between the corrections of 2012
and those of 2020 the fit starts from the published figures, which are read from the installed pymatgen (MIT):
MPCompatibility.yaml (Jain et al., Phys. Rev. B 84, 045115 (2011)) and MP2020Compatibility.yaml (Wang et al., Sci. Rep.
11, 15496 (2021)); what is written is their sum with what was fitted, so that the package needs neither file. The fit
minimizes absolute errors (iteratively reweighted least squares) with a quadratic penalty, chosen by cross-validation.

No formula that is withheld or held out in any table takes part: the test and val rows of critexam, ``holdout`` rows of
all tables, the test rows of megnet, fold 4 of matbench. Formulas of critexam val that nothing else holds out are the
exam. The half width for a kind of compounds comes from the residuals of five folds of the rows of the fit, each
predicted by a map that was fitted without it.

    python scripts/build_scale_maps.py             # print what was measured, and write the file
    python scripts/build_scale_maps.py --check     # compare the numbers of the committed file with the fit
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import json
import os
import sys
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import yaml
from scipy import sparse

import formation_mlp.scales
from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.chemistry.elements import SYMBOLS
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.scales.ions import ions_of
from formation_mlp.scales.kinds import KINDS, kinds_of
from formation_mlp.scales.maps import FILE, LEVEL
from formation_mlp.scales.terms import ANIONS, METALS_WITH_U, NAMES, term_values
from formation_mlp.typing import Floats

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("FORMATION_MLP_DATA") or ROOT.parent / "shared" / "data")
OUT = Path(formation_mlp.scales.__file__).parent / FILE
PAIRS = (
    ("mp2019", "mp2020"),
    ("mp2018", "mp2020"),
    ("mp2018", "mp2019"),
    ("oqmd", "mp2019"),
    ("oqmd", "mp2020"),
    ("oqmd", "mp2018"),
    ("mp2019", "measured"),
    ("mp2020", "measured"),
    ("mp2018", "measured"),
)
"""Of OQMD and the measured enthalpies only some fifty compounds are known on both: no map."""
MEASURED_SOURCES = ("MP2020-fit", "NASA-CEA", "SSUB", "CRC", "IIT", "MISC")
"""Of repositories under MIT or Apache-2.0, the most trusted first."""
ABSURD = 5.0
"""eV/atom; energies of OQMD beyond it are left out, and counted."""
PENALTIES = (0.3, 3.0, 30.0, 300.0)
MANY = 5000
"""With more compounds the penalty makes no difference, and is not chosen."""
LEAST_ERROR = 0.002
"""eV/atom; smaller errors count as this one in the weights."""
FOLDS = 5
FEW = 40
"""Residuals from which a kind has a half width of its own."""
SOURCES = {
    "mp2018": "Materials Project of June 2018 (CC BY 4.0), Chen et al., Chem. Mater. 31, 3564 (2019); lowest values",
    "mp2019": "Materials Project of 2019 (CC BY 4.0), Bartel et al., npj Comput. Mater. 6, 97 (2020)",
    "mp2020": "Materials Project of 2021-22 (CC BY 4.0) in MP-20 (MIT) and MPTS-52 (Apache-2.0); lowest values",
    "oqmd": "OQMD (CC BY 4.0), Kirklin et al., npj Comput. Mater. 1, 15010 (2015), as published with CrabNet (MIT)",
    "measured": "SSUB, IIT and MISC of qmpy (MIT), pymatgen's set of Wang et al. 2021 (MIT), NASA CEA (Apache-2.0), "
    "CRC Handbook in chemicals (MIT)",
}


class Tables:
    """The energies of each scale by composition, and the compositions that no fit may see."""

    def __init__(self) -> None:
        self.formulas: dict[str, str] = {}
        self.energies: dict[str, dict[str, float]] = {}
        self.held: set[str] = set()
        self.val: set[str] = set()
        critexam = self._rows("critexam/critexam_mp.csv.gz")
        mp20 = self._rows("mp20_mpts52_structures/mp20_mpts52_structures.csv.gz")
        megnet = self._rows("mp_megnet2018_structures/mp_megnet2018_structures.csv.gz")
        matbench = self._rows("matbench_mp_e_form/matbench_mp_e_form.csv.gz")
        oqmd = self._rows("oqmd_compositions/oqmd_compositions.csv.gz")
        measured = self._rows("experimental_enthalpies/experimental_formation_enthalpies.csv.gz")
        janaf = self._rows("janaf_temperature/janaf_temperature.csv.gz")
        self.val = {row["key"] for row in critexam if row["split"] == "val"}
        for rows, name, values in (
            (critexam, "split", ("test",)),
            (mp20, "holdout", ("True",)),
            (megnet, "split", ("test",)),
            (matbench, "test_fold", ("4",)),
            (measured, "holdout", ("True",)),
            (janaf, "holdout", ("True",)),
        ):
            self.held |= {row["key"] for row in rows if row[name] in values}
        self.energies["mp2019"] = lowest(critexam)
        self.energies["mp2020"] = lowest(mp20)
        self.energies["mp2018"] = lowest(megnet)
        self.energies["oqmd"] = {key: value for key, value in lowest(oqmd).items() if abs(value) <= ABSURD}
        self.n_absurd = len(lowest(oqmd)) - len(self.energies["oqmd"])
        suspect = {row["key"] for row in measured if row["suspect"] == "True"}
        by_source = self._rows("experimental_enthalpies/experimental_by_source.csv.gz")
        self.energies["measured"] = enthalpies([row for row in by_source if row["key"] not in suspect])

    def _rows(self, name: str) -> list[dict[str, str]]:
        with gzip.open(DATA / name, "rt", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        parsed = parse_formulas([row["formula"] for row in rows])
        if parsed.failures:
            raise SystemExit(f"{name}: {next(iter(parsed.failures.values()))}")
        for row, key in zip(rows, parsed.compositions.keys(), strict=True):
            row["key"] = key
            self.formulas.setdefault(key, row["formula"])
        return rows

    def shared(self, a: str, b: str) -> list[str]:
        return sorted(self.energies[a].keys() & self.energies[b].keys())

    def of_fit(self, keys: list[str]) -> np.ndarray[Any, np.dtype[np.bool_]]:
        return np.array([key not in self.held and key not in self.val for key in keys])

    def of_exam(self, keys: list[str]) -> np.ndarray[Any, np.dtype[np.bool_]]:
        return np.array([key in self.val and key not in self.held for key in keys])


def lowest(rows: list[dict[str, str]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for row in rows:
        if row["formation_energy_per_atom"]:
            value = float(row["formation_energy_per_atom"])
            found[row["key"]] = min(value, found.get(row["key"], value))
    return found


def enthalpies(rows: list[dict[str, str]]) -> dict[str, float]:
    """Most stable phase of a source; mean of two or median of more sources; the more trusted one if two disagree."""
    by_source: dict[str, dict[str, float]] = defaultdict(dict)
    for row in rows:
        if row["source"] in MEASURED_SOURCES and row["formation_enthalpy_per_atom"]:
            value = float(row["formation_enthalpy_per_atom"])
            known = by_source[row["key"]]
            known[row["source"]] = min(value, known.get(row["source"], value))
    found = {}
    for key, known in by_source.items():
        values = list(known.values())
        if len(values) == 2 and abs(values[0] - values[1]) > 0.1:
            values = [known[next(source for source in MEASURED_SOURCES if source in known)]]
        found[key] = median(values)
    return found


def published() -> Floats:
    """Return the corrections of 2020 less those of 2012 as coefficients of the terms, without the gases of 2012."""
    old, new = yaml.safe_load(pymatgen_text("MPCompatibility")), yaml.safe_load(pymatgen_text("MP2020Compatibility"))
    anion, metal = new["Corrections"]["CompositionCorrections"], new["Corrections"]["GGAUMixingCorrections"]
    oxides = {kind: anion[kind] - value for kind, value in old["OxideCorrections"].items()}
    terms = {("element", "O"): oxides.pop("oxide")}
    terms |= {("oxygen", kind): value - terms["element", "O"] for kind, value in oxides.items()}
    terms |= {("anion", symbol): anion[symbol] for symbol in ANIONS if symbol in anion}
    terms["anion", "S"] -= old["SulfideCorrections"]["sulfide"]
    terms["element", "F"] = anion["F"]
    for where, symbol in (("in oxides", "O"), ("in fluorides", "F")):
        of_2012 = old["Advanced"]["UCorrections"][symbol]
        terms |= {(where, name): metal[symbol][name] - of_2012[name] for name in METALS_WITH_U if name in of_2012}
    return np.array([terms.get(name, 0.0) for name in NAMES])


def pymatgen_text(name: str) -> str:
    """Return a table of corrections; pymatgen moved them from `entries` to `analysis/compatibility`."""
    import pymatgen

    places = [Path(root) / place / f"{name}.yaml" for root in pymatgen.__path__ for place in PLACES]
    path = next((path for path in places if path.is_file()), None)
    if path is None:
        raise SystemExit(f"pymatgen has no {name}.yaml; looked at {', '.join(map(str, places))}")
    return path.read_text(encoding="utf-8")


PLACES = ("analysis/compatibility", "entries")


def design(compositions: Compositions) -> sparse.csr_matrix:
    rows, columns, values = term_values(compositions, ions_of(compositions))
    return sparse.csr_matrix((values, (rows, columns)), shape=(len(compositions), len(NAMES)))


def fitted(X: sparse.csr_matrix, y: Floats, penalty: float, columns: Any = None, iterations: int = 12) -> Floats:
    """Return the coefficients that minimize absolute errors; ``columns`` may leave terms out (they are zero)."""
    used = np.arange(X.shape[1]) if columns is None else np.flatnonzero(columns)
    A, weights = X[:, used].tocsc(), np.ones(len(y))
    for _ in range(iterations):
        weighted = sparse.diags(weights) @ A
        normal = (A.T @ weighted).toarray() + penalty * np.eye(len(used))
        solution = np.linalg.solve(normal, weighted.T @ y)
        weights = 1 / np.maximum(np.abs(y - A @ solution), LEAST_ERROR)
    out = np.zeros(X.shape[1])
    out[used] = solution
    return out


def folds(keys: list[str]) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array([int(hashlib.sha256(f"scale-map:{key}".encode()).hexdigest(), 16) % FOLDS for key in keys])


def left_out(X: sparse.csr_matrix, y: Floats, fold: Any, penalty: float) -> Floats:
    """Return the residual of each row by a map that was fitted without its fold."""
    residual = np.empty(len(y))
    for k in range(FOLDS):
        residual[fold == k] = y[fold == k] - X[fold == k] @ fitted(X[fold != k], y[fold != k], penalty, iterations=8)
    return residual


def half_width(residuals: Floats) -> float:
    """Return the distance that holds `LEVEL` of new residuals, with the correction for a finite sample."""
    errors = np.sort(np.abs(residuals))
    return float(errors[min(len(errors), int(np.ceil((len(errors) + 1) * LEVEL))) - 1])


def by_kind(kinds: list[str], residuals: Floats) -> dict[str, dict[str, float]]:
    """Return numbers of residuals a kind; one with few has no less than all together."""
    of_kind = {kind: residuals[[kind == other for other in kinds]] for kind in KINDS}
    pooled = half_width(residuals)
    widest = max(half_width(found) for found in of_kind.values() if len(found) >= FEW)
    out = {}
    for kind, found in of_kind.items():
        own = half_width(found) if len(found) >= 10 else widest
        out[kind] = {
            "n": len(found),
            "mean": round(float(np.abs(found).mean()), 5) if len(found) else 0.0,
            "median": round(float(np.median(np.abs(found))), 5) if len(found) else 0.0,
            "half_width": round(own if len(found) >= FEW else max(own, pooled), 5),
        }
    return out


def build(tables: Tables, a: str, b: str) -> dict[str, Any]:
    """Fit the map of a pair, print how good it is, and return what is stored."""
    keys = [key for key in tables.shared(a, b) if " " in key]  # single elements are zero on every scale
    compositions = parse_formulas([tables.formulas[key] for key in keys]).compositions
    X = design(compositions)
    difference = np.array([tables.energies[b][key] - tables.energies[a][key] for key in keys])
    fit, exam = tables.of_fit(keys), tables.of_exam(keys)
    base = published() if b == "mp2020" and a in ("mp2018", "mp2019") else np.zeros(len(NAMES))
    y = difference - X @ base
    fold = folds([key for key, is_in in zip(keys, fit, strict=True) if is_in])
    penalties = PENALTIES if fit.sum() < MANY else PENALTIES[1:2]
    tried = {penalty: left_out(X[fit], y[fit], fold, penalty) for penalty in penalties}
    penalty = min(penalties, key=lambda p: float(np.abs(tried[p]).mean()))
    coefficients = base + fitted(X[fit], y[fit], penalty)
    residual = difference - X @ coefficients
    kinds = kinds_of(compositions, ions_of(compositions))
    of_fit = [kind for kind, is_in in zip(kinds, fit, strict=True) if is_in]
    residuals = by_kind(of_fit, tried[penalty])
    tell(f"{a} -> {b}", fit, exam, difference, residual, kinds, residuals, penalty)
    if base.any() and a == "mp2019":
        compare(X, difference, base, fit, exam, penalty)
    counts = Counter(SYMBOLS[z] for z in compositions.take(np.flatnonzero(fit)).z.tolist())
    terms: dict[str, dict[str, float]] = {}
    for (group, name), value in zip(NAMES, coefficients.round(5).tolist(), strict=True):
        if value:
            terms.setdefault(group, {})[name] = value
    return {
        "n": int(fit.sum()),
        "n_exam": int(exam.sum()),
        "exam_mean": round(float(np.abs(residual[exam]).mean()), 4),
        "exam_median": round(float(np.median(np.abs(residual[exam]))), 4),
        "exam_mean_before": round(float(np.abs(difference[exam]).mean()), 4),
        "exam_coverage": round(
            coverage(residual[exam], [k for k, e in zip(kinds, exam, strict=True) if e], residuals), 3
        ),
        "penalty": penalty,
        "terms": terms,
        "n_compounds": dict(sorted(counts.items())),
        "residuals": residuals,
    }


def coverage(residual: Floats, kinds: list[str], residuals: dict[str, dict[str, float]]) -> float:
    half = np.array([residuals[kind]["half_width"] for kind in kinds])
    return float((np.abs(residual) <= half).mean())


def tell(
    name: str,
    fit: Any,
    exam: Any,
    before: Floats,
    after: Floats,
    kinds: list[str],
    residuals: dict[str, dict[str, float]],
    penalty: float,
) -> None:
    """Print the exam of a map, over all and by kind."""
    print(f"\n{name}: fitted to {fit.sum():,} compounds, exam {exam.sum():,}, penalty {penalty:g}")
    print(f"{'kind':18}{'exam':>6}{'before':>8}{'after':>8}{'median':>8}{'half width':>12}{'holds':>7}")
    of_kind = np.array(kinds)
    for kind in ("all", *KINDS):
        chosen = exam & ((of_kind == kind) | (kind == "all"))
        if chosen.any():
            errors, names = np.abs(after[chosen]), of_kind[chosen].tolist()
            holds = coverage(after[chosen], names, residuals)
            half = np.mean([residuals[name]["half_width"] for name in names])
            numbers = f"{np.abs(before[chosen]).mean():8.4f}{errors.mean():8.4f}{np.median(errors):8.4f}"
            print(f"{kind:18}{chosen.sum():6}{numbers}{half:12.4f}{holds:7.1%}")


def compare(X: sparse.csr_matrix, difference: Floats, base: Floats, fit: Any, exam: Any, penalty: float) -> None:
    """Print how far published corrections, linear maps and both bring two scales together, on the exam."""
    group = np.array([group for group, _ in NAMES])
    gases = np.array([name in (("element", s) for s in ("H", "N", "F", "Cl")) for name in NAMES])
    linear = np.isin(group, ["element", "in oxides", "in fluorides"])
    zero = np.zeros(len(NAMES))
    arms = {
        "nothing": (zero, np.zeros(len(NAMES), bool)),
        "published corrections, with the four gases of 2012 fitted": (base, gases),
        "linear map: elements, metals with U in oxides and fluorides": (zero, linear),
        "published corrections and linear map": (base, linear),
        "linear map with anions and cations": (zero, np.ones(len(NAMES), bool)),
        "published corrections and linear map with anions and cations": (base, np.ones(len(NAMES), bool)),
    }
    for name, (start, columns) in arms.items():
        b = start + fitted(X[fit], difference[fit] - X[fit] @ start, penalty, columns) if columns.any() else start
        errors = np.abs(difference - X @ b)[exam]
        tail = f"90 % below {np.quantile(errors, 0.9):.4f}"
        print(f"  {name:62} mean {errors.mean():.4f}  median {np.median(errors):.4f}  {tail}")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--check", action="store_true", help="compare with the committed file instead of writing it")
    arguments = parser.parse_args()
    tables = Tables()
    print(
        f"{len(tables.held):,} formulas are held out in some table; {tables.n_absurd} of OQMD exceed {ABSURD} eV/atom"
    )
    maps = {f"{a} {b}": build(tables, a, b) for a, b in PAIRS}
    n_refused = int(tables.of_fit(tables.shared("oqmd", "measured")).sum())
    print(f"\noqmd and measured: {n_refused} compounds for a fit, no map")
    content = {
        "what": "differences of energies on two scales, second less first, eV/atom, as sums over shares of the atoms",
        "made_by": "scripts/build_scale_maps.py",
        "date": date.today().isoformat(),
        "sources": SOURCES,
        "licence": "CC BY 4.0",
        "held_out": f"{len(tables.held)} formulas that are withheld or held out in any table, and critexam val",
        "maps": maps,
    }
    if arguments.check:
        known = json.loads(OUT.read_text(encoding="utf-8"))["maps"]
        differs = [key for key in maps if key not in known or not same(known[key]["terms"], maps[key]["terms"])]
        print("the committed file differs: " + ", ".join(differs) if differs else "the committed file agrees")
        return int(bool(differs))
    OUT.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{OUT}: {OUT.stat().st_size:,} bytes")
    return 0


def same(a: dict[str, dict[str, float]], b: dict[str, dict[str, float]]) -> bool:
    flat = [{(g, n): v for g, names in terms.items() for n, v in names.items()} for terms in (a, b)]
    return all(abs(flat[0].get(key, 0.0) - flat[1].get(key, 0.0)) < 1e-3 for key in flat[0].keys() | flat[1].keys())


if __name__ == "__main__":
    sys.exit(main())
