"""Explanations: held against scikit-learn, finite differences and sums, and told in words."""

from __future__ import annotations

import doctest
import importlib
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.inspection import partial_dependence, permutation_importance

from formation_mlp import load
from formation_mlp.config.loading import check_config
from formation_mlp.config.schema import Entry, ModelConfig
from formation_mlp.errors import CheckpointError, ConfigError, DataError
from formation_mlp.explain.dependence import dependence
from formation_mlp.explain.explanation import JUMPS, Explainer, neighbours
from formation_mlp.explain.groups import KINDS, by_preset, by_property, groups
from formation_mlp.explain.permutation import importance, losses_by_permutation
from formation_mlp.explain.rows import RunRows, featurized_rows
from formation_mlp.features.engine.table import featurize
from formation_mlp.features.presets import build_preset, preset_table
from formation_mlp.materials.inputs import read_materials
from formation_mlp.models.integrated_gradients import TreesPath, along, kinks
from formation_mlp.models.networks import build_network
from formation_mlp.runs import train as run
from formation_mlp.runs.progress import Reporter
from formation_mlp.saved_model.members import ELEMENTS, ELEMENTS_AND_HULL
from formation_mlp.saved_model.predictor import Predictor
from support.configs import changed

pytestmark = pytest.mark.slow

FORMULAS = ["NaCl", "Fe2O3", "MgO", "CaTiO3"]
TREES = {"boosted_trees": {"num_iterations": 40, "min_data_in_leaf": 3, "num_leaves": 7}}

MODELS: dict[str, dict[str, Any]] = {
    "linear": {"model": {"hidden": []}},
    "mlp": {"model": {"hidden": [16, 8]}},
    "smooth": {"model": {"hidden": [16], "activation": "swish"}},
    "jumps": {"model": {"hidden": [16], "activation": "hardshrink"}},
    "batch": {"model": {"hidden": [16], "normalization": "batch"}},
    "residual": {"model": {"architecture": "residual", "hidden": [16, 16]}},
    "set": {"model": {"architecture": "set", "hidden": [16], "set_width": 8}},
    "classes": {"task": {"type": "classification", "boundary": -1.0}},
    "ensemble": {
        "task": {
            "type": "classification",
            "boundary": -1.0,
            "auxiliary": {"formation_energy_per_atom": 0.5},
        },
        "ensemble": {
            "members": {
                "plain": {"seeds": 2},
                "set": {"model": {"architecture": "set", "hidden": [16], "set_width": 8}},
                "trees": TREES,
                "hull": TREES | {"hull": {"folds": 2}},
            }
        },
    },
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> Callable[[str], Path]:
    """Return a function that gives the folder of a run of one of the models, trained on first use."""
    folder = tmp_path_factory.mktemp("runs")
    table = folder / "table.csv"
    table.write_text("formula,formation_energy_per_atom\n" + "".join(f"{a},{b}\n" for a, b in rows), encoding="utf-8")
    base = {
        "data": {"path": str(table)},
        "features": ["magpie", "element_fraction"],
        "split": {"val": 0.2, "test": 0.2},
        "model": {"hidden": [8]},
        "training": {"max_epochs": 8, "batch_size": 8, "device": "cpu"},
    }

    def trained(name: str) -> Path:
        path = folder / name
        if not path.exists():
            raw = changed(base, MODELS[name] | {"output": str(path)})
            run.train(check_config(raw, name), Reporter(-1))
        return path

    return trained


@pytest.fixture(scope="module")
def mlp(runs: Callable[[str], Path]) -> Predictor:
    return load(runs("mlp"))


@pytest.fixture(scope="module")
def parts(runs: Callable[[str], Path], mlp: Predictor) -> dict[str, RunRows]:
    return featurized_rows(runs("mlp"), mlp)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("preset", [name for name in preset_table() if name not in ("matminer", "table", "columns")])
def test_every_column_belongs_to_one_group(kind: str, preset: str) -> None:
    found = np.concatenate(list(groups([preset], kind).values()))
    assert sorted(found.tolist()) == list(range(len(build_preset(preset).names)))


def test_statistics_of_one_property_are_one_group_whatever_the_preset() -> None:
    features = ["magpie", "ward2017", "valence_orbital"]
    names = [name for preset in features for name in build_preset(preset).names]
    found = {name: {names[i] for i in columns} for name, columns in by_property(features).items()}
    assert found["electronegativity"] == {name for name in names if name.endswith(" Electronegativity")}
    assert len(found["electronegativity"]) == 11
    assert {"MagpieData mean NsValence", "avg s valence electrons"} < found["s valence electrons"]
    assert found["ordering parameter"] == {f"mean ordering parameter shell {i}" for i in (1, 2, 3)}
    assert not found["valence electrons"] & found["s valence electrons"]


def test_the_same_preset_with_other_options_is_another_group() -> None:
    parts: list[Entry] = [
        {"matminer": {"featurizer": "BandCenter"}},
        {"matminer": {"featurizer": "TMetalFraction"}},
        "magpie",
    ]
    assert list(by_preset(parts)) == ["matminer BandCenter", "matminer TMetalFraction", "magpie"]


def test_an_unknown_kind_of_groups_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"unknown kind of groups 'colour'\. Choose one of: property, preset"):
        groups(["magpie"], "colour")


