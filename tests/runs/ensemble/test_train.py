"""Ensembles: members in folders of their own, one model that answers for all, and no member trained twice."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any

import numpy as np
import pytest
import torch
import yaml

import formation_mlp
from formation_mlp.config.loading import check_config, load_config
from formation_mlp.config.schema import Config
from formation_mlp.errors import ConfigError, SplitError, TrainingError
from formation_mlp.runs import train as run
from formation_mlp.runs.ensemble import train as ensemble_run
from formation_mlp.runs.ensemble.member import MemberPlan, train_member
from formation_mlp.runs.ensemble.plan import plan_members
from formation_mlp.runs.evaluate import score_again
from formation_mlp.runs.prepare import Prepared, load_rows, network_training, prepare
from formation_mlp.runs.progress import Reporter
from formation_mlp.runs.results import ModelResult
from formation_mlp.saved_model.checkpoint import Checkpoint, load_tensors
from formation_mlp.system import cluster as cluster_jobs
from formation_mlp.system import processes as workers
from formation_mlp.system.compute import Compute
from formation_mlp.training.state import EpochRecord
from support.commands import Outcome, python_environment
from support.configs import TINY, changed

pytestmark = [pytest.mark.usefixtures("without_figures"), pytest.mark.slow]

Command = Callable[..., Outcome]
ConfigWriter = Callable[..., Path]

SET = {"architecture": "set", "hidden": [8], "set_width": 4, "set_layers": 1, "set_heads": 2}
MEMBERS: dict[str, Any] = {"network": {"seeds": 2}, "set": {"model": SET, "training": {"average": 0.5}}}
NAMES = ["network-0", "network-1", "set-0"]
FORMULAS = ["NaCl", "Fe2O3", "CsBr"]
TREES = {"num_iterations": 5, "num_leaves": 4, "min_data_in_leaf": 2}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> Path:
    path = tmp_path_factory.mktemp("rows") / "table.csv"
    path.write_text("formula,formation_energy_per_atom\n" + "".join(f"{a},{b}\n" for a, b in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def ensemble(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Config]:
    """Return a function that makes the configuration of an ensemble in a new folder."""

    def make(members: dict[str, Any] = MEMBERS, output: Path | None = None, **changes: Any) -> Config:
        folder = output or tmp_path_factory.mktemp("ensemble") / "run"
        own = {"data": {"path": str(table)}, "output": str(folder), "ensemble": {"members": members}}
        return check_config(changed(changed(TINY, own), changes), "test")

    return make


Ensemble = Callable[..., Config]


def trained(config: Config, **options: Any) -> tuple[Path, Prepared, ModelResult]:
    prepared, results = run.train(config, Reporter(-1), **options)
    return Path(str(config.output)), prepared, results[-1]


@pytest.fixture(scope="module")
def finished(ensemble: Ensemble) -> tuple[Path, Prepared, ModelResult]:
    """Return folder, rows and result of a finished ensemble of two networks and a set; it must not be changed."""
    return trained(ensemble())


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def weights(folder: Path) -> dict[str, Any]:
    """Return names, shares and weights in the models of an ensemble and of its members."""
    return {
        f"{path.parent.relative_to(folder)}: {member.name}": (
            member.share,
            {name: value.tolist() for name, value in member.weights.items()},
        )
        for path in folder.rglob("model.safetensors")
        for member in Checkpoint.load(path).members
    }


def planned(config: Config) -> tuple[Prepared, list[MemberPlan]]:
    prepared = prepare(config, load_rows(config))
    assert config.ensemble is not None
    return prepared, plan_members(prepared, config.ensemble)


# --- a finished ensemble


def test_an_ensemble_leaves_one_folder_with_a_run_of_each_member_in_it(
    finished: tuple[Path, Prepared, ModelResult],
) -> None:
    folder, _, _ = finished
    assert {path.name for path in folder.iterdir()} == {
        "config.yaml",
        "rows.json",
        "split.json",
        "model.safetensors",
        "predictions.csv",
        "report.json",
        "members",
        "DONE",
    }
    assert sorted(path.name for path in (folder / "members").iterdir()) == NAMES
    for name in NAMES:
        own = {path.name for path in (folder / "members" / name).iterdir()}
        network = {"history.jsonl", "model.safetensors", "state.safetensors"}
        assert own == {"config.yaml", "rows.json", "report.json", "DONE", *network}


def test_the_model_holds_all_members_with_equal_shares(finished: tuple[Path, Prepared, ModelResult]) -> None:
    model = Checkpoint.load(finished[0] / "model.safetensors")
    assert [member.name for member in model.members] == NAMES
    assert [member.share for member in model.members] == pytest.approx([1 / 3] * 3)
    assert [member.model["architecture"] for member in model.members] == ["mlp", "mlp", "set"]
    assert set(model.scores) == {"val", "test"}
    first, second = (member.weights["head.weight"] for member in model.members[:2])
    assert not torch.equal(first, second)


def test_the_prediction_is_the_mean_of_those_of_the_members(finished: tuple[Path, Prepared, ModelResult]) -> None:
    folder, _, _ = finished
    alone = [formation_mlp.load(folder / "members" / name).predict(FORMULAS) for name in NAMES]
    assert np.ptp(alone, axis=0).min() > 1e-4
    together = formation_mlp.load(folder).predict(FORMULAS)
    np.testing.assert_allclose(together, np.mean(alone, axis=0), rtol=1e-12)


def test_the_saved_ensemble_predicts_what_the_run_reported(finished: tuple[Path, Prepared, ModelResult]) -> None:
    folder, prepared, result = finished
    predictor = formation_mlp.load(folder)
    for part in ("val", "test"):
        formulas = [prepared.dataset.formulas[i] for i in getattr(prepared.split, part)]
        np.testing.assert_allclose(predictor.predict(formulas), result.prediction[part], rtol=1e-12)
    _, evaluations = score_again(folder)
    for part, evaluation in evaluations.items():
        assert evaluation.scores == pytest.approx(result.scores[part])


def test_the_report_tells_of_each_member(finished: tuple[Path, Prepared, ModelResult]) -> None:
    folder, prepared, result = finished
    report = read_json(folder / "report.json")
    assert report["model"] == "ensemble"
    assert list(report["members"]) == NAMES
    val = prepared.part("val")
    for name, member in report["members"].items():
        alone = formation_mlp.load(folder / "members" / name).predict_features(val.X, val.compositions)
        assert member["val MAE"] == pytest.approx(np.abs(alone - val.y).mean())
        assert member["share"] == pytest.approx(1 / 3, abs=1e-4)
        assert member["epochs"] == 2
        assert member["precision"] == "float32"
    parameters = [member["parameters"] for member in report["members"].values()]
    assert report["parameters"] == sum(parameters)
    assert report["fit_seconds"] == pytest.approx(
        sum(member["fit_seconds"] for member in report["members"].values()), abs=0.01
    )
    assert report["scores"]["test"]["MAE"] == pytest.approx(result.scores["test"]["MAE"])


def test_each_member_has_a_seed_of_its_own_and_the_first_is_the_network_alone(
    finished: tuple[Path, Prepared, ModelResult], ensemble: Ensemble
) -> None:
    folder, _, _ = finished
    prepared, plans = planned(ensemble(output=folder.with_name("elsewhere")))
    assert [plan.name for plan in plans] == NAMES
    assert [plan.prepared.config.seed for plan in plans] == [0, 1, 2]
    assert all(plan.prepared.split is prepared.split for plan in plans)
    assert plans[2].prepared.config.training.average == 0.5
    single, _, _ = trained(ensemble(ensemble=None))
    expected = Checkpoint.load(single / "model.safetensors").members[0].weights
    found = Checkpoint.load(folder / "model.safetensors").members[0].weights
    assert all(torch.equal(found[name], value) for name, value in expected.items())


# --- folds


def test_with_folds_each_member_leaves_out_one_which_selects_its_best_epoch(ensemble: Ensemble) -> None:
    config = ensemble({"a": {"seeds": 2}, "b": {}}, ensemble={"folds": 3})
    prepared, plans = planned(config)
    whole = prepared.split
    assert [plan.name for plan in plans] == [
        f"{kind}-fold{fold}" for kind in ("a-0", "a-1", "b-0") for fold in range(3)
    ]
    assert [plan.prepared.config.seed for plan in plans] == list(range(9))
    keys = np.array(prepared.dataset.keys())
    for start in (0, 3, 6):
        folds = [plan.prepared.split.val for plan in plans[start : start + 3]]
        np.testing.assert_array_equal(np.sort(np.concatenate(folds)), whole.train)
        formulas = [set(keys[fold]) for fold in folds]
        assert sum(map(len, formulas)) == len(set.union(*formulas))
    for plan in plans:
        split = plan.prepared.split
        np.testing.assert_array_equal(np.sort(np.concatenate([split.train, split.val])), whole.train)
        np.testing.assert_array_equal(split.test, np.sort(np.concatenate([whole.val, whole.test])))
        np.testing.assert_array_equal(plan.prepared.part("val").X, prepared.table.X[split.val])


def test_folds_are_trained_and_their_mean_is_scored_on_rows_that_none_has_seen(ensemble: Ensemble) -> None:
    folder, prepared, result = trained(ensemble({"a": {}}, ensemble={"folds": 2}))
    names = ["a-0-fold0", "a-0-fold1"]
    assert sorted(path.name for path in (folder / "members").iterdir()) == names
    for i, name in enumerate(names):
        history = [json.loads(line) for line in (folder / "members" / name / "history.jsonl").read_text().splitlines()]
        fold = planned(prepared.config)[1][i].prepared.part("val")
        model = formation_mlp.load(folder / "members" / name)
        own = np.abs(model.predict_features(fold.X, fold.compositions) - fold.y).mean()
        assert min(record["val_score"] for record in history) == pytest.approx(own, rel=1e-6)
    val = prepared.part("val")
    found = formation_mlp.load(folder).predict_features(val.X, val.compositions)
    assert result.scores["val"]["MAE"] == pytest.approx(np.abs(found - val.y).mean())


def test_more_folds_than_formulas_are_refused(ensemble: Ensemble) -> None:
    with pytest.raises(SplitError, match="folds need as many formulas"):
        trained(ensemble(ensemble={"folds": 50}))


# --- interruptions


def test_only_members_that_are_missing_are_trained_when_a_run_goes_on(
    finished: tuple[Path, Prepared, ModelResult], ensemble: Ensemble
) -> None:
    folder, _, _ = trained(ensemble())
    expected = weights(folder)
    for gone in (folder / "DONE", folder / "members" / "network-1" / "DONE"):
        gone.unlink()
    for path in (folder / "members" / "network-1").iterdir():
        if path.name != "config.yaml":
            path.unlink()
    times = {
        name: (folder / "members" / name / "model.safetensors").stat().st_mtime_ns for name in ("network-0", "set-0")
    }
    asked: list[str] = []

    def asking(plan: Any, threads: int, callbacks: Any) -> Any:
        asked.append(plan.name)
        return train_member(plan, threads, callbacks)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ensemble_run, "train_member", asking)
        trained(ensemble(output=folder), resume=True)
    assert asked == ["network-1"]
    for name, time in times.items():
        assert (folder / "members" / name / "model.safetensors").stat().st_mtime_ns == time
    assert weights(folder) == expected == weights(finished[0])


@pytest.mark.parametrize(("member", "epoch"), [("network-0", 1), ("network-1", 3), ("set-0", 2)])
def test_an_ensemble_interrupted_inside_a_member_goes_on_to_the_same_bits(
    ensemble: Ensemble, member: str, epoch: int, uninterrupted: dict[str, Any]
) -> None:
    config, real, epochs = ensemble(training={"max_epochs": 4}), Reporter.epoch, []

    def interrupt(self: Reporter, record: EpochRecord, score: str) -> None:
        real(self, record, score)
        epochs.append(record.epoch)
        if (NAMES[epochs.count(1) - 1], record.epoch) == (member, epoch):
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reporter, "epoch", interrupt)
        with pytest.raises(KeyboardInterrupt):
            trained(config)
    folder = Path(str(config.output))
    assert not (folder / "DONE").exists()
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reporter, "epoch", lambda _self, record, _score: seen.append(record.epoch))
        trained(config, resume=True)
    assert seen[0] == (1 if epoch == 1 else 2), "the state is saved after the first epoch, and every few seconds"
    assert len(seen) == 4 * (len(NAMES) - NAMES.index(member)) - (seen[0] - 1)
    assert weights(folder) == uninterrupted


@pytest.fixture(scope="module")
def uninterrupted(ensemble: Ensemble) -> dict[str, Any]:
    """Return the weights of the run that is not interrupted."""
    return weights(trained(ensemble(training={"max_epochs": 4}))[0])


def test_a_folder_in_use_is_left_alone_unless_it_is_to_be_replaced(ensemble: Ensemble) -> None:
    folder, _, _ = trained(ensemble({"a": {}, "b": {}}))
    before = weights(folder)
    with pytest.raises(ConfigError, match="holds an earlier run"):
        trained(ensemble({"c": {}}, output=folder))
    assert weights(folder) == before
    trained(ensemble({"c": {}}, output=folder), overwrite=True)
    assert [path.name for path in (folder / "members").iterdir()] == ["c-0"]


# --- side by side


def test_members_trained_side_by_side_are_those_trained_one_after_another(
    finished: tuple[Path, Prepared, ModelResult], ensemble: Ensemble
) -> None:
    folder, _, result = trained(ensemble(), compute=Compute(2))
    found, expected = (Checkpoint.load(where / "model.safetensors").members for where in (folder, finished[0]))
    for one, other in zip(found, expected, strict=True):
        assert (one.name, one.share, one.model) == (other.name, other.share, other.model)
        assert all(torch.equal(one.weights[name], value) for name, value in other.weights.items())
    np.testing.assert_array_equal(result.prediction["test"], finished[2].prediction["test"])


class InThisProcess:
    """Stands for a child process, and notes what becomes of it."""

    all: list[InThisProcess] = []  # noqa: RUF012 (emptied by each test)

    def __init__(self) -> None:
        self.closed = False
        self.all.append(self)

    def run_again(self, function: Callable[..., Iterator[Any]], *arguments: Any) -> Iterator[Any]:
        assert function is train_member
        yield from self.work(*arguments)

    def work(self, plan: MemberPlan, threads: int) -> Iterator[EpochRecord]:
        raise NotImplementedError

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[InThisProcess]]:
    """Return a function that lets members be trained by another function, in threads."""

    def replaced(work: Callable[..., Iterator[EpochRecord]]) -> list[InThisProcess]:
        monkeypatch.setattr(InThisProcess, "all", [])
        monkeypatch.setattr(InThisProcess, "work", lambda _self, plan, threads: work(plan, threads))
        monkeypatch.setattr(workers, "ChildProcess", InThisProcess)
        return InThisProcess.all

    return replaced


def test_a_member_that_fails_ends_the_run_and_all_processes(
    ensemble: Ensemble, in_this_process: Callable[..., list[InThisProcess]]
) -> None:
    def work(plan: MemberPlan, threads: int) -> Iterator[EpochRecord]:
        if plan.name == "network-1":
            raise TrainingError("the loss became nan")
        yield from train_member(plan, threads)

    children = in_this_process(work)
    with pytest.raises(TrainingError, match="the loss became nan"):
        trained(ensemble(), compute=Compute(2))
    assert [child.closed for child in children] == [True, True]


def test_there_are_no_more_processes_than_members_and_each_has_one_thread(
    ensemble: Ensemble, in_this_process: Callable[..., list[InThisProcess]]
) -> None:
    threads_of = {}

    def work(plan: MemberPlan, threads: int) -> Iterator[EpochRecord]:
        threads_of[plan.name] = threads
        assert plan.prepared.dataset.materials.structures is None
        yield from train_member(plan, threads)

    children = in_this_process(work)
    trained(ensemble({"a": {"seeds": 2}}), compute=Compute(9))
    assert len(children) == 2
    assert threads_of == {"a-0": 1, "a-1": 1}
    assert all(child.closed for child in children)


def test_one_member_needs_no_process(ensemble: Ensemble, in_this_process: Callable[..., list[InThisProcess]]) -> None:
    children = in_this_process(train_member)
    trained(ensemble({"a": {}}), compute=Compute(4))
    assert children == []


# --- killed


LONG = {"max_epochs": 300}


def files_of(folder: Path) -> dict[str, object]:
    """Return name and content of all files of a run but for the costs in its reports and states."""
    found: dict[str, object] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = str(path.relative_to(folder))
        if path.name == "report.json":
            found[name] = re.sub(r'"(\w+_seconds|peak_memory)": [\w.-]+', "", path.read_text(encoding="utf-8"))
        elif path.name == "state.safetensors":
            tensors, plain = load_tensors(path, "training state")
            found[name] = {key: value.tolist() for key, value in tensors.items()}, plain | {"seconds": 0, "cost": {}}
        else:
            found[name] = path.read_bytes()
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, table: Path) -> Callable[..., Any]:
    """Return a function that trains the long ensemble, or another, in a folder of its own, from within that folder."""

    def train(**options: Any) -> Path:
        place = tmp_path_factory.mktemp("long")
        raw = {"data": {"path": str(table)}, "ensemble": {"members": {"network": {"seeds": 2}}}, "training": LONG}
        (place / "job.yaml").write_text(yaml.safe_dump(changed(TINY, raw)), encoding="utf-8")
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(place)
            if options.pop("start", True):
                run.train(load_config(place / "job.yaml", ()), Reporter(-1), **options)
        return place

    return train


@pytest.fixture(scope="module")
def expected(undisturbed: Callable[..., Any]) -> dict[str, object]:
    """Return the files of the long ensemble, trained here without a break."""
    return files_of(undisturbed() / "run")


def wait_for(path: Path, process: subprocess.Popen[bytes] | None = None) -> None:
    end = monotonic() + 900
    while not path.exists():
        assert monotonic() < end, f"no {path}"
        assert process is None or process.poll() is None
        sleep(0.005)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_killed_ensemble_is_resumed_to_the_files_of_an_undisturbed_one(
    undisturbed: Callable[..., Any], expected: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = undisturbed(start=False)
    command = [sys.executable, "-m", "formation_mlp", "train", "job.yaml", "--quiet"]
    with subprocess.Popen(command, cwd=place, env=python_environment(OMP_NUM_THREADS="1")) as process:
        wait_for(place / "run" / "members" / "network-1" / "state.safetensors", process)
        process.kill()
    assert (place / "run" / "members" / "network-0" / "DONE").exists()
    assert not (place / "run" / "members" / "network-1" / "DONE").exists()
    (place / "run" / ".report.json.abc.tmp").write_text("half a re", encoding="utf-8")
    monkeypatch.chdir(place)
    run.train(load_config(place / "job.yaml", ()), Reporter(-1), resume=True)
    assert files_of(place / "run") == expected


# --- on a cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Return a local cluster of one worker, which is a process, and is replaced if it dies."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=50
    ) as local:
        yield local


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_cluster_trains_the_same_ensemble_though_a_worker_is_killed(
    cluster: Any, undisturbed: Callable[..., Any], expected: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = undisturbed(start=False)
    first = place / "run" / "members" / "network-0"
    begun: list[int] = []

    def kill() -> None:
        wait_for(first / "state.safetensors")
        os.kill(cluster.workers[0].pid, signal.SIGKILL)
        if not (first / "DONE").exists():
            begun.append((first / "config.yaml").stat().st_mtime_ns)

    killer = Thread(target=kill)
    killer.start()
    said = io.StringIO()
    monkeypatch.chdir(place)
    with contextlib.redirect_stderr(said):
        config = load_config(place / "job.yaml", ())
        run.train(config, Reporter(0), compute=Compute(scheduler=cluster.scheduler_address))
    killer.join()
    assert begun == [(first / "config.yaml").stat().st_mtime_ns], "it was killed, and went on from its state"
    lines = said.getvalue().splitlines()
    assert sorted(line for line in lines if line.endswith(": trained")) == ["network-0: trained", "network-1: trained"]
    assert files_of(place / "run") == expected


def test_an_error_on_the_cluster_is_raised_here(cluster: Any, ensemble: Ensemble) -> None:
    config = ensemble({"a": {"training": {"learning_rate": 1e30, "optimizer": "sgd", "loss": "mse"}}})
    with pytest.raises(TrainingError, match=r"the training loss became (inf|nan)"):
        trained(config, compute=Compute(scheduler=cluster.scheduler_address))


def test_a_member_that_loses_all_its_workers_is_named(ensemble: Ensemble, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in for Dask, since killing real workers again and again takes long."""
    distributed = pytest.importorskip("distributed")

    class KilledWorker(Exception):  # noqa: N818
        allowed_failures = 3

    class Client(contextlib.nullcontext["Client"]):
        loop = None

        def __enter__(self) -> Client:
            return self

        def submit(self, *_: object, **_options: object) -> Client:
            return self

        def nthreads(self) -> dict[str, int]:
            return {}

        def result(self) -> None:
            raise KilledWorker

    class Dask:
        @staticmethod
        def as_completed(futures: Any, loop: None) -> Any:
            return iter(futures)

    Dask.KilledWorker = KilledWorker  # type: ignore[attr-defined]
    Dask.client = distributed.client  # type: ignore[attr-defined]
    monkeypatch.setattr(cluster_jobs, "distributed_package", lambda: Dask)
    monkeypatch.setattr(cluster_jobs, "connected", lambda *_: Client())
    with pytest.raises(TrainingError, match=r"member a-0: each process.*died: with 4 workers of the cluster"):
        trained(ensemble({"a": {}}), compute=Compute(scheduler="tcp://stand-in"))


