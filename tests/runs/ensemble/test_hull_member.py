"""Boosted trees that are told predicted formation energies, and the convex hull of the train rows."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import formation_mlp
from formation_mlp.config.loading import check_config
from formation_mlp.config.schema import Config
from formation_mlp.errors import CheckpointError, ConfigError, DataError
from formation_mlp.hulls.hull import CompetingPhases
from formation_mlp.materials.formula.reading import parse_formulas
from formation_mlp.models.boosted_trees import BoostedTrees
from formation_mlp.models.hull_trees import COLUMNS, HullTrees, KnownCompounds
from formation_mlp.runs import train as run
from formation_mlp.runs.ensemble import hull_member
from formation_mlp.runs.ensemble.hull_member import HullTreesPlan
from formation_mlp.runs.ensemble.member import train_member
from formation_mlp.runs.ensemble.plan import plan_members
from formation_mlp.runs.folder import RunFolder
from formation_mlp.runs.prepare import load_rows, prepare
from formation_mlp.runs.progress import Reporter
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.system.compute import Compute
from support.configs import TINY, changed

pytestmark = [pytest.mark.usefixtures("without_figures"), pytest.mark.slow]

pytest.importorskip("lightgbm")

ENERGY = "formation_energy_per_atom"
TREES = {"num_iterations": 5, "num_leaves": 4, "min_data_in_leaf": 2}
SET = {"architecture": "set", "hidden": [8], "set_width": 4, "set_layers": 1, "set_heads": 2}
HULL: dict[str, Any] = {"boosted_trees": TREES, "hull": {"folds": 3, "model": SET}}
NAMES = ["NaCl", "Fe2O3", "FeO", "Fe3O4", "LiFeO2", "Li2O", "Cu"]
ENERGIES = np.array([-2.1, -1.7, -1.4, -1.62, -1.9, -2.0, 0.0])


def compounds(*formulas: str) -> Any:
    return parse_formulas(list(formulas)).compositions


@pytest.fixture(scope="module")
def known() -> KnownCompounds:
    return KnownCompounds.fit(compounds(*NAMES), ENERGIES, ENERGIES + 0.05)


def unscaled(known: KnownCompounds, *formulas: str, predicted: list[float]) -> np.ndarray:
    weights = known.weights()
    values: np.ndarray = known.columns(compounds(*formulas), np.array(predicted)) * weights["scale"] + weights["centre"]
    return values


# --- the columns


def test_the_columns_are_those_of_the_mixture_that_competes(known: KnownCompounds) -> None:
    (row,) = unscaled(known, "Fe5O7", predicted=[-1.5])
    found = CompetingPhases(compounds(*NAMES), ENERGIES).decompose(compounds("Fe5O7"), [-1.5])
    assert row[:3] == pytest.approx([-1.5, found.energy[0], -1.5 - found.energy[0]])
    assert row[3:] == pytest.approx([len(found.share), found.share.max(), 0.0])


def test_elements_of_a_mixture_are_counted(known: KnownCompounds) -> None:
    rows = unscaled(known, "Cu2O", "CuFeO2", predicted=[-0.6, -0.8])
    np.testing.assert_allclose(rows[0], [-0.6, -0.6, 0.0, 2, 2 / 3, 1.0], atol=1e-12)
    assert rows[1, 3:].tolist() == pytest.approx([3, 0.625, 2 / 3])  # Fe2O3, Cu and O: 5/8, 1/4 and 1/8 of the atoms


def test_a_compound_of_the_same_composition_does_not_count(known: KnownCompounds) -> None:
    """Neither below nor above the predicted energy: else train rows would be told their own energy."""
    others = [name for name in NAMES if name != "Fe3O4"]
    without = CompetingPhases(compounds(*others), ENERGIES[[NAMES.index(name) for name in others]])
    for predicted in (-3.0, -1.62, 1.0):
        (row,) = unscaled(known, "Fe6O8", predicted=[predicted])
        assert row[1] == pytest.approx(without.decompose(compounds("Fe3O4"), [predicted]).energy[0])


def test_an_element_lies_above_itself_by_its_own_energy(known: KnownCompounds) -> None:
    (row,) = unscaled(known, "Cu", predicted=[0.03])
    assert row[:4] == pytest.approx([0.03, 0.03, 0.0, 1])


def test_the_columns_are_standardised_over_the_train_rows(known: KnownCompounds) -> None:
    columns = known.columns(compounds(*NAMES), ENERGIES + 0.05)
    assert columns.shape == (len(NAMES), len(COLUMNS))
    np.testing.assert_allclose(columns.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(columns.std(axis=0), 1)


# --- saved and read


def hull_trees(known: KnownCompounds) -> tuple[HullTrees, np.ndarray, Any, np.ndarray]:
    generator = np.random.default_rng(0)
    formulas = [f"Fe{a}O{b}" for a in range(1, 8) for b in range(1, 8)]
    X, predicted = generator.normal(size=(len(formulas), 3)), generator.normal(-1, 0.5, len(formulas))
    inputs = known.inputs(X, compounds(*formulas), predicted)
    y = (inputs[:, 4] > 0).astype(float)
    trees = BoostedTrees.fit(inputs, y, inputs, y, classify=True, options=TREES, seed=0, threads=1)
    return HullTrees(trees, known), X, compounds(*formulas), predicted


def test_saved_trees_predict_exactly_the_same(known: KnownCompounds) -> None:
    trees, *rows = hull_trees(known)
    assert np.ptp(trees.predict(*rows)) > 0.1
    again = HullTrees.from_weights(trees.weights())
    np.testing.assert_array_equal(again.predict(*rows), trees.predict(*rows))
    np.testing.assert_array_equal(again.weights()["known.z"], trees.weights()["known.z"])


@pytest.mark.parametrize("name", ["known.z", "known.energies", "known.scale", "trees.text"])
def test_what_is_missing_or_damaged_is_named(known: KnownCompounds, name: str) -> None:
    weights = hull_trees(known)[0].weights()
    with pytest.raises(CheckpointError, match=r"damaged: .*Train again\."):
        HullTrees.from_weights({key: value for key, value in weights.items() if key != name})
    with pytest.raises(CheckpointError, match=r"damaged: .*Train again\."):
        HullTrees.from_weights(weights | {name: np.asarray(weights[name])[:2]})


# --- as members


@pytest.fixture(scope="module")
def config(rows: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Config]:
    folder = tmp_path_factory.mktemp("hull")
    table = folder / "table.csv"
    table.write_text(f"formula,{ENERGY}\n" + "".join(f"{a},{b}\n" for a, b in rows), encoding="utf-8")

    def make(**changes: Any) -> Config:
        task = {"type": "classification", "boundary": -1.0, "auxiliary": {ENERGY: 1.0}}
        own = {"data": {"path": str(table)}, "task": task, "output": str(tmp_path_factory.mktemp("run") / "run")}
        members = {"network": {}, "trees": HULL}
        return check_config(changed(changed(TINY, own | {"ensemble": {"members": members}}), changes), "test")

    return make


def trained(config: Config, **options: Any) -> Path:
    run.train(config, Reporter(-1), **options)
    return Path(str(config.output))


@pytest.fixture(scope="module")
def finished(config: Callable[..., Config]) -> Path:
    return trained(config())


def test_one_model_file_holds_networks_compounds_and_trees(finished: Path) -> None:
    inner = finished / "members" / "trees-0" / "energies"
    assert sorted(path.name for path in inner.iterdir()) == ["fold0", "fold1", "fold2"]
    assert all(RunFolder(path).is_done() for path in inner.iterdir())
    member = Checkpoint.load(finished / "model.safetensors").members[1]
    assert [found["model"]["architecture"] for found in member.model["energies"]] == ["set"] * 3
    predictor, own = formation_mlp.load(finished), formation_mlp.load(finished / "members" / "trees-0")
    formulas = ["NaCl", "Fe2O3", "CsBr", "Cu"]
    both, alone = predictor.predict(formulas), own.predict(formulas)
    network = formation_mlp.load(finished / "members" / "network-0").predict(formulas)
    np.testing.assert_allclose(both, (alone + network) / 2)
    report = RunFolder(finished).read_json(finished / "report.json")["members"]["trees-0"]
    assert report["trees"] >= 1
    assert report["parameters"] > 0


def test_many_rows_get_what_few_get(finished: Path) -> None:
    """NumPy answers for few rows, torch for many."""
    predictor = formation_mlp.load(finished)
    formulas = [f"Fe{a}O{b}" for a in range(1, 51) for b in range(1, 51)]
    np.testing.assert_allclose(predictor.predict(formulas)[:9], predictor.predict(formulas[:9]), atol=1e-5)


def test_the_energies_of_train_rows_are_those_of_a_network_that_did_not_see_them(
    config: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = config()
    prepared = prepare(chosen, load_rows(chosen))
    assert chosen.ensemble is not None
    plan = plan_members(prepared, chosen.ensemble)[1]
    assert isinstance(plan, HullTreesPlan)
    seen: dict[str, np.ndarray] = {}

    def grow(_plan: object, predicted: np.ndarray, _threads: int) -> HullTrees:
        seen.update(predicted=predicted)
        raise KeyboardInterrupt

    monkeypatch.setattr(hull_member, "_grow", grow)
    with pytest.raises(KeyboardInterrupt):
        list(train_member(plan, 1))
    assert prepared.dataset.auxiliary is not None
    assert all((fold.y == prepared.dataset.auxiliary[:, 0]).all() for fold in plan.energies)
    compositions = prepared.dataset.materials.compositions
    answers, seen_by = [], []
    for fold in plan.energies:
        network = Predictor(Checkpoint.load(RunFolder(str(fold.config.output)).model))
        answers.append(network.predict_features(prepared.table.X, compositions))
        assert not set(fold.split.train) & (set(prepared.split.val) | set(prepared.split.test))
        keys = np.array(prepared.dataset.keys())
        assert not set(keys[fold.split.train]) & set(keys[fold.split.val])
        seen_by.append(np.isin(np.arange(len(prepared.y)), fold.split.train))
    unseen = ~np.array(seen_by)
    train, val = prepared.split.train, prepared.split.val
    assert (unseen[:, train].sum(axis=0) == 1).all()
    expected = (np.array(answers) * unseen).sum(axis=0)[train]
    np.testing.assert_allclose(seen["predicted"][train], expected)
    np.testing.assert_allclose(seen["predicted"][val], np.mean(answers, axis=0)[val])
    assert (seen["predicted"][prepared.split.test] == 0).all()  # test rows are not even predicted


def test_an_interrupted_member_goes_on_and_gives_the_same_model(finished: Path, config: Callable[..., Config]) -> None:
    chosen = config()
    prepared = prepare(chosen, load_rows(chosen))
    assert chosen.ensemble is not None
    plan = plan_members(prepared, chosen.ensemble)[1]
    assert isinstance(plan, HullTreesPlan)
    keys: dict[str, Any] = {"overwrite": False, "resume": False, "fingerprint": prepared.fingerprint()}
    RunFolder(str(chosen.output)).begin(chosen.model_dump(), **keys)
    epochs = train_member(plan, 1)
    for _ in range(3):  # the first network has two epochs
        next(epochs)
    assert isinstance(epochs, Generator)
    epochs.close()
    assert RunFolder(Path(str(plan.prepared.config.output)) / "energies" / "fold0").is_done()
    again = trained(chosen, resume=True)
    ours, theirs = (Checkpoint.load(folder / "model.safetensors").members[1] for folder in (again, finished))
    for name, value in theirs.weights.items():
        assert torch.equal(torch.as_tensor(np.asarray(ours.weights[name])), torch.as_tensor(np.asarray(value))), name


def test_processes_train_the_same_members(finished: Path, config: Callable[..., Config]) -> None:
    folder = trained(config(), compute=Compute(2))
    formulas = ["NaCl", "Fe2O3", "CsBr"]
    np.testing.assert_allclose(
        formation_mlp.load(folder).predict(formulas), formation_mlp.load(finished).predict(formulas)
    )


def test_a_run_may_be_replaced_and_leaves_nothing_behind(config: Callable[..., Config]) -> None:
    output = str(config().output)
    for folds in (3, 2):
        members = {"trees": HULL | {"hull": {"folds": folds}}}
        folder = trained(config(ensemble={"members": members}, output=output), overwrite=True)
        inner = folder / "members" / "trees-0" / "energies"
        assert sorted(path.name for path in inner.iterdir()) == [f"fold{i}" for i in range(folds)]


# --- what is refused


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"members": {"odd": {"hull": {}}}}, r"ensemble.members.odd.hull: only boosted trees take it; add 'boosted_"),
        (
            {"members": {"odd": {"boosted_trees": {}, "hull": {"column": "energy"}}}},
            r"ensemble.members.odd.hull.column: unknown column of task.auxiliary 'energy'\. Choose one of: format",
        ),
        (
            {"members": {"odd": HULL | {"hull": {"model": {"hiden": [8]}}}}},
            r"(?s)ensemble.members.odd.hull: .*unknown key 'hiden'",
        ),
    ],
)
def test_a_wrong_hull_is_named_before_anything_is_trained(
    config: Callable[..., Config], changes: dict[str, Any], message: str
) -> None:
    chosen = config(ensemble=changes)
    with pytest.raises(ConfigError, match=message):
        trained(chosen)
    assert not Path(str(chosen.output)).exists()


def test_a_train_row_without_an_energy_is_named(config: Callable[..., Config], tmp_path: Path) -> None:
    chosen = config()
    lines = Path(chosen.data.path).read_text(encoding="utf-8").splitlines()
    cells = [line + "," + ("" if i == 20 else line.split(",")[1]) for i, line in enumerate(lines)]
    cells[0] = lines[0] + ",other"
    (tmp_path / "table.csv").write_text("\n".join(cells), encoding="utf-8")
    task = chosen.task.model_dump() | {"auxiliary": {"other": 1.0}}
    members = {"trees": {"boosted_trees": TREES, "hull": {"column": "other"}}}
    split = {"val": 0.02, "test": 0.02}
    chosen = config(data={"path": str(tmp_path / "table.csv")}, task=task, ensemble={"members": members}, split=split)
    with pytest.raises(
        DataError, match=r"hull: 1 train rows have no other, the first is .*Leave them out of the table"
    ):
        trained(chosen)


def test_the_epochs_that_are_shown_are_those_of_energies(
    config: Callable[..., Config], capsys: pytest.CaptureFixture[str]
) -> None:
    members = {"trees": HULL | {"hull": {"folds": 2, "training": {"max_epochs": 3}}}}
    run.train(config(ensemble={"members": members}), Reporter(0))
    said = capsys.readouterr().err
    assert "member trees-0: 2 networks of formation energies, then boosted trees" in said
    assert said.count("val MAE") == 6
    assert said.count("trees-0: val log loss") == 1
