"""Whole benchmarks: what they leave, what they find there, and that they survive an interruption."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from formation_mlp.benchmark import benchmark as job
from formation_mlp.config.loading import load_config
from formation_mlp.features.engine.table import FeatureTable, featurize
from formation_mlp.materials.records import Materials
from formation_mlp.runs import prepare as stages
from formation_mlp.runs import train as run
from formation_mlp.runs.progress import Reporter
from formation_mlp.system import processes as workers
from support.commands import Outcome, python_environment

pytestmark = pytest.mark.slow

Command = Callable[..., Outcome]
ConfigWriter = Callable[..., Path]

COSTS = ("fit_seconds", "cpu_seconds", "predict_seconds", "peak_memory", "cost", "anytime")
FOLDS = {"protocol": {"grouped_k_fold": {"n_folds": 2}}, "baselines": ["mean", "ridge"]}


@pytest.fixture(autouse=True)
def _without_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the drawing, which takes longer than training here."""
    monkeypatch.setattr(run, "write_figures", lambda *_: None)
    monkeypatch.setattr(run, "write_loss_figure", lambda *_: None)
    monkeypatch.setattr("formation_mlp.benchmark.write.pictures", lambda *_: [])


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def without_costs(value: Any) -> Any:
    """Return the content of a JSON file without what differs from run to run."""
    if isinstance(value, dict):
        return {key: without_costs(item) for key, item in value.items() if key not in COSTS}
    return [without_costs(item) for item in value] if isinstance(value, list) else value


def results(folder: Path) -> Any:
    return without_costs(read_json(folder / "benchmark.json")), (folder / "benchmark_predictions.csv").read_text()


def fit_names(folder: Path) -> list[str]:
    return sorted(str(done.parent.relative_to(folder / "cells")) for done in folder.glob("cells/*/*/DONE"))


# --- one division: the main network is that of `formation-mlp train`


def test_a_benchmark_puts_all_models_on_the_same_rows(
    tiny_config: ConfigWriter, command: Command, workplace: Path
) -> None:
    networks = {"linear": {"model": {"hidden": []}}, "wide": {"model": {"hidden": [16]}, "training": {"max_epochs": 1}}}
    config = tiny_config(benchmark={"baselines": ["mean", {"ridge": {"tuned": True}}], "networks": networks})
    table = command("benchmark", config, "-q").succeeded()
    models = ["mean", "ridge (tuned)", "mlp", "linear", "wide"]
    assert all(model in table for model in models)
    report = read_json(workplace / "run" / "benchmark.json")
    assert set(report["models"]) == set(models)
    assert fit_names(workplace / "run") == [f"{name}/rows" for name in ("linear", "mean", "ridge-tuned", "wide")]
    lines = read_csv(workplace / "run" / "benchmark_predictions.csv")
    for model, folder in {"mlp": "", "linear": "cells/linear/rows", "ridge (tuned)": "cells/ridge-tuned/rows"}.items():
        own = read_csv(workplace / "run" / folder / "predictions.csv")
        own = [line for line in own if line["part"] == "test"]
        assert [line["id"] for line in own] == [line["id"] for line in lines]
        assert [line["prediction"] for line in own] == [line[f"prediction {model}"] for line in lines]
    y = np.array([float(line["truth"]) for line in lines])
    mean = np.array([float(line["prediction mean"]) for line in lines])
    assert np.ptp(mean) == 0
    assert report["models"]["mean"]["scores"]["test"]["MAE"] == pytest.approx(np.abs(y - mean).mean(), abs=1e-5)
    outcome = read_json(workplace / "run" / "cells" / "ridge-tuned" / "rows" / "outcome.json")
    assert outcome["details"]["candidates"] > 1
    assert outcome["size"][1] == "parameters"


