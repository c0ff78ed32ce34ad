"""Build the table of known phases that compete on every hull, from the tables of the Materials Project.

    python scripts/build_known_phases.py --data ../shared/data

Of each compound the table holds one energy a scale: its own (the lowest visible value of a table on that scale), else
one converted from another scale, else the prediction of a model. A formula that is held out in any table counts as
withheld everywhere: it gets a prediction, whatever other tables say of it. Only compounds within `WORTH_KEEPING` of the
hull are kept, since nothing decomposes into the others.

The same data, model and packages give the same file. Run it again whenever the model or the conversion changes.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from formation_mlp.chemistry.compositions import Compositions
from formation_mlp.errors import CheckpointError, ConfigError, DataError, FormationMLPError
from formation_mlp.hulls.chance import PER_STANDARD_ERROR
from formation_mlp.hulls.hull import CompetingPhases
from formation_mlp.hulls.known_phases import ORIGINS, PATH, KnownPhases, table_bytes
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.saved_model.named import named_model
from formation_mlp.scales.convert import convert
from formation_mlp.system.files import write_bytes
from formation_mlp.typing import Bools, Floats

SCALES = ("mp2020", "mp2019")
"""Of the table, the default first."""

WORTH_KEEPING = 0.2
"""eV/atom above the hull of the known phases, on one of the scales at least."""

LEVEL = 0.9
"""Of the intervals of which standard errors are made."""

SMALLEST_ERROR = 1e-3
"""eV/atom, of a conversion."""

CRITEXAM = "critexam/critexam_mp.csv.gz"
MP20 = "mp20_mpts52_structures/mp20_mpts52_structures.csv.gz"
HELD_OUT = {
    "critexam": (CRITEXAM, "split", "test"),
    "mp20_mpts52": (MP20, "holdout", True),
    "experimental": ("experimental_enthalpies/experimental_formation_enthalpies.csv.gz", "holdout", True),
    "janaf": ("janaf_temperature/janaf_temperature.csv.gz", "holdout", True),
    "matbench": ("matbench_mp_e_form/matbench_mp_e_form.csv.gz", "test_fold", 4),
    "megnet": ("mp_megnet2018_structures/mp_megnet2018_structures.csv.gz", "split", "test"),
}
"""Table to its file, and the column and the value that mark held-out rows."""
USUAL = ("critexam", "mp20_mpts52", "experimental", "janaf")
"""The sources of the table and of the measured energies; the two others hold the same compounds once more, and nothing
here is taken from them."""

SOURCES = [
    "Materials Project (Jain et al., APL Mater. 1, 011002 (2013)), CC BY 4.0",
    "mp2020: the validation and test parts of MP-20 (Xie et al., ICLR 2022) and MPTS-52 (Baird et al.), whose energies "
    "carry the corrections of 2020, PBE and PBE+U",
    "mp2019: critexam (Bartel et al., npj Comput. Mater. 6, 97 (2020)), whose energies carry the corrections of 2012",
]


@dataclass(frozen=True, slots=True)
class Rows:
    """Formulas of a table with the key of each composition, and energies in eV/atom, NaN where withheld."""

    formulas: list[str]
    compositions: Compositions
    keys: list[str]
    energies: Floats


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the tables")
    parser.add_argument("--model", default="composition", help="that predicts what is withheld: a run or a name")
    parser.add_argument("--model-scale", choices=SCALES, help="the energy scale of a model that does not say its own")
    parser.add_argument(
        "--held-out",
        nargs="+",
        choices=list(HELD_OUT),
        default=list(USUAL),
        help=f"tables whose held-out formulas count as withheld; by default {', '.join(USUAL)}",
    )
    parser.add_argument("--out", type=Path, default=PATH)
    arguments = parser.parse_args()
    try:
        build(arguments.data, arguments.model, arguments.model_scale, arguments.held_out, arguments.out)
    except FormationMLPError as error:
        sys.exit(f"error: {error}")


def build(data: Path, model: str, model_scale: str | None, held_out: list[str], out: Path) -> None:
    """Write the table, and print what is in it."""
    withheld = frozenset().union(*(_held_out(data, name) for name in held_out))
    tables = {"mp2020": _read(data / MP20), "mp2019": _read(data / CRITEXAM)}
    every = _each_once(tables)
    is_withheld = np.array([key in withheld for key in every.keys], np.bool_)
    visible = {name: _lowest(rows, every.keys, is_withheld) for name, rows in tables.items()}
    phases = []
    for scale in SCALES:
        energies, errors = _predicted(model, model_scale, every, scale)
        origins = np.full(len(every.keys), ORIGINS.index("predicted"))
        for origin, source in (("converted", _other(scale)), ("own", scale)):  # what comes last counts
            values, own_errors = _on_scale(every, visible[source], np.zeros(len(every.keys)), source, scale)
            rows = np.flatnonzero(np.isfinite(values))
            energies[rows], errors[rows], origins[rows] = values[rows], own_errors[rows], ORIGINS.index(origin)
        phases.append(KnownPhases(every.compositions, every.formulas, np.round(energies, 5), errors, origins, scale))
    lost = np.flatnonzero(~np.all([np.isfinite(each.energies) for each in phases], axis=0))
    if len(lost):
        names = ", ".join(every.formulas[row] for row in lost[:10].tolist())
        print(f"{len(lost)} compounds are left out, since nothing gives their energy on every scale: {names}, ...")
    there = np.setdiff1d(np.arange(len(every.keys)), lost)
    phases = [each.take(there) for each in phases]
    kept = np.flatnonzero(np.any([_near_hull(each) for each in phases], axis=0))
    chosen = [each.take(kept) for each in phases]
    counts = {each.scale: {word: each.words.count(word) for word in ORIGINS} for each in chosen}
    described = {
        "sources": SOURCES,
        "licence": "CC BY 4.0",
        "held_out": held_out,
        "model": {
            "name": model,
            "scale": model_scale,
            "sha256": named_model(model, model).description("eV/atom")["sha256"],
        },
        "within": WORTH_KEEPING,
        "counts": counts,
        "made_by": "scripts/build_known_phases.py",
    }
    write_bytes(out, table_bytes(chosen, described))
    print(f"{len(every.keys):,} compounds, {int(is_withheld.sum()):,} of them withheld in: {', '.join(held_out)}")
    print(f"{len(kept):,} within {WORTH_KEEPING:g} eV/atom of the hull: {counts}")
    print(f"{out}: {out.stat().st_size / 1e6:.2f} MB")


def _frame(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def _held_out(data: Path, name: str) -> frozenset[str]:
    """Return the keys of the formulas that a table holds out."""
    path, column, value = HELD_OUT[name]
    frame = _frame(data / path)
    return frozenset(parse_formulas(frame["formula"][frame[column] == value].tolist()).compositions.keys())


def _read(path: Path) -> Rows:
    """Return the compounds of a table; elements are none."""
    frame = _frame(path)
    read = parse_formulas(frame["formula"].tolist())
    kept = np.setdiff1d(np.flatnonzero(read.compositions.n_elements > 1), list(read.failures))
    if len(read.failures):
        print(f"{path}: {len(read.failures)} formulas cannot be read and are left out: {read.failures}")
    compositions = read.compositions.take(kept)
    formulas = frame["formula"].to_numpy(str)[kept].tolist()
    return Rows(formulas, compositions, compositions.keys(), frame["formation_energy_per_atom"].to_numpy(float)[kept])


def _each_once(tables: dict[str, Rows]) -> Rows:
    """Return every composition of the tables once, sorted by its key; energies are left out."""
    place: dict[str, tuple[str, str, int]] = {}
    for name, rows in tables.items():
        for row, key in enumerate(rows.keys):
            place.setdefault(key, (rows.formulas[row], name, row))
    keys = sorted(place)
    formulas = [place[key][0] for key in keys]
    compositions = parse_formulas(formulas).compositions
    return Rows(formulas, compositions, keys, np.full(len(keys), np.nan))


def _lowest(rows: Rows, keys: list[str], is_withheld: Bools) -> Floats:
    """Return the lowest visible energy of each key, NaN where there is none, or it is withheld anywhere."""
    lowest = dict.fromkeys(keys, np.inf)
    for key, energy in zip(rows.keys, rows.energies.tolist(), strict=True):
        if energy < lowest[key]:  # False for NaN
            lowest[key] = energy
    energies = np.array([lowest[key] for key in keys])
    return np.where(is_withheld | np.isinf(energies), np.nan, energies)


def _predicted(model: str, model_scale: str | None, every: Rows, scale: str) -> tuple[Floats, Floats]:
    """Return predictions on a scale and their standard errors in eV/atom, converted if the model does not know it."""
    predictor = named_model(model, model).predictor
    source = scale if scale in predictor.scales else (model_scale or predictor.scale)
    if not source:
        raise ConfigError(f"--model-scale: {model} does not say on which scale it answers. Name one of {SCALES}.")
    found = predictor.predict_rows(every.formulas, level=LEVEL, scale=source if predictor.scales else None)
    if found.hi is None or found.lo is None:
        raise CheckpointError(f"{model}: has no intervals, and so no errors of its predictions.")
    without = [error for error in found.errors if error]
    if without:
        raise DataError(f"{model}: {len(without)} known phases have no prediction; the first: {without[0]}")
    return _on_scale(every, found.values, (found.hi - found.lo) / 2 / PER_STANDARD_ERROR, source, scale)


def _other(scale: str) -> str:
    (other,) = (name for name in SCALES if name != scale)
    return other


def _on_scale(every: Rows, energies: Floats, errors: Floats, source: str, scale: str) -> tuple[Floats, Floats]:
    """Return energies on another scale, NaN where there is no way, with the error of the conversion in quadrature."""
    if source == scale:
        return energies.copy(), errors.copy()
    found = convert(every.compositions, energies, source, scale)
    added = np.maximum((found.hi - found.lo) / 2 / PER_STANDARD_ERROR, SMALLEST_ERROR)
    return found.values, np.hypot(errors, added)


def _near_hull(phases: KnownPhases) -> Bools:
    """Tell which phases lie at most `WORTH_KEEPING` above the hull of all of them."""
    competing = CompetingPhases(phases.compositions, phases.energies)
    near: Bools = competing.decompose(phases.compositions, phases.energies).energy <= WORTH_KEEPING
    return near


if __name__ == "__main__":
    main()