class Estimator(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A predictor as scikit-learn wants it; its compositions stay as they are."""

    def __init__(self, predictor: Predictor | None = None, rows: RunRows | None = None) -> None:
        self.predictor, self.rows = predictor, rows
        self.fitted_ = True

    def fit(self, *_: object) -> Estimator:
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        assert self.predictor is not None
        assert self.rows is not None
        return self.predictor.predict_features(X, self.rows.compositions)


def test_single_columns_are_as_important_as_scikit_learn_says(mlp: Predictor, parts: Mapping[str, RunRows]) -> None:
    val = parts["val"]
    expected = permutation_importance(
        Estimator(mlp, val), val.X, val.y, scoring="neg_mean_absolute_error", n_repeats=3, random_state=5
    ).importances
    generator = np.random.RandomState(np.random.RandomState(5).randint(np.iinfo(np.int32).max + 1))
    shuffle, order, orders = np.arange(len(val)), np.arange(len(val)), []
    for _ in range(3):
        generator.shuffle(shuffle)
        order = order[shuffle]
        orders.append(order)
    columns = {name: np.array([i]) for i, name in enumerate(mlp.checkpoint.scaler.names)}
    score, losses = losses_by_permutation(mlp.predict_features, val, columns, np.stack(orders), mlp.task.selection)
    np.testing.assert_allclose(list(losses.values()), expected, atol=1e-9)
    assert np.abs(expected).max() > 1e-3
    assert score == pytest.approx(np.abs(mlp.predict_features(val.X, val.compositions) - val.y).mean())


def test_a_group_is_permuted_as_a_whole(mlp: Predictor, parts: Mapping[str, RunRows]) -> None:
    val = parts["val"]
    everything = np.arange(val.X.shape[1])
    order = np.random.default_rng(0).permutation(len(val))
    score, losses = losses_by_permutation(
        mlp.predict_features, val, {"all": everything}, order[None], mlp.task.selection
    )
    permuted = np.abs(mlp.predict_features(val.X[order], val.compositions) - val.y).mean()
    assert losses["all"] == pytest.approx(permuted - score)


def test_importance_is_ordered_repeatable_and_in_the_unit_of_the_score(
    mlp: Predictor, parts: Mapping[str, RunRows]
) -> None:
    found = importance(mlp, parts["val"], repeats=4, seed=3)
    assert found.losses.shape == (len(found.names), 4)
    assert (np.diff(found.mean) <= 0).all()
    assert found.score_name == "MAE"
    assert sum(found.sizes) == len(mlp.checkpoint.scaler.kept)
    np.testing.assert_array_equal(importance(mlp, parts["val"], repeats=4, seed=3).losses, found.losses)
    assert (importance(mlp, parts["val"], repeats=4, seed=4).losses != found.losses).any()
    np.testing.assert_allclose(found.std, np.std(found.losses, axis=1))


def test_where_a_model_is_right_every_permutation_makes_it_worse(mlp: Predictor, parts: Mapping[str, RunRows]) -> None:
    train = parts["train"]
    target = mlp.predict_features(train.X, train.compositions)
    own = RunRows(train.formulas, train.compositions, train.X, target)
    found = importance(mlp, own)
    assert found.score == pytest.approx(0, abs=1e-9)
    assert (found.losses >= 0).all()


def test_elements_seen_as_a_set_are_a_group_of_their_own(runs: Callable[[str], Path]) -> None:
    folder = runs("set")
    predictor = load(folder)
    found = importance(predictor, featurized_rows(folder, predictor)["val"])
    assert found.losses[found.names.index(ELEMENTS)].any()


def test_energies_and_hull_are_named_where_members_are_told_them(runs: Callable[[str], Path]) -> None:
    predictor = load(runs("ensemble"))
    found = importance(predictor, featurized_rows(runs("ensemble"), predictor)["val"])
    assert found.losses[found.names.index(ELEMENTS_AND_HULL)].any()
    names = [one.name for one in Explainer(predictor).explain(["Fe2O3"])[0].contributions()]
    assert ELEMENTS_AND_HULL in names
    assert ELEMENTS not in names


def test_classifiers_lose_log_loss(runs: Callable[[str], Path]) -> None:
    folder = runs("classes")
    predictor = load(folder)
    found = importance(predictor, featurized_rows(folder, predictor)["val"], "preset")
    assert found.score_name == "log loss"
    assert set(found.names) == {"magpie", "element_fraction"}


def test_importance_needs_rows_and_repeats(mlp: Predictor, parts: Mapping[str, RunRows]) -> None:
    with pytest.raises(DataError, match="1 row, 5 repeats"):
        importance(mlp, parts["val"].sample(1, 0))
    with pytest.raises(DataError, match="0 repeats"):
        importance(mlp, parts["val"], repeats=0)


@pytest.mark.parametrize("name", [name for name in MODELS if name != "jumps"])
def test_attributions_add_up_to_the_difference(runs: Callable[[str], Path], name: str) -> None:
    predictor = load(runs(name))
    expected = predictor.predict(FORMULAS)
    for i, found in enumerate(Explainer(predictor).explain(FORMULAS)):
        difference = found.prediction - found.baseline
        assert found.prediction == pytest.approx(expected[i], rel=1e-5)
        assert abs(difference) > 1e-4
        assert found.attributions.sum() + found.of_elements == pytest.approx(difference, rel=1e-4)
        for kind in KINDS:
            amounts = [one.amount for one in found.contributions(kind)]
            assert sum(amounts) == pytest.approx(difference, rel=1e-4)
            assert np.abs(amounts).tolist() == sorted(np.abs(amounts), reverse=True)
        assert bool(found.of_elements) == (name in ("set", "ensemble"))


@pytest.mark.parametrize("name", ["linear", "mlp", "batch", "residual"])
def test_the_baseline_is_the_answer_to_mean_features(runs: Callable[[str], Path], name: str) -> None:
    predictor = load(runs(name))
    scaler = predictor.checkpoint.scaler
    mean = np.zeros((1, len(scaler.names)))
    mean[:, scaler.kept] = scaler.centre
    found = Explainer(predictor).explain(["NaCl"])[0]
    assert found.baseline == pytest.approx(predictor.predict_features(mean, None)[0], rel=1e-5)


def test_a_linear_model_attributes_weight_times_value(runs: Callable[[str], Path]) -> None:
    predictor = load(runs("linear"))
    model = predictor.checkpoint
    weight = np.asarray(model.members[0].weights["head.weight"], float)[0]
    found = Explainer(predictor).explain(["Fe2O3"])[0]
    np.testing.assert_allclose(found.attributions, weight * found.scaled * model.target_scaler.scale, rtol=1e-6)


@pytest.mark.parametrize(("name", "tolerance"), [("smooth", 1e-5), ("residual", 1e-3), ("set", 1e-3)])
def test_attributions_agree_with_finite_differences(runs: Callable[[str], Path], name: str, tolerance: float) -> None:
    predictor = load(runs(name))
    model = predictor.checkpoint
    member, k = model.members[0], len(model.scaler.kept)
    network: Any = build_network(k, ModelConfig.model_validate(member.model))
    network.load_state_dict({key: torch.as_tensor(value) for key, value in member.weights.items()})
    network.eval()
    head, start = network, np.zeros(k)
    found = Explainer(predictor).explain(["Fe2O3"])[0]
    end = found.scaled
    if name == "set":
        elements = [model.training_elements.get(symbol, 0) for symbol in ("Fe", "O")]
        assert min(elements) > 0
        head = network.mlp
        with torch.no_grad():
            encoded = network.encoder(torch.tensor([[26, 8]]), torch.tensor([[0.4, 0.6]])).double().numpy()[0]
            mean = mean_of_pairs(network.encoder, model.training_elements)
        start, end = np.append(start, mean), np.append(end, encoded)
    head = head.double()

    def answer(points: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            output: np.ndarray = head(torch.as_tensor(points)).numpy()
        return output * model.target_scaler.scale

    n, h = 1500, 1e-6
    total = np.zeros_like(end)
    for place in (np.arange(n) + 0.5) / n:
        point = start + place * (end - start)
        step = h * np.eye(len(end))
        total += (answer(point + step) - answer(point - step)) / (2 * h) / n
    expected = total * (end - start)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found.attributions, expected[:k], atol=tolerance * scale)
    assert found.of_elements == pytest.approx(expected[k:].sum(), abs=tolerance * scale)


def test_jumps_that_have_no_gradient_are_named(runs: Callable[[str], Path]) -> None:
    found = Explainer(load(runs("jumps"))).explain(["Fe2O3"])[0]
    difference = found.prediction - found.baseline
    (rest,) = (one for one in found.contributions() if one.name == JUMPS)
    assert rest.amount == pytest.approx(difference - found.attributions.sum())
    assert sum(one.amount for one in found.contributions()) == pytest.approx(difference)


def mean_of_pairs(encoder: torch.nn.Module, counts: Mapping[str, int]) -> np.ndarray:
    from formation_mlp.chemistry.elements import ATOMIC_NUMBER

    total, weights = 0.0, 0.0
    for a in counts:
        for b in counts:
            if ATOMIC_NUMBER[a] < ATOMIC_NUMBER[b]:
                pair = torch.tensor([[ATOMIC_NUMBER[a], ATOMIC_NUMBER[b]]])
                weight = counts[a] * counts[b]
                total += weight * encoder(pair, torch.tensor([[0.5, 0.5]])).double().numpy()[0]
                weights += weight
    return np.asarray(total / weights)


def test_a_kink_does_not_spoil_the_sum() -> None:
    def answer(X: torch.Tensor) -> torch.Tensor:
        return torch.relu(X[:, 0] - 0.123456789) * 5 + torch.relu(X[:, 1] - 0.7654321) ** 2 + 3

    attributions, first, last = along(answer, np.zeros(2), np.ones(2))
    assert first == 3.0
    np.testing.assert_allclose(attributions, [5 * (1 - 0.123456789), (1 - 0.7654321) ** 2], rtol=1e-4)
    assert attributions.sum() == pytest.approx(last - first, rel=1e-5)


@pytest.mark.parametrize("normalization", [None, "layer"])
def test_between_the_places_where_rectifiers_switch_nearly_nothing_is_missing(normalization: str | None) -> None:
    torch.manual_seed(0)
    config = ModelConfig(hidden=[32, 32], activation="relu", architecture="residual", normalization=normalization)
    network = build_network(5, config).double().eval().requires_grad_(False)
    for weights in network.parameters():
        weights.normal_(0, 0.4)
    start, end = np.zeros(5), np.linspace(-3, 3, 5)
    edges, asked = kinks(network, start, end), list[int]()
    assert len(edges) > 30

    def answer(points: torch.Tensor) -> torch.Tensor:
        asked.append(len(points))
        found: torch.Tensor = network(points)
        return found

    attributions, first, last = along(answer, start, end, edges=edges)
    assert attributions.sum() == pytest.approx(last - first, rel=2e-5)
    with_kinks, asked[:] = sum(asked), []
    found, *_ = along(answer, start, end)
    np.testing.assert_allclose(attributions, found, atol=1e-4 * np.abs(found).max())
    assert with_kinks < sum(asked) / 3


def test_no_way_to_go_has_no_attributions() -> None:
    attributions, first, last = along(lambda X: X.sum(dim=1) ** 2, np.ones(3), np.ones(3))
    assert first == last == 9.0
    assert not attributions.any()


def test_trees_give_each_jump_to_the_feature_that_causes_it() -> None:
    lightgbm = pytest.importorskip("lightgbm")
    generator = np.random.default_rng(0)
    X = generator.normal(size=(300, 3))
    y = X[:, 0] * X[:, 1] + np.sin(2 * X[:, 2])
    settings = {"num_leaves": 7, "verbosity": -1, "num_threads": 1, "objective": "regression"}
    booster = lightgbm.train(settings, lightgbm.Dataset(X, y), 20)
    x = np.array([1.2, -0.8, 0.5])
    attributions, first, last = TreesPath(booster.predict, booster.model_to_string())(x)
    # Small steps, in each of which the features move one after the other.
    n = 20_000
    at = np.linspace(0, 1, n + 1)[:, None] * x
    expected = np.zeros(3)
    for j in range(3):
        before, after = at[:-1].copy(), at[:-1].copy()
        before[:, :j] = after[:, :j] = at[1:, :j]
        after[:, j] = at[1:, j]
        expected[j] = (booster.predict(after) - booster.predict(before)).sum()
    np.testing.assert_allclose(attributions[:3], expected, atol=1e-9)
    assert attributions[3] == 0
    assert attributions.sum() == pytest.approx(last - first)
    assert last == pytest.approx(booster.predict(x[None])[0])
    assert np.abs(attributions[:3]).min() > 0.02


def test_trees_on_a_threshold_are_complete() -> None:
    text = "split_feature=0 1\nthreshold=0 1\n"

    def predict(X: np.ndarray) -> np.ndarray:
        return np.where(X[:, 0] <= 0, 0.0, 1.0) + np.where(X[:, 1] <= 1, 0.0, 10.0)

    path = TreesPath(predict, text)
    assert path(np.array([2.0, 1.0]))[0].tolist() == [1.0, 0.0, 0.0]
    assert path(np.array([-2.0, 3.0]))[0].tolist() == [0.0, 10.0, 0.0]
    assert path(np.array([0.0, 0.0]))[0].tolist() == [0.0, 0.0, 0.0]


def test_trees_share_a_jump_at_the_same_place() -> None:
    path = TreesPath(lambda X: np.where((X > 1).all(axis=1), 6.0, 0.0), "split_feature=0 1\nthreshold=1 1\n")
    assert path(np.array([2.0, 2.0]))[0].tolist() == [3.0, 3.0, 0.0]


def test_an_input_without_a_prediction_is_refused(mlp: Predictor) -> None:
    with pytest.raises(DataError, match=r"1 of 2 inputs have no prediction.*Xx"):
        Explainer(mlp).explain(["NaCl", "Xx2O"])


def test_one_feature_is_as_scikit_learn_says(mlp: Predictor, parts: Mapping[str, RunRows]) -> None:
    val = parts["val"]
    names = ["MagpieData mean Electronegativity", "MagpieData range Number"]
    columns = [mlp.checkpoint.scaler.names.index(name) for name in names]
    for chosen in (names[:1], names[1:], names):
        found = dependence(mlp, val, chosen)
        own = [columns[names.index(name)] for name in chosen]
        estimator = Estimator(mlp, val)
        custom = dict(zip(own, found.grids, strict=True))
        asked = own if len(own) == 1 else [tuple(own)]
        expected = partial_dependence(estimator, val.X, asked[0], custom_values=custom, method="brute")["average"][0]
        np.testing.assert_allclose(found.mean, expected, atol=1e-9)
        assert np.ptp(found.mean) > 0
        assert found.values.shape == (len(val), len(chosen))
        for grid, column in zip(found.grids, found.values.T, strict=True):
            assert column.min() <= grid[0] < grid[-1] <= column.max()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["mean Elektronegativity"], "no features of the model are called.*Did you mean"),
        ([], "one or two different features"),
        (["mean Number", "MagpieData mean Number"], "one or two different features"),
        (["Og"], "the same in all training rows"),
    ],
)
def test_a_feature_that_cannot_be_varied_is_refused(
    mlp: Predictor, parts: Mapping[str, RunRows], names: list[str], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        dependence(mlp, parts["val"], names)


def test_a_training_compound_is_its_own_nearest_neighbour(mlp: Predictor, parts: Mapping[str, RunRows]) -> None:
    train = parts["train"]
    explainer = Explainer(mlp)
    for i in (0, 7):
        found = neighbours(mlp, train, explainer.explain([train.formulas[i]])[0], 4)
        assert found[0].distance == pytest.approx(0, abs=1e-4)
        assert found[0].y == train.y[i]
        assert [one.distance for one in found] == sorted(one.distance for one in found)


def test_neighbours_are_as_far_as_the_domain_says(mlp: Predictor, parts: Mapping[str, RunRows]) -> None:
    domain = mlp.checkpoint.domain
    assert domain is not None
    explanation = Explainer(mlp).explain(["CaTiO3"])[0]
    at = (np.clip(explanation.scaled, -4, 4) @ domain.directions - domain.origin).astype(np.float32)
    nearest = neighbours(mlp, parts["train"], explanation, 1)[0]
    assert nearest.distance == pytest.approx(float(domain.points.distance(at[None])[0]), abs=0.1)


def test_rows_are_those_of_the_run(runs: Callable[[str], Path], mlp: Predictor, parts: Mapping[str, RunRows]) -> None:
    val = parts["val"]
    X = featurize(read_materials(val.formulas).materials, mlp.features).X
    np.testing.assert_array_equal(val.X, X)
    lines = (runs("mlp") / "predictions.csv").read_text(encoding="utf-8").splitlines()
    header, *table = [line.split(",") for line in lines]
    formula, part = header.index("formula"), header.index("part")
    assert [row[formula] for row in table if row[part] == "val"] == list(val.formulas)
    assert len(parts["train"]) == 60 - len(table)


def test_rows_that_have_changed_are_refused(
    tiny_config: Callable[..., Path], command: Callable[..., Any], workplace: Path, rows: list[tuple[str, str]]
) -> None:
    command("train", tiny_config(), "-q").succeeded()
    assert "Nearest training rows\n" in command("explain", "run", "NaCl").succeeded()
    table = workplace / "table.csv"
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace(rows[0][1], "-0.5"), encoding="utf-8")
    with pytest.raises(CheckpointError, match="have changed since"):
        featurized_rows("run", load("run"))
    table.unlink()
    out = command("explain", "run", "NaCl").succeeded()
    assert "Nearest training rows: not available: " in out
    assert "table.csv" in out
    assert "table.csv" in command("explain", "run").refused()


def amounts(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"^  .*  ([+-]\d+\.\d{3})  .*\|", text, re.M)]


def test_the_command_says_why(runs: Callable[[str], Path], command: Callable[..., Any], workplace: Path) -> None:
    folder = runs("mlp")
    value = load(folder).predict(["Fe2O3"])[0]
    out = command("explain", folder, "Fe2O3", "--out", "why.png").succeeded()
    assert f"predicts {value:.3f} eV/atom for Fe2O3" in out.replace("\n", " ")
    *parts, total = amounts(out)
    assert sum(parts) == pytest.approx(total, abs=0.006)
    assert "higher than" in out
    assert re.search(r"Nearest training rows\nformula +eV/atom +distance\n", out)
    assert (workplace / "why.png").read_bytes().startswith(b"\x89PNG")
    alone = command("explain", folder, "Fe2O3", "NaCl", "--alone", "--by", "preset").succeeded()
    assert alone.count("not available: left aside by --alone") == 2
    assert "higher than" not in alone
    assert "magpie" in alone


def test_the_command_says_what_a_model_needs(
    runs: Callable[[str], Path], command: Callable[..., Any], workplace: Path
) -> None:
    out = command("explain", runs("mlp"), "--repeats", 2, "--out", "needs.png").succeeded()
    assert re.search(r"MAE \d\.\d{4} eV/atom on \d+ val rows; what 2 permutations add to it", out)
    assert "fractions of the elements" in out
    assert (workplace / "needs.png").stat().st_size > 10_000


@pytest.mark.parametrize("names", [["mean Number"], ["mean Number", "range Electronegativity"]])
def test_the_command_draws_a_dependence(
    runs: Callable[[str], Path], command: Callable[..., Any], workplace: Path, names: list[str]
) -> None:
    asked = [word for name in names for word in ("--dependence", name)]
    out = command("explain", runs("mlp"), *asked, "--out", "by.png").succeeded()
    assert "the mean prediction lies between" in out
    assert (workplace / "by.png").stat().st_size > 10_000


def test_a_shipped_model_explains_a_formula_without_its_rows(command: Callable[..., Any]) -> None:
    out = command("explain", "NaCl").succeeded()
    assert "elements as a set" in out
    assert "a shipped model holds no rows" in out
    assert (
        "Name a material, as in: formation-mlp explain composition Fe2O3" in command("explain", "composition").refused()
    )


@pytest.mark.slow
@pytest.mark.parametrize("scale", ["measured", "oqmd"])
def test_what_is_explained_is_the_answer_on_the_scale_of_the_model(scale: str) -> None:
    predictor = Predictor(load("composition").checkpoint, scale)
    (found,) = Explainer(predictor).explain(["Fe2O3"])
    assert found.prediction == pytest.approx(predictor.predict(["Fe2O3"])[0], abs=1e-5)
    assert abs(found.prediction - load("composition").predict(["Fe2O3"])[0]) > 0.01


def test_structures_are_explained_by_their_own_features(
    structure_folder: Path, workplace: Path, command: Callable[..., Any]
) -> None:
    raw = {
        "data": {"path": str(structure_folder)},
        "features": ["density", "element_fraction"],
        "split": {"method": "random", "val": 0.2, "test": 0.0},
        "model": {"hidden": [8]},
        "training": {"max_epochs": 2, "device": "cpu"},
        "output": "salts",
    }
    run.train(check_config(raw, "salts"), Reporter(-1))
    out = command("explain", "salts", structure_folder / "NaCl.cif").succeeded()
    assert re.search(r"density +2\.16\d g/cm\^3", out)
    assert "volume per atom" in out
    assert "Nearest training rows\nformula" in out


def test_a_model_file_explains_without_its_rows(
    runs: Callable[[str], Path], command: Callable[..., Any], workplace: Path
) -> None:
    shutil.copy(runs("classes") / "model.safetensors", workplace / "own.safetensors")
    out = command("explain", "own.safetensors", "NaCl").succeeded()
    assert "a model file holds no rows" in out
    assert "(probability)" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["NaCl", "MgO", "--out", "a.png"], "one figure shows one material, but 2 are given"),
        (["NaCl", "--out", "a.jpg"], "does not end in .png"),
        (["NaCl", "--by", "colour"], "unknown kind of groups 'colour'"),
        (["--dependence", "mean Number"], "give the file of the figure with --out"),
        (["Xx2O"], "Xx"),
        (["NaCl", "--dependence", "mean Number", "--out", "a.png"], "not about 'NaCl'"),
    ],
)
def test_questions_that_cannot_be_answered_are_refused(
    runs: Callable[[str], Path], command: Callable[..., Any], words: list[str], message: str
) -> None:
    assert message in command("explain", runs("mlp"), *words).refused()


@pytest.mark.parametrize("name", ["explain.groups", "models.integrated_gradients", "explain.explanation"])
def test_examples_of_the_documentation_hold(name: str) -> None:
    module = importlib.import_module(f"formation_mlp.{name}")
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0


def test_many_rows_are_sampled(parts: Mapping[str, RunRows]) -> None:
    train = parts["train"]
    some = train.sample(5, 0)
    assert len(some) == 5
    place = {formula: i for i, formula in enumerate(train.formulas)}
    for i, formula in enumerate(some.formulas):
        np.testing.assert_array_equal(some.X[i], train.X[place[formula]])
        assert some.y[i] == train.y[place[formula]]
    assert train.sample(10_000, 0) is train