def test_a_benchmark_uses_a_finished_run_and_overwrites_it_only_if_asked(
    tiny_config: ConfigWriter, command: Command, workplace: Path
) -> None:
    config, model = tiny_config(), workplace / "run" / "model.safetensors"
    command("train", config, "-q").succeeded()
    written = model.stat().st_mtime_ns
    assert "mlp: already trained in " in command("benchmark", config).err
    other = command("benchmark", config, "--set", "benchmark.baselines=[median]").err
    assert "mlp: already trained in " in other
    assert "median: test MAE " in other
    assert model.stat().st_mtime_ns == written
    assert "holds an earlier run" in command("benchmark", config, "--set", "seed=1", "-q").refused()
    assert model.stat().st_mtime_ns == written
    again = command("benchmark", config, "--set", "seed=1", "--overwrite")
    again.succeeded()
    assert "mlp: test MAE " in again.err
    assert model.stat().st_mtime_ns > written
    assert "mean/rows" in fit_names(workplace / "run")
    assert "median/rows" not in fit_names(workplace / "run")


def test_a_finished_run_is_not_used_for_other_rows(
    tiny_config: ConfigWriter, command: Command, write_csv: Callable[..., Path], rows: list[tuple[str, str]]
) -> None:
    config = tiny_config()
    command("train", config, "-q").succeeded()
    write_csv([(formula, float(energy) + 0.1) for formula, energy in rows])
    assert "holds an earlier run" in command("benchmark", config, "-q").refused()


def test_the_outcome_of_a_network_that_was_trained_before_is_that_of_one_trained_now(
    tiny_config: ConfigWriter, command: Command, workplace: Path
) -> None:
    config = tiny_config()
    command("benchmark", config, "-q").succeeded()
    now = read_json(workplace / "run" / "outcome.json")
    (workplace / "run").rename(workplace / "now")
    command("train", config, "-q").succeeded()
    command("benchmark", config, "-q").succeeded()
    before = read_json(workplace / "run" / "outcome.json")
    np.testing.assert_allclose(before.pop("prediction"), now.pop("prediction"), atol=1e-6)
    assert before["score"] == pytest.approx(now["score"], abs=1e-6)
    assert without_costs(before).keys() == without_costs(now).keys()
    assert before["details"] == now["details"]


def test_a_classifier_is_compared_with_classifiers(
    tiny_config: ConfigWriter, command: Command, workplace: Path
) -> None:
    config = tiny_config(
        task={"type": "classification", "boundary": -1.0, "threshold": 0.4},
        benchmark={"baselines": ["mean", "logistic_regression"], "networks": {"logistic": {"model": {"hidden": []}}}},
    )
    table = command("benchmark", config, "-q").succeeded()
    assert all(name in table for name in ("mean", "logistic_regression", "mlp", "logistic"))
    truth = {line["truth"] for line in read_csv(workplace / "run" / "benchmark_predictions.csv")}
    assert truth == {"0.000000", "1.000000"}


@pytest.mark.parametrize("name", ["mlp", "a/b", "..", ""])
def test_a_network_of_a_benchmark_needs_a_name_of_its_own(
    tiny_config: ConfigWriter, command: Command, workplace: Path, name: str
) -> None:
    config = tiny_config(benchmark={"networks": {name: {}}})
    message = command("benchmark", config, "-q").refused()
    assert f"benchmark.networks: {name!r} is taken, or not made of letters" in message
    assert not (workplace / "run").exists()


@pytest.mark.parametrize(
    ("benchmark", "message"),
    [
        ({"baselines": ["mean", "mean"]}, "benchmark.baselines: two models are called 'mean'"),
        ({"networks": {"ridge": {}}}, "a baseline and a network are called 'ridge'"),
        ({"networks": {"wide": {"training": {"start_from": "x"}}}}, "start_from is for the main network only"),
        ({"learning_curve": {"models": ["mpl"]}}, "unknown model 'mpl'"),
        ({"networks": {"wide": {"features": ["magpi"]}}}, "Did you mean 'magpie'"),
    ],
)
def test_an_impossible_benchmark_is_refused_before_anything_is_fitted(
    tiny_config: ConfigWriter, command: Command, workplace: Path, benchmark: dict[str, Any], message: str
) -> None:
    assert message in command("benchmark", tiny_config(benchmark=benchmark), "-q").refused()
    assert not (workplace / "run").exists()


