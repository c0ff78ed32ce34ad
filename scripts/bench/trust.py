"""Measure whether intervals hold and how wide they are, and whether flagged rows err more.

python scripts/bench/trust.py intervals runs/best [--halvings 20] [--trees 100] [--forest-rows N]
python scripts/bench/trust.py flags runs/best
python scripts/bench/trust.py elements configs/quick.yaml [--elements F S Fe ...] [--train-rows N] [--set KEY=VALUE]

``intervals`` calibrates the model of a finished run on a random half of its val rows and measures coverage and width
on the other half, again and again. Beside it stand two kinds of intervals of one random forest, trained on the same
train rows (or a random part of them) and calibrated on the same halves: its quantiles (Meinshausen 2006), conformalised
as by Romano et al. (2019), and the spread of its trees, used as the spread of the members is here.

``flags`` says how far the val rows of a run are off, by the reason why they are flagged.

``elements`` trains a network without any compound of an element, and says how far it is off on all of them.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from formation_mlp.chemistry.elements import ATOMIC_NUMBER
from formation_mlp.config.loading import check_config, load_config
from formation_mlp.features.engine.table import featurize
from formation_mlp.runs.assemble import checkpoint, network_member, with_trust
from formation_mlp.runs.folder import RunFolder
from formation_mlp.runs.prepare import Prepared, load_rows, network_training, prepare
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.saved_model.mean import mean_and_std
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.splits.methods import Split
from formation_mlp.targets.scaler import FeatureScaler
from formation_mlp.targets.task import Task
from formation_mlp.trust.calibration import GROUP, MOST_ELEMENTS, Calibration
from formation_mlp.trust.domain_columns import FAR, DomainColumns

LEVELS = (0.5, 0.8, 0.9, 0.95)
HALF_WIDTHS = Callable[[np.ndarray, float], tuple[np.ndarray, np.ndarray]]
"""From rows to calibrate on and a level to the ends of the interval of every val row."""


def of_run(folder: Path) -> tuple[Predictor, Prepared]:
    """Return the model of a run, and its rows with their features."""
    run = RunFolder(folder)
    model = Checkpoint.load(run.model)
    config = check_config(run.saved_config(), str(run.config))
    dataset = load_rows(config)
    row = {name: i for i, name in enumerate(dataset.ids)}
    used = {part: [row[name] for name in names] for part, names in run.read_json(run.split).items()}
    dataset = dataset.take([i for rows in used.values() for i in rows])
    ends = np.cumsum([len(rows) for rows in used.values()])
    split = Split(*np.split(np.arange(ends[-1]), ends[:-1]))
    table = featurize(dataset.materials, config.features)
    task = Task(config.task, model.target_scaler)
    return Predictor(model), Prepared(config, dataset, table, split, model.scaler, task, dataset.y)


def intervals(arguments: argparse.Namespace) -> None:
    predictor, prepared = of_run(arguments.run)
    val = prepared.part("val")
    groups = np.minimum(val.compositions.n_elements, MOST_ELEMENTS)
    mean, std = mean_and_std(
        predictor.predict_members(val.X, val.compositions),
        np.array([member.share for member in predictor.checkpoint.members]),
    )
    methods = {"model": scaled(val.y, mean, std, groups)}
    if arguments.trees:
        methods |= of_forest(prepared, arguments.trees, arguments.forest_rows, groups)
    halves = [np.random.default_rng(seed).permutation(len(groups)) for seed in range(arguments.halvings)]
    print(f"\n{arguments.run}: {len(groups)} val rows, {arguments.halvings} halvings; coverage, mean width in eV/atom")
    numbers = [n for n in range(1, MOST_ELEMENTS + 1) if (groups == n).any()]
    print(
        "| intervals | level | all | " + " | ".join(f"{n}{'+' * (n == MOST_ELEMENTS)} elements" for n in numbers) + " |"
    )
    print("|---|---:|" + "---:|" * (len(numbers) + 1))
    for name, ends in methods.items():
        for level in LEVELS:
            cells = measured(ends, level, val.y, groups, numbers, halves)
            print(
                f"| {name} | {level:g} | " + " | ".join(f"{100 * c:.1f} %, {w:.3f}" for c, w in cells) + " |",
                flush=True,
            )
    print("| rows | | " + " | ".join(map(str, [len(groups), *(int((groups == n).sum()) for n in numbers)])) + " |")


def measured(
    ends: HALF_WIDTHS, level: float, y: np.ndarray, groups: np.ndarray, numbers: Sequence[int], halves: list[np.ndarray]
) -> list[tuple[float, float]]:
    """Return coverage and width on the other half, of all rows and by number of elements, over all halvings."""
    inside, width, count = (np.zeros(len(numbers) + 1) for _ in range(3))
    for order in halves:
        first, second = np.split(order, [len(order) // 2])
        lo, hi = ends(first, level)
        for i, rows in enumerate([second, *(second[groups[second] == n] for n in numbers)]):
            inside[i] += ((lo[rows] <= y[rows]) & (y[rows] <= hi[rows])).sum()
            width[i] += (hi[rows] - lo[rows]).sum()
            count[i] += len(rows)
    return list(zip(inside / count, width / count, strict=True))


def scaled(y: np.ndarray, mean: np.ndarray, std: np.ndarray, groups: np.ndarray) -> HALF_WIDTHS:
    """Return the intervals of this package."""

    def ends(first: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
        calibration = Calibration.fit(np.abs(y - mean)[first], std[first], groups[first])
        half_width = calibration.half_width(level, calibration.unit(std, len(std)), groups)
        return mean - half_width, mean + half_width

    return ends


def of_forest(prepared: Prepared, trees: int, n_rows: int | None, groups: np.ndarray) -> dict[str, HALF_WIDTHS]:
    """Return the intervals of a random forest: conformalised quantiles, and scaled by the spread of its trees."""
    from sklearn.ensemble import RandomForestRegressor

    rows = prepared.split.train
    if n_rows is not None and n_rows < len(rows):
        rows = np.sort(np.random.default_rng(0).choice(rows, n_rows, replace=False))
    train, val = prepared.rows(rows), prepared.part("val")
    X, X_val = prepared.scaler.transform(train.X), prepared.scaler.transform(val.X)
    forest = RandomForestRegressor(trees, min_samples_leaf=3, max_features=0.33, random_state=0).fit(X, train.y)
    of_trees = np.stack([tree.predict(X_val) for tree in forest.estimators_])
    mean, std = of_trees.mean(axis=0), of_trees.std(axis=0)
    print(f"random forest of {trees} trees on {len(rows)} rows: val MAE {np.abs(mean - val.y).mean():.4f}", flush=True)
    shares = np.array([(1 + sign * level) / 2 for level in LEVELS for sign in (-1, 1)])
    quantiles = forest_quantiles(forest.apply(X), train.y, forest.apply(X_val), shares)

    def conformalised(first: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
        lo, hi = quantiles[2 * LEVELS.index(level)], quantiles[2 * LEVELS.index(level) + 1]
        score = np.maximum(lo - val.y, val.y - hi)
        shift = np.empty(MOST_ELEMENTS + 1)
        for n in range(1, MOST_ELEMENTS + 1):
            own = score[first][groups[first] == n]
            own = np.sort(own if len(own) >= GROUP else score[first])
            shift[n] = own[min(len(own), int(np.ceil((len(own) + 1) * level))) - 1]
        return lo - shift[groups], hi + shift[groups]

    name = f"forest ({len(rows)} rows)"
    return {f"{name}, quantiles": conformalised, f"{name}, spread": scaled(val.y, mean, std, groups)}


def forest_quantiles(leaves: np.ndarray, y: np.ndarray, of_rows: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return quantiles ``[k, n]``: in each tree the train rows of the same leaf share a weight of one."""
    order = np.argsort(leaves, axis=0)
    starts = [np.searchsorted(leaves[order[:, t], t], of_rows[:, t]) for t in range(leaves.shape[1])]
    stops = [np.searchsorted(leaves[order[:, t], t], of_rows[:, t], side="right") for t in range(leaves.shape[1])]
    found = np.empty((len(shares), len(of_rows)))
    for row in range(len(of_rows)):
        parts = [order[starts[t][row] : stops[t][row], t] for t in range(leaves.shape[1])]
        weights = np.concatenate([np.full(len(part), 1 / len(part)) for part in parts])
        values = y[np.concatenate(parts)]
        by_value = np.argsort(values)
        reached = np.cumsum(weights[by_value]) / leaves.shape[1]
        found[:, row] = values[by_value][np.minimum(np.searchsorted(reached, shares), len(values) - 1)]
    return found