# --- shares


def test_greedy_leaves_a_member_out_that_does_not_help(ensemble: Ensemble) -> None:
    hopeless = {"training": {"learning_rate": 1e-9, "max_epochs": 1}, "model": {"hidden": [1]}}
    members = {"good": {"training": {"learning_rate": 0.02, "max_epochs": 20}}, "hopeless": hopeless}
    folder, _, result = trained(ensemble(members, ensemble={"weights": "greedy"}))
    model = Checkpoint.load(folder / "model.safetensors")
    shares = {member.name: member.share for member in model.members}
    assert shares["good-0"] > 0.5
    assert sum(shares.values()) == pytest.approx(1)
    report = read_json(folder / "report.json")
    listed = {name: member["share"] for name, member in report["members"].items()}
    assert set(listed) == {"good-0", "hopeless-0"}
    used = {name: share for name, share in listed.items() if share > 0}  # members without a share are not kept
    assert used == pytest.approx(shares, abs=1e-4)
    best = min(member["val MAE"] for member in report["members"].values())
    assert result.scores["val"]["MAE"] <= best + 1e-12


def test_probabilities_are_averaged_and_weighed_by_log_loss(ensemble: Ensemble) -> None:
    task = {"type": "classification", "boundary": -1.0}
    folder, prepared, result = trained(ensemble(task=task, ensemble={"weights": "greedy"}))
    report = read_json(folder / "report.json")
    best = min(member["val log loss"] for member in report["members"].values())
    assert prepared.task.selection(prepared.part("val").y, result.prediction["val"]) <= best + 1e-12
    shares = [member["share"] for member in report["members"].values()]
    alone = [formation_mlp.load(folder / "members" / name).predict(FORMULAS) for name in NAMES]
    p = formation_mlp.load(folder).predict(FORMULAS)
    np.testing.assert_allclose(p, np.dot(shares, alone), atol=1e-3)
    assert ((p > 0) & (p < 1)).all()


