"""Turn a finished run into one of the models that are installed with the package, and write its card.

    formation-mlp train configs/composition.yaml --workers 2
    python scripts/build_composition.py runs/composition runs/fold0 runs/fold1 runs/fold2 runs/fold3 runs/fold4
    python scripts/build_shipped.py runs/composition composition --config configs/composition.yaml

The run must have been made from that configuration, with the data where it says. The numbers of the networks are
stored as float16 if that moves no prediction on the val rows by 0.001 eV/atom (or 0.001 of a probability). Everything
in the card that is not in the table below is read from the run, or measured on its val rows.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch

from formation_mlp.config.loading import check_config, load_config
from formation_mlp.errors import CheckpointError, ConfigError, FormationMLPError
from formation_mlp.runs.assemble import with_trust
from formation_mlp.runs.error_fit import halves
from formation_mlp.runs.folder import RunFolder
from formation_mlp.runs.prepare import Prepared, load_rows, prepare
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.saved_model.mean import mean_and_std
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.saved_model.shipped import FOLDER, SHIPPED, Card
from formation_mlp.system.files import write_bytes, write_json
from formation_mlp.trust.calibration import Calibration
from formation_mlp.trust.error_inputs import Asked
from formation_mlp.trust.error_model import KNOWN, Errors, group_name, packed_scores, scores_of

LARGEST_FILE = 13_000_000
"""Bytes."""
LARGEST_CHANGE = 1e-3
"""Of a prediction, eV/atom or probability, by storing the networks in float16."""
LEVEL = 0.9
"""Of the intervals whose coverage is measured."""

CRITEXAM = {
    "title": "critexam: 85,014 compositions of the Materials Project, one row for each formula (Bartel et al., npj "
    "Comput. Mater. 6, 97 (2020)), divided as by Wang et al., npj Comput. Mater. 7, 77 (2021)",
    "url": "https://github.com/CJBartel/TestStabilityML",
    "licence": "Materials Project data: CC BY 4.0; the repositories that carry the table: MIT",
    "attribution": "Materials Project (Jain et al., APL Mater. 1, 011002 (2013)), CC BY 4.0; Bartel et al. 2020",
}
FOUR_TABLES = {
    "title": "critexam (Bartel et al., npj Comput. Mater. 6, 97 (2020); mp2019), the lowest energies of mp20_mpts52 "
    "(Xie et al., ICLR 2022; Baird et al. 2023; mp2020), 46,930 compositions of OQMD (Saal et al., JOM 65, 1501 "
    "(2013); oqmd) and the bundled measured enthalpies (Wang et al., Sci. Rep. 11, 15496 (2021); measured), one row "
    "for each formula and scale",
    "url": "https://github.com/CJBartel/TestStabilityML, https://github.com/anthony-wang/CrabNet, "
    "https://github.com/wenwenli1124/cdvae, https://github.com/materialsproject/pymatgen",
    "licence": "Materials Project and OQMD data: CC BY 4.0; measured enthalpies: MIT (pymatgen)",
    "attribution": "Materials Project (Jain et al., APL Mater. 1, 011002 (2013)) and OQMD (Saal et al. 2013), "
    "CC BY 4.0; Bartel et al. 2020; Wang et al. 2021",
}
TWO_TABLES = {
    "title": "mp_megnet2018_structures (Chen et al., Chem. Mater. 31, 3564 (2019); mp2018), with the structures of the "
    "Materials Project of 2023/24, and mp20_mpts52 (Xie et al., ICLR 2022; Baird et al. 2023; mp2020)",
    "url": "https://github.com/usnistgov/jarvis_leaderboard, https://github.com/fxcoudert/topology_databases, "
    "https://github.com/wenwenli1124/cdvae",
    "licence": "Materials Project data: CC BY 4.0",
    "attribution": "Materials Project (Jain et al., APL Mater. 1, 011002 (2013)), CC BY 4.0; Chen et al. 2019",
}
SCALES_SPLIT = (
    "by formula: one that is withheld in any table (test parts of critexam, the holdout of mp20_mpts52 and of measured "
    "tables) is in none; the val part holds that of critexam, and chemical systems and formulas held out of all tables"
)
STRUCTURES_SPLIT = (
    "by formula: one that is withheld in either table is in none; the val part holds the formulas of the benchmark's "
    "val part, and 3 % of those of mp20_mpts52"
)
ON_SCALES = "each answer names its energy scale; formation-mlp scales explains them"
COLUMN_SPLIT = "the split that comes with the table; its test part is withheld and was neither trained on nor scored"
ENERGIES_2019 = "PBE and PBE+U with the corrections of the Materials Project of 2019"
LICENCE = "MIT, as the package; the data ask for their attribution (CC BY 4.0)"
NOT_MEASURED = "measured enthalpies: DFT formation energies differ from them by about 0.1 eV/atom"
NOT_HOT = "temperature, pressure, molecules, surfaces or defects: it knows bulk compounds at 0 K"
NOT_RARE = "elements that no or few training rows hold: see the list of elements, and the warnings"

TEXTS: dict[str, dict[str, Any]] = {
    "composition": {
        "title": "DFT formation energy of the ground state, from the composition",
        "inputs": "formulas",
        "target": "formation energy",
        "unit": "eV/atom",
        "energies": ON_SCALES,
        "state": "ground state of the formula",
        "data": FOUR_TABLES,
        "split": SCALES_SPLIT,
        "not_for": [
            "polymorphs: it gives one number for a formula, that of the most stable known phase",
            "stability: differences between competing phases are smaller than its errors; use --stable, or a hull",
            "compounds that nobody has made, on the scales of the Materials Project: most lie higher than predicted, "
            "as their intervals say; the scale oqmd knows many of them",
            "a start of training on the bundled measured enthalpies: it has learned from them, and scores would be "
            "too good",
            NOT_HOT,
            NOT_RARE,
        ],
    },
    "stability": {
        "title": "probability of lying on the convex hull, from the composition",
        "inputs": "formulas",
        "target": "probability of lying on the convex hull (decomposition energy at or below zero)",
        "unit": "probability",
        "energies": ENERGIES_2019,
        "state": "ground state of the formula",
        "data": CRITEXAM,
        "split": COLUMN_SPLIT,
        "not_for": [
            "made-up formulas, taken at face value: 40 % of its compounds are stable, far more than of formulas that "
            "nobody considered, so its probabilities are too high for them",
            "synthesis: compounds above the hull can be made, and some on it cannot",
            "the distance from the hull in eV/atom",
            NOT_HOT,
            NOT_RARE,
        ],
    },
    "structure": {
        "title": "DFT formation energy of a given crystal structure",
        "inputs": "structures",
        "target": "formation energy",
        "unit": "eV/atom",
        "energies": ON_SCALES,
        "state": "given crystal structure",
        "data": TWO_TABLES,
        "split": STRUCTURES_SPLIT,
        "not_for": [
            "structures far from a relaxed one: it learned relaxed structures, has no forces and relaxes nothing",
            "structures that nobody has made: their errors are larger than those of the val rows",
            "disordered structures: partial occupation is refused",
            "the order of polymorphs whose energies differ by less than its error",
            NOT_MEASURED,
            NOT_HOT,
            NOT_RARE,
        ],
    },
}
"""What no run knows: texts of the cards by name of the model."""


BEFORE = {
    "composition": ["python scripts/build_energy_table.py ../shared/data build/energies.csv.gz"],
    "structure": ["python scripts/build_structure_table.py ../shared/data build/structures.csv.gz"],
}
BETWEEN = {
    "composition": [
        "for k in 0 1 2 3 4; do formation-mlp train configs/composition_fold.yaml --set split.column=fold$k "
        "--set output=runs/fold$k --set seed=1$k; done",
        "python scripts/build_composition.py runs/composition runs/fold0 runs/fold1 runs/fold2 runs/fold3 runs/fold4",
    ],
}
"""Further commands that made a model, before and after its training."""


def build(folder: Path, name: str, config_path: Path, overrides: list[str], members: Sequence[str] = ()) -> Path:
    """Write model file and card; return the model file."""
    run = RunFolder(folder)
    if not run.is_done():
        raise CheckpointError(f"{folder}: not the folder of a finished run.")
    report = run.read_json(run.report)
    config = load_config(config_path, overrides)
    asked, saved = config.model_dump(), check_config(run.saved_config(), str(run.config)).model_dump()
    keys = [key for key in asked if key != "output" and asked[key] != saved[key]]
    if keys:
        raise ConfigError(f"{folder} was not made by {config_path} as given: {', '.join(keys)} differ.")
    checkpoint = Checkpoint.load(run.model)
    if any("boosted_trees" in member.model for member in checkpoint.members):
        raise CheckpointError(f"{folder}: holds boosted trees, which need a package that is not always installed.")
    if checkpoint.domain is None:
        raise CheckpointError(
            f"{folder}: was made by an older version, which did not keep the training rows. Train again."
        )
    checkpoint = replace(checkpoint, config=checkpoint.config | {"output": None})
    prepared = prepare(config, load_rows(config))
    scores = {part: scores for part, scores in report["scores"].items() if scores}
    if members:
        checkpoint, scores = with_members(checkpoint, members, prepared)
    scores |= scores_by_scale(checkpoint, prepared)
    stored, weights = in_half_precision(checkpoint, prepared)
    content = saved_bytes(stored)
    if len(content) > LARGEST_FILE:
        raise CheckpointError(f"{folder}: {len(content)} bytes, but a shipped model has at most {LARGEST_FILE}.")
    finished = datetime.fromtimestamp(run.done.stat().st_mtime, UTC).date().isoformat()
    train = ["formation-mlp", "train", str(config_path), *(word for item in overrides for word in ("--set", item))]
    card = {
        "format": 1,
        "name": name,
        **TEXTS[name],
        "data": TEXTS[name]["data"] | {"rows_sha256": report["rows_sha256"]},
        "rows": {part: count for part, count in report["rows"].items() if count},
        "scores": scores,
        "intervals": measured_intervals(stored, prepared),
        "elements": checkpoint.training_elements,
        "rare_below": checkpoint.domain.rare_below,
        "features": [part if isinstance(part, str) else str(part) for part in checkpoint.config["features"]],
        "feature_names_sha256": sha256("\n".join(checkpoint.scaler.names).encode()).hexdigest(),
        "members": [f"{member.name} (share {member.share:.2f})" for member in checkpoint.members],
        "weights": weights,
        "commands": [
            *BEFORE.get(name, ()),
            shlex.join(train),
            *BETWEEN.get(name, ()),
            shlex.join(["python", "scripts/build_shipped.py", *sys.argv[1:]]),
        ],
        "date": finished,
        "versions": checkpoint.versions,
        "licence": LICENCE,
        "size_bytes": len(content),
        "sha256": sha256(content).hexdigest(),
    }
    Card.model_validate(card)
    path = FOLDER / f"{name}.safetensors"
    write_bytes(path, content)
    write_json(FOLDER / f"{name}.json", card)
    return path


def scores_by_scale(checkpoint: Checkpoint, prepared: Prepared) -> dict[str, dict[str, float]]:
    """Return the scores of the val rows of each energy scale, where there are several."""
    val = prepared.part("val")
    if val.scale is None:
        return {}
    prediction = Predictor(checkpoint).predict_features(val.X, val.compositions, val.scale)
    found = {}
    for place, name in enumerate(checkpoint.target.scales):
        rows = val.scale == place
        scores = prepared.task.scores(val.y[rows], prediction[rows])
        found[f"val, {name}"] = {key: float(score) for key, score in scores.items()}
    return found


def with_members(
    checkpoint: Checkpoint, names: Sequence[str], prepared: Prepared
) -> tuple[Checkpoint, dict[str, dict[str, float]]]:
    """Return the model of some members in their proportions, calibrated anew, and its scores on the val rows."""
    known = {member.name: member for member in checkpoint.members}
    if not set(names) <= set(known):
        raise ConfigError(f"--members: found {', '.join(names)}, but the run has {', '.join(known)}.")
    total = sum(known[name].share for name in names)
    kept = tuple(replace(known[name], share=known[name].share / total) for name in names)
    model = with_trust(prepared, replace(checkpoint, members=kept))
    val = prepared.part("val")
    prediction = Predictor(model).predict_features(val.X, val.compositions)
    scores = {"val": {name: float(score) for name, score in prepared.task.scores(val.y, prediction).items()}}
    return replace(model, scores=scores), scores


def in_half_precision(checkpoint: Checkpoint, prepared: Prepared) -> tuple[Checkpoint, str]:
    """Return the model with its networks in float16, if that is precise enough, and what was found."""
    members = [
        replace(member, weights={k: v.half() if v.dtype == torch.float32 else v for k, v in member.weights.items()})
        for member in checkpoint.members
    ]
    half = replace(checkpoint, members=tuple(members))
    rounded = [replace(m, weights={k: v.float() for k, v in m.weights.items()}) for m in members]
    val = prepared.part("val")
    before, after = (
        Predictor(model).predict_features(val.X, val.compositions, val.scale)
        for model in (checkpoint, replace(checkpoint, members=tuple(rounded)))
    )
    change = float(np.abs(after - before).max())
    said = f"the largest change of a prediction on the val rows by float16 is {change:.1g}"
    if change < LARGEST_CHANGE:
        return half, f"float16; {said}"
    return checkpoint, f"float32; {said}"


def saved_bytes(checkpoint: Checkpoint) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        checkpoint.save(path)
        return path.read_bytes()


def measured_intervals(checkpoint: Checkpoint, prepared: Prepared) -> dict[str, float] | None:
    """Calibrate on one half of the val formulas, and return coverage and width on the other."""
    if checkpoint.calibration is None:
        return None
    val = prepared.part("val")
    compositions = prepared.dataset.materials.compositions.take(prepared.split.val)
    if checkpoint.errors is not None:
        return intervals_of_errors(checkpoint, prepared)
    shares = np.array([member.share for member in checkpoint.members])
    mean, std = mean_and_std(Predictor(checkpoint).predict_members(val.X, compositions), shares)
    error, n_elements, several = np.abs(val.y - mean), compositions.n_elements, len(shares) > 1
    _, formula = np.unique(compositions.keys(), return_inverse=True)
    first = np.random.default_rng(0).random(formula.max() + 1)[formula] < 0.5
    calibration = Calibration.fit(error[first], std[first] if several else None, n_elements[first])
    if calibration.reason(LEVEL):
        return None
    unit = calibration.unit(std[~first] if several else None, int((~first).sum()))
    half_width = calibration.half_width(LEVEL, unit, n_elements[~first])
    return {
        "level": LEVEL,
        "coverage": round(float(np.mean(error[~first] <= half_width)), 4),
        "mean width (eV/atom)": round(float(2 * half_width.mean()), 4),
    }


def intervals_of_errors(checkpoint: Checkpoint, prepared: Prepared) -> dict[str, float]:
    """Return the same for an error model, on the val rows of the default scale, as known compounds."""
    model, val, predictor = checkpoint.errors, prepared.part("val"), Predictor(checkpoint)
    rows = np.arange(len(val.y)) if val.scale is None else np.flatnonzero(val.scale == 0)
    compositions = prepared.dataset.materials.compositions.take(prepared.split.val[rows])
    answers, n = predictor.on_all_scales(val.X[rows], compositions), len(rows)
    asked = Asked(compositions, *predictor.position(val.X[rows]), answers, np.zeros(n, int), np.zeros(n, bool))
    if model is None:
        raise RuntimeError("a model without an error model")
    expected, error = model.errors(asked), val.y[rows] - answers[:, 0]
    second = halves(compositions.keys(), 0)
    group = group_name((*checkpoint.target.scales, "")[0], KNOWN)
    own = replace(
        model,
        **dict(
            zip(
                ("groups", "scores", "starts"),
                packed_scores({group: scores_of(Errors(*(column[~second] for column in expected)), error[~second])}),
                strict=True,
            )
        ),
    )
    low, high = own.ends(LEVEL, Errors(*(column[second] for column in expected)), group)
    held = (low <= error[second]) & (error[second] <= high)
    return {
        "level": LEVEL,
        "coverage": round(float(held.mean()), 4),
        "mean width (eV/atom)": round(float((high - low).mean()), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("run", type=Path, help="folder of the finished run")
    parser.add_argument("name", choices=SHIPPED)
    parser.add_argument("--config", type=Path, required=True, help="the configuration that made the run")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as given to the training")
    parser.add_argument("--members", nargs="+", default=[], metavar="NAME", help="the only ones to keep")
    arguments = parser.parse_args()
    try:
        path = build(arguments.run, arguments.name, arguments.config, arguments.set, arguments.members)
    except FormationMLPError as error:
        sys.exit(f"error: {error}")
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB, with its card {path.with_suffix('.json').name}")


if __name__ == "__main__":
    main()