def flags(arguments: argparse.Namespace) -> None:
    predictor, prepared = of_run(arguments.run)
    model = predictor.checkpoint
    if model.domain is None:
        model = with_trust(prepared, model)
    domain, val = model.domain, prepared.part("val")
    error = np.abs(predictor.predict_features(val.X, val.compositions) - val.y)
    materials = prepared.dataset.materials.take(prepared.split.val)
    found = domain.compare(prepared.scaler.transform(val.X), materials, model.training_elements)
    print(f"\n{arguments.run}: absolute errors of the val rows in eV/atom")
    print("| val rows | number | share | mean | median |\n|---|---:|---:|---:|---:|")
    for name, chosen in reasons(found).items():
        if chosen.any():
            numbers = f"{np.mean(error[chosen]):.4f} | {np.median(error[chosen]):.4f}"
            print(f"| {name} | {chosen.sum()} | {100 * chosen.mean():.1f} % | {numbers} |")


def reasons(found: DomainColumns) -> dict[str, np.ndarray]:
    density = found.density or [""] * len(found.unseen)
    return {
        "all": np.full(len(found.unseen), True),
        "not flagged": ~found.flagged,
        "flagged": found.flagged,
        "- unseen element": np.array([bool(text) for text in found.unseen]),
        "- rare element": np.array([bool(text) for text in found.rare]),
        f"- farther than {FAR:g} %": found.distance > FAR,
        "- unknown oxidation state": found.has_unknown_state,
        "not charge-balanced": np.array([text == "no" for text in found.charge_balanced]),
        "- density below the range": np.array([text == "below" for text in density]),
        "- density above the range": np.array([text == "above" for text in density]),
    }