# --- boosted trees


def test_boosted_trees_stand_beside_networks(ensemble: Ensemble) -> None:
    pytest.importorskip("lightgbm")
    members = {"network": {}, "trees": {"boosted_trees": TREES, "seeds": 2}}
    folder, prepared, result = trained(ensemble(members, ensemble={"folds": 2}))
    model = Checkpoint.load(folder / "model.safetensors")
    assert [member.name for member in model.members][2:] == [f"trees-{i}-fold{f}" for i in (0, 1) for f in (0, 1)]
    assert model.members[2].model == {"boosted_trees": TREES}
    predictor = formation_mlp.load(folder)
    test = prepared.part("test")
    alone = predictor.predict_members(test.X, test.compositions)
    assert np.ptp(alone[2]) > 0.1
    np.testing.assert_allclose(predictor.predict_features(test.X, None), alone.mean(axis=0))
    np.testing.assert_allclose(result.prediction["test"], alone.mean(axis=0))
    own = formation_mlp.load(folder / "members" / "trees-0-fold0")
    np.testing.assert_array_equal(own.predict_features(test.X, None), alone[2])
    assert read_json(folder / "report.json")["members"]["trees-0-fold0"]["trees"] >= 1


def test_a_classifier_may_have_boosted_trees(ensemble: Ensemble) -> None:
    pytest.importorskip("lightgbm")
    task = {"type": "classification", "boundary": -1.0}
    folder, _, result = trained(ensemble({"network": {}, "trees": {"boosted_trees": TREES}}, task=task))
    assert ((result.prediction["test"] > 0) & (result.prediction["test"] < 1)).all()
    assert formation_mlp.load(folder).predict(FORMULAS).shape == (3,)