# --- many divisions, seeds and shares


def test_every_model_is_fitted_on_every_division_with_every_seed_and_share(
    tiny_config: ConfigWriter, command: Command, workplace: Path
) -> None:
    curve = {"fractions": [0.5], "models": ["ridge", "mlp"]}
    config = tiny_config(benchmark={**FOLDS, "seeds": 2, "learning_curve": curve})
    outcome = command("benchmark", config)
    outcome.succeeded()
    assert "ridge, fold 1, seed 1, 50 % of the train rows: test MAE " in outcome.err
    names = [
        f"{m}/fold-{d}{s}{f}" for m in ("mlp", "ridge") for d in (0, 1) for s in ("", "-seed1") for f in ("", "-50pct")
    ]
    names += [f"mean/fold-{d}{s}" for d in (0, 1) for s in ("", "-seed1")]
    assert fit_names(workplace / "run") == sorted(names)
    assert not (workplace / "run" / "model.safetensors").exists()
    folds = [read_json(workplace / "run" / "cells" / "ridge" / name / "split.json") for name in ("fold-0", "fold-1")]
    assert sorted(map(int, folds[0]["test"] + folds[1]["test"])) == list(range(1, 61))
    whole, half = folds[0], read_json(workplace / "run" / "cells" / "mlp" / "fold-0-seed1-50pct" / "split.json")
    assert half["test"] == whole["test"]
    assert set(half["train"]) < set(whole["train"])
    assert len(half["train"]) == pytest.approx(len(whole["train"]) / 2, abs=1)
    again = command("benchmark", config)
    again.succeeded()
    assert again.err.count("already trained") == len(names)


def test_the_configuration_of_a_cell_trains_the_same_network(
    tiny_config: ConfigWriter, command: Command, workplace: Path
) -> None:
    curve = {"fractions": [0.5], "models": ["mlp"]}
    command("benchmark", tiny_config(benchmark={**FOLDS, "seeds": 2, "learning_curve": curve}), "-q").succeeded()
    folder = workplace / "run" / "cells" / "mlp" / "fold-1-seed1-50pct"
    command("train", folder / "config.yaml", "--set", "output=alone", "-q").succeeded()
    assert (workplace / "alone" / "model.safetensors").exists()
    for name in ("predictions.csv", "split.json", "history.jsonl"):
        assert (workplace / "alone" / name).read_bytes() == (folder / name).read_bytes(), name
    command("evaluate", folder).succeeded()


def test_a_changed_opponent_is_fitted_anew_and_the_others_are_not(
    tiny_config: ConfigWriter, command: Command, workplace: Path
) -> None:
    command("benchmark", tiny_config(benchmark=FOLDS), "-q").succeeded()
    changed = {**FOLDS, "baselines": ["mean", {"ridge": {"alpha": 50.0}}]}
    said = command("benchmark", tiny_config(benchmark=changed)).err
    assert said.count("already trained") == 4
    assert "ridge, fold 0: test MAE" in said


def test_an_ensemble_of_a_benchmark_is_a_run_folder(
    tiny_config: ConfigWriter, command: Command, workplace: Path
) -> None:
    networks = {"two": {"ensemble": {"members": {"a": {"seeds": 2}}}}}
    command("benchmark", tiny_config(benchmark={**FOLDS, "networks": networks}), "-q").succeeded()
    folder = workplace / "run" / "cells" / "two" / "fold-0"
    assert {path.name for path in (folder / "members").iterdir()} == {"a-0", "a-1"}
    outcome = read_json(folder / "outcome.json")
    assert outcome["size"] == [2 * read_json(folder / "members" / "a-0" / "report.json")["parameters"], "parameters"]
    assert command("predict", folder, "NaCl").succeeded().startswith("formula,prediction")