def elements(arguments: argparse.Namespace) -> None:
    config = load_config(arguments.config, arguments.set)
    prepared = prepare(config, load_rows(config))
    compositions, split = prepared.dataset.materials.compositions, prepared.split
    train = split.train
    if arguments.train_rows is not None and arguments.train_rows < len(train):
        train = np.sort(np.random.default_rng(0).choice(train, arguments.train_rows, replace=False))
    print(f"{len(train)} train rows less those with the element; mean absolute errors in eV/atom")
    print("| left out | its compounds in val | MAE | other val rows, flagged | MAE | not flagged | MAE | ratio |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for symbol in arguments.elements:
        holds = np.logical_or.reduceat(compositions.z == ATOMIC_NUMBER[symbol], compositions.row_ptr[:-1])
        own = replace(prepared, split=parts(train[~holds[train]], split.val[~holds[split.val]], len(holds)))
        predictor, ordinary = trained(own)
        held_out, others = split.val[holds[split.val]], own.split.val
        error = {}
        for name, rows in (("held out", held_out), ("others", others)):
            part = own.rows(rows)
            error[name] = np.abs(predictor.predict_features(part.X, part.compositions) - part.y)
        found = predictor.checkpoint.domain.compare(
            ordinary(own.rows(others).X), own.dataset.materials.take(others), predictor.checkpoint.training_elements
        )
        usual = error["others"][~found.flagged].mean()
        columns = [symbol, len(held_out), f"{error['held out'].mean():.3f}", found.flagged.sum()]
        columns += [f"{error['others'][found.flagged].mean():.3f}", (~found.flagged).sum(), f"{usual:.3f}"]
        print(f"| {' | '.join(map(str, columns))} | {error['held out'].mean() / usual:.1f} |", flush=True)


def parts(train: np.ndarray, val: np.ndarray, n: int) -> Split:
    """Return a split whose test part is what is neither in train nor in val."""
    return Split(train, val, np.setdiff1d(np.arange(n), np.concatenate([train, val])))


def trained(prepared: Prepared) -> tuple[Predictor, Callable[[np.ndarray], np.ndarray]]:
    """Train the network of the configuration anew, scalers included; return it and its scaling of features."""
    rows = prepared.split.train
    scaler = FeatureScaler.fit(prepared.table.X[rows], prepared.table.names)
    own = replace(prepared, scaler=scaler, task=Task.fit(prepared.config.task, prepared.y[rows]))
    job = network_training(own)
    for _ in job.epochs():
        pass
    model = with_trust(own, checkpoint(own, [network_member(own, job)], {}))
    return Predictor(model), scaler.transform


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("intervals")
    verb.add_argument("run", type=Path)
    verb.add_argument("--halvings", type=int, default=20)
    verb.add_argument("--trees", type=int, default=100, help="of the forest; 0 for none")
    verb.add_argument("--forest-rows", type=int, help="train rows of the forest; all of them if not given")
    verb.set_defaults(function=intervals)
    verb = verbs.add_parser("flags")
    verb.add_argument("run", type=Path)
    verb.set_defaults(function=flags)
    verb = verbs.add_parser("elements")
    verb.add_argument("config", type=Path)
    verb.add_argument("--elements", nargs="+", default=["Li", "B", "F", "S", "Ti", "Fe", "Yb", "Hg"])
    verb.add_argument("--train-rows", type=int)
    verb.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    verb.set_defaults(function=elements)
    arguments = parser.parse_args()
    arguments.function(arguments)


if __name__ == "__main__":
    main()