# --- what is refused


def test_without_lightgbm_nothing_is_trained(ensemble: Ensemble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    config = ensemble({"network": {}, "trees": {"boosted_trees": TREES}})
    with pytest.raises(ConfigError, match=r"boosted trees need LightGBM\. Install it with"):
        trained(config)
    assert not Path(str(config.output)).exists()


@pytest.mark.parametrize("name", ["a/b", "..", "", "a b"])
def test_a_member_needs_a_name_that_is_one_of_a_folder(ensemble: Ensemble, name: str) -> None:
    config = ensemble({name: {}})
    with pytest.raises(ConfigError, match=r"ensemble.members: '.*' is not made of letters, digits"):
        trained(config)
    assert not Path(str(config.output)).exists()


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ({"model": {"hiden": [8]}}, "ensemble.members: odd: 1 problem.*model.hiden: unknown key"),
        ({"model": {"activation": "rellu"}}, "ensemble.members: odd: .*unknown activation 'rellu'"),
        ({"training": {"max_epochs": 0}}, "ensemble.members: odd: .*training.max_epochs: found 0"),
        ({"training": {"precision": "half"}}, "ensemble.members: odd: .*unknown precision 'half'"),
    ],
)
def test_a_wrong_key_of_a_member_is_refused_before_any_is_trained(
    ensemble: Ensemble, member: dict[str, Any], message: str
) -> None:
    config = ensemble({"fine": {}, "odd": member})
    with pytest.raises(ConfigError, match=f"(?s){message}"):
        trained(config)
    assert not Path(str(config.output)).exists()