def test_a_folder_of_a_benchmark_is_replaced_only_if_asked(
    tiny_config: ConfigWriter, command: Command, workplace: Path
) -> None:
    config = tiny_config(benchmark=FOLDS)
    command("benchmark", config, "-q").succeeded()
    assert "holds an earlier run" in command("benchmark", config, "--set", "model.hidden=[4]", "-q").refused()
    command("benchmark", config, "--set", "model.hidden=[4]", "--overwrite", "-q").succeeded()
    (workplace / "run" / "cells" / "mlp" / "thesis.tex").write_text("precious")
    assert "holds other files, such as 'thesis.tex'" in command("benchmark", config, "--overwrite", "-q").refused()


def test_features_are_computed_once_for_each_list_of_presets(
    tiny_config: ConfigWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    described: list[Any] = []

    def spy(materials: Materials, features: list[Any], **options: Any) -> FeatureTable:
        described.append(features)
        return featurize(materials, features, **options)

    monkeypatch.setattr(stages, "featurize", spy)
    benchmark = {**FOLDS, "baselines": ["mean", {"ridge": {"features": ["stoichiometry"], "label": "few"}}]}
    found = job.benchmark(load_config(tiny_config(benchmark=benchmark), ()), Reporter(-1))
    assert described == [["stoichiometry", "element_fraction"], ["stoichiometry"]]
    sizes = {outcome.model: outcome.size for outcome in found.outcomes}
    assert 1 < sizes["few"] < 10


def test_rows_that_one_list_of_presets_cannot_describe_are_left_out_for_all(
    tiny_config: ConfigWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def describe(materials: Materials, features: list[Any], **_options: object) -> FeatureTable:
        table = featurize(materials, features)
        failures = {4: "too heavy"} if features == ["stoichiometry"] else {}
        table.X[list(failures)] = np.nan
        return FeatureTable(table.X, table.names, failures, table.missing)

    monkeypatch.setattr(stages, "featurize", describe)
    benchmark = {**FOLDS, "baselines": ["mean", {"ridge": {"features": ["stoichiometry"]}}]}
    raw = load_config(tiny_config(data={"invalid": "drop"}, benchmark=benchmark), ())
    found = job.benchmark(raw, Reporter(-1))
    assert found.about.description["rows_left_out"] == {"5": "too heavy (by stoichiometry)"}
    shown = {model: sorted(i for o in found.outcomes if o.model == model for i in o.ids) for model in ("mlp", "ridge")}
    assert shown["mlp"] == shown["ridge"] == sorted(str(i) for i in range(1, 61) if i != 5)


def test_seen_formulas_and_systems_are_told_from_new_ones(
    tiny_config: ConfigWriter, write_csv: Callable[..., Path], rows: list[tuple[str, str]]
) -> None:
    lines = [(formula, energy, "train" if i > 9 else "val") for i, (formula, energy) in enumerate(rows)]
    shown = [("(NaCl)2", "-2", "test"), ("NaCl3", "-1", "test"), ("XeF2", "-1", "test"), ("NaCl", "-2", "train")]
    write_csv([*(line for line in lines if line[0] not in ("XeF2", "NaCl3")), *shown], ["formula", "target", "part"])
    config = tiny_config(split={"method": "column", "column": "part"}, benchmark={"baselines": ["mean"]})
    outcome = job.benchmark(load_config(config, ()), Reporter(-1)).outcomes[0]
    assert outcome.part == "test"
    assert outcome.novelty.tolist() == [2, 1, 0]


def test_without_a_test_part_the_val_part_is_shown(
    tiny_config: ConfigWriter, write_csv: Callable[..., Path], rows: list[tuple[str, str]]
) -> None:
    write_csv([(*row, "val" if i < 10 else "train") for i, row in enumerate(rows)], ["formula", "target", "part"])
    config = tiny_config(split={"method": "column", "column": "part"})
    found = job.benchmark(load_config(config, ()), Reporter(-1))
    assert {outcome.part for outcome in found.outcomes} == {"val"}
    assert all(len(outcome.ids) == 10 for outcome in found.outcomes)


def test_costs_are_measured(tiny_config: ConfigWriter) -> None:
    curve = {"fractions": [0.5], "models": ["random_forest", "mlp"]}
    forest = {"random_forest": {"n_estimators": 30}}
    benchmark = {"baselines": [forest, "mean"], "learning_curve": curve}
    found = job.benchmark(load_config(tiny_config(benchmark=benchmark), ()), Reporter(-1))
    by_name = {outcome.model: outcome for outcome in found.outcomes if outcome.fraction == 1}
    for outcome in by_name.values():
        assert outcome.fit_seconds > 0
        assert outcome.cpu_seconds >= 0
        assert outcome.peak_memory is None or outcome.peak_memory > 1e7
    assert by_name["random_forest"].size_unit == "nodes"
    assert len(by_name["random_forest"].anytime) == 2  # 10 and 30 trees
    assert len(by_name["mean"].anytime) == 1
    seconds, scores = zip(*by_name["mlp"].anytime, strict=True)
    assert list(seconds) == sorted(seconds)
    assert scores[-1] == pytest.approx(by_name["mlp"].val_score, abs=1e-6)
    assert seconds[-1] <= by_name["mlp"].fit_seconds + 1e-3


# --- interruptions, processes, clusters


LONG = {
    "benchmark": {**FOLDS, "networks": {"wide": {"model": {"hidden": [16]}}}},
    "training": {"max_epochs": 60, "batch_size": 4},
}


def test_a_killed_benchmark_goes_on_and_ends_with_the_same_numbers(
    tiny_config: ConfigWriter, command: Command, workplace: Path
) -> None:
    config = tiny_config(**LONG)
    command("benchmark", config, "-q").succeeded()
    (workplace / "run").rename(workplace / "straight")
    arguments = ["-m", "formation_mlp", "benchmark", str(config), "--workers", "2"]
    killed = subprocess.Popen([sys.executable, *arguments], env=python_environment(), stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: any((workplace / "run" / "cells").glob("*/*/history.jsonl")) or killed.poll() is not None)
    finally:
        killed.kill()
        killed.wait()
    assert killed.returncode == -signal.SIGKILL
    command("benchmark", config, "-q").succeeded()
    assert results(workplace / "run") == results(workplace / "straight")


def wait_for(happened: Callable[[], bool], seconds: float = 900.0) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_an_interrupted_network_goes_on_from_its_last_state(
    tiny_config: ConfigWriter, command: Command, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_config(benchmark=FOLDS, training={"max_epochs": 4})
    command("benchmark", config, "-q").succeeded()
    (workplace / "run").rename(workplace / "straight")
    real = Reporter.epoch

    def show(self: Reporter, record: Any, score: str) -> None:
        real(self, record, score)
        if record.epoch == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Reporter, "epoch", show)
        assert command("benchmark", config, "-q").code == 130
    folder = workplace / "run" / "cells" / "mlp" / "fold-0"
    assert not (folder / "DONE").exists()
    assert (folder / "state.safetensors").exists()
    outcome = command("benchmark", config, "-v")
    outcome.succeeded()
    assert "resumed after epoch " in outcome.err
    assert results(workplace / "run") == results(workplace / "straight")


def test_a_cell_of_other_rows_is_begun_anew(
    tiny_config: ConfigWriter, command: Command, write_csv: Callable[..., Path], rows: list[tuple[str, str]]
) -> None:
    config = tiny_config(benchmark=FOLDS)
    command("benchmark", config, "-q").succeeded()
    write_csv([(formula, float(energy) + 0.5) for formula, energy in rows])
    said = command("benchmark", config)
    said.succeeded()
    assert "already trained" not in said.err


def die_once(marker: Path, function: Any, *arguments: Any) -> Iterator[Any]:
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    yield from function(*arguments)


def die(_marker: Path, _function: Any, *_arguments: Any) -> Iterator[Any]:
    os.kill(os.getpid(), signal.SIGKILL)
    yield None


def fatal(monkeypatch: pytest.MonkeyPatch, how: Any, marker: Path, model: str) -> None:
    """Let the process die that fits a model."""
    real = workers.ChildProcess.run

    def dying(self: Any, function: Any, fit: Any, *arguments: Any) -> Iterator[Any]:
        if fit.model == model and fit.division == "fold 0":
            return real(self, how, marker, function, fit, *arguments)
        return real(self, function, fit, *arguments)

    monkeypatch.setattr(workers.ChildProcess, "run", dying)


def test_workers_give_the_same_numbers_even_if_one_is_lost(
    tiny_config: ConfigWriter, command: Command, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_config(benchmark=FOLDS)
    command("benchmark", config, "-q").succeeded()
    (workplace / "run").rename(workplace / "alone")
    fatal(monkeypatch, die_once, workplace / "marker", "ridge")
    outcome = command("benchmark", config, "--workers", 2)
    outcome.succeeded()
    assert (workplace / "marker").exists()
    assert "ridge, fold 0: test MAE" in outcome.err
    assert results(workplace / "run") == results(workplace / "alone")


def test_a_model_that_cannot_be_fitted_does_not_cost_the_others(
    tiny_config: ConfigWriter, command: Command, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_config(benchmark=FOLDS)
    with monkeypatch.context() as patch:
        fatal(patch, die, workplace / "marker", "ridge")
        message = command("benchmark", config, "--workers", 2, "-q").refused()
    assert "1 model could not be fitted" in message
    assert "ridge, fold 0: SIGKILL" in message
    assert len(fit_names(workplace / "run")) == 5
    assert command("benchmark", config).err.count("already trained") == 5


def test_a_cluster_gives_the_same_numbers(tiny_config: ConfigWriter, command: Command, workplace: Path) -> None:
    distributed = pytest.importorskip("distributed")
    config = tiny_config(benchmark=FOLDS)
    command("benchmark", config, "-q").succeeded()
    (workplace / "run").rename(workplace / "alone")
    options = {"n_workers": 1, "threads_per_worker": 2, "processes": False, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster:
        command("benchmark", config, "--dask", cluster.scheduler_address, "-q").succeeded()
    assert results(workplace / "run") == results(workplace / "alone")


# --- matbench: folds whose targets are withheld


def test_rows_of_a_withheld_fold_are_predicted_though_nobody_can_score_them(
    tiny_config: ConfigWriter, write_csv: Callable[..., Path], rows: list[tuple[str, str]]
) -> None:
    from formation_mlp.splits.groups import matbench_folds

    fold = matbench_folds(len(rows))
    lines = [(formula, "" if fold[i] == 4 else energy) for i, (formula, energy) in enumerate(rows)]
    write_csv(lines)
    config = tiny_config(benchmark={"protocol": {"matbench": {"folds": [0, 4]}}, "baselines": ["mean"]})
    found = job.benchmark(load_config(config, ()), Reporter(-1))
    (hidden,) = (o for o in found.outcomes if o.model == "mlp" and o.division == "fold 4")
    assert hidden.part == "test"
    assert sorted(map(int, hidden.ids)) == (np.flatnonzero(fold == 4) + 1).tolist()
    assert np.isnan(hidden.y).all()
    assert np.isfinite(hidden.prediction).all()