# --- starting from a trained ensemble


def test_each_member_starts_from_another_member_of_the_source(
    finished: tuple[Path, Prepared, ModelResult], ensemble: Ensemble
) -> None:
    source = formation_mlp.load(finished[0])
    config = ensemble({"a": {}, "b": {}, "c": {"model": SET}, "d": {}}, training={"start_from": str(finished[0])})
    prepared, plans = planned(config)
    val = prepared.part("val")
    expected = source.predict_members(val.X, val.compositions)
    for plan in plans:
        job = network_training(plan.prepared, plan.number)
        # For few rows a loaded model answers by NumPy, which adds up in another order than torch.
        np.testing.assert_allclose(job.predict(val.X, val.compositions), expected[plan.number % 3], atol=1e-5)


def test_a_start_of_its_own_is_not_silently_ignored(
    finished: tuple[Path, Prepared, ModelResult], ensemble: Ensemble
) -> None:
    start = str(finished[0] / "members" / "network-1")
    try:
        prepared, (plan,) = planned(ensemble({"a": {"training": {"start_from": start}}}))
    except ConfigError as error:
        assert "start_from" in str(error)  # noqa: PT017 (one of two good answers)
    else:
        val = prepared.part("val")
        expected = formation_mlp.load(start).predict_features(val.X, val.compositions)
        np.testing.assert_array_equal(network_training(plan.prepared, plan.number).predict(val.X), expected)


# --- the command line


def test_an_ensemble_is_trained_and_compared_from_the_command_line(
    tiny_config: ConfigWriter, command: Command, workplace: Path
) -> None:
    networks = {"alone": {"training": {"max_epochs": 1}}}
    config = tiny_config(ensemble={"members": {"a": {"seeds": 2}}}, benchmark={"networks": networks})
    outcome = command("train", config)
    outcome.succeeded()
    assert "2 members: a-0, a-1" in outcome.err
    table = command("benchmark", config).succeeded()
    assert {"mean", "ridge", "ensemble", "alone"} <= {line.split()[0] for line in table.splitlines() if line}
    alone = workplace / "run" / "cells" / "alone" / "rows"
    assert (alone / "DONE").exists()
    assert not (alone / "members").exists()
    assert "ensemble: already trained" in command("benchmark", config).err
    assert command("predict", "run", "NaCl").succeeded().startswith("formula,prediction")
    assert "finished; there is nothing to resume" in command("train", config, "--resume", "-q").refused()
