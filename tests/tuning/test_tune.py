"""The search: what may be declared, what a trial may see, and the same end whatever happens on the way."""

from __future__ import annotations

import csv
import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from formation_mlp.config.loading import check_config, load_config
from formation_mlp.config.schema import Config, TuneConfig
from formation_mlp.config.search_space import Parameter, parameters, shown, with_values
from formation_mlp.errors import CheckpointError, ConfigError, DataError, FormationMLPError, InUseError, TrainingError
from formation_mlp.runs import train as run
from formation_mlp.runs.prepare import load_rows, network_training, prepare
from formation_mlp.runs.progress import Reporter
from formation_mlp.system.compute import Compute
from formation_mlp.system.processes import ChildProcess
from formation_mlp.training.state import EpochRecord
from formation_mlp.tuning import workers as search_workers
from formation_mlp.tuning.folder import SearchFolder
from formation_mlp.tuning.journal import append
from formation_mlp.tuning.report import SearchResult
from formation_mlp.tuning.store import TrialStore, mend
from formation_mlp.tuning.trial import train_trial, without_test_rows
from formation_mlp.tuning.tune import tune
from support.commands import Outcome, python_environment
from support.configs import TINY, changed

pytestmark = [pytest.mark.usefixtures("without_figures"), pytest.mark.slow]

pytest.importorskip("optuna")

Command = Callable[..., Outcome]
ConfigWriter = Callable[..., Path]

SEARCHED: dict[str, Any] = {
    "training.learning_rate": {"log": [1e-4, 0.1]},
    "model.dropout": {"range": [0.0, 0.3]},
    "training.batch_size": {"range": [8, 32]},
    "model.hidden": {"choices": [[8], [4, 4]]},
}
TUNE = {"trials": 14, "parameters": SEARCHED, "warmup_epochs": 1}
"""More trials than the ten at random that come before the sampler learns."""


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> Path:
    path = tmp_path_factory.mktemp("rows") / "table.csv"
    lines = [f"{a},{b},{('train', 'train', 'train', 'val', 'test')[i % 5]}\n" for i, (a, b) in enumerate(rows)]
    path.write_text("formula,formation_energy_per_atom,part\n" + "".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def searching(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Config]:
    """Return a function that makes the configuration of a search in a new folder."""

    def make(folder: Path | None = None, **changes: Any) -> Config:
        output = str((folder or tmp_path_factory.mktemp("search")) / "job")
        own = {"data": {"path": str(table)}, "training": {"max_epochs": 4}, "tune": TUNE, "output": output}
        return check_config(changed(changed(TINY, own), changes), "test")

    return make


Searching = Callable[..., Config]


@pytest.fixture
def no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("formation_mlp.tuning.figure.search_figure", lambda *_: None)
    monkeypatch.setattr("formation_mlp.figures.save_figure", lambda *_: None)


@pytest.fixture(scope="module")
def finished(searching: Searching) -> tuple[Config, SearchResult]:
    """Return an undisturbed search of one worker; its folder must not be changed."""
    config = searching()
    return config, tune(config)


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files of a search that must not depend on what happened on the way."""
    return {name: (folder / name).read_bytes() for name in ("best.yaml", "trials.csv", "config.yaml", "DONE")}


def table_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# --- what may be declared


def with_tune(config: Config, **section: Any) -> Config:
    """Return the configuration with a section `tune` of its own."""
    return config.model_copy(update={"tune": TuneConfig.model_validate(section)})


def refusal(searching: Searching, keys: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as error:
        tune(with_tune(searching(), parameters=keys))
    return str(error.value)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({}, "tune.parameters: nothing to search. Declare values, such as tune.parameters: {training.learning_rate"),
        ({"model.dropot": {"range": [0.0, 0.1]}}, "tune.parameters.model.dropot: unknown key 'model.dropot'. Choose"),
        ({"model.dropot": {"range": [0.0, 0.1]}}, "Did you mean 'model.dropout'?"),
        ({"data.path": {"choices": ["a", "b"]}}, "tune.parameters.data.path: unknown key 'data.path'"),
        ({"training.start_from": {"choices": ["a", "b"]}}, "training.start_from: the model to start from decides"),
        ({"training.max_epochs": {"choices": [2, 3]}}, "training.max_epochs: trials of different length cannot be"),
        ({"model.dropout": {}}, "model.dropout: found no values. Give one of: log, range, choices."),
        (
            {"model.dropout": {"range": [0.0, 0.1], "log": [0.1, 0.2]}},
            "model.dropout: found log and range. Give one of: log, range, choices.",
        ),
        ({"model.dropout": {"range": [0.1, 0.1]}}, "dropout: found range [0.1, 0.1], but the first end must be below"),
        ({"model.dropout": {"log": [0.0, 0.1]}}, "model.dropout: found log [0, 0.1], but both ends must be above 0."),
        (
            {"model.dropout": {"range": [0.0, 1.5]}},
            "model.dropout.range: model.dropout: found 1.5, but it should be less than 1.",
        ),
        (
            {"training.batch_size": {"log": [0.5, 64]}},
            "training.batch_size.log: training.batch_size: found 0.5, but it should be an integer.",
        ),
        ({"model.activation": {"range": [0, 1]}}, "'range' is for numbers, and model.activation is none. Give choices"),
        ({"model.hidden": {"range": [8, 16]}}, "'range' is for numbers, and model.hidden is none. Give choices: [...]"),
        (
            {"model.activation": {"choices": ["relu", "rellu"]}},
            "model.activation.choices: model.activation: unknown activation 'rellu'. Choose one of: elu",
        ),
        ({"model.hidden": {"choices": [[8], [8.5]]}}, "model.hidden.choices: model.hidden.0: found 8.5, but it should"),
        ({"model.hidden": {"choices": [[8], [8]]}}, "model.hidden: the choice [8] occurs twice."),
        ({"features": {"choices": [["magpie"], ["magpi"]]}}, "features.choices: features: unknown preset 'magpi'."),
    ],
)
def test_what_cannot_be_searched_is_refused_with_place_value_and_what_is_allowed(
    searching: Searching, keys: dict[str, Any], message: str
) -> None:
    assert message in refusal(searching, keys)


def test_all_that_is_wrong_comes_in_one_message_and_nothing_is_begun(searching: Searching, tmp_path: Path) -> None:
    keys = {
        "model.dropot": {"range": [0.0, 0.1]},
        "model.dropout": {"range": [-0.1, 1.5]},
        "training.loss": {"choices": ["l1", "l3"]},
        "training.batch_size": {"log": [32, 8]},
    }
    with pytest.raises(ConfigError) as error:
        tune(with_tune(searching(tmp_path), parameters=keys))
    head, *problems = str(error.value).splitlines()
    assert head == "tune: 5 problems in what is to be searched"
    places = [problem.strip().removeprefix("tune.parameters.").split(":")[0] for problem in problems]
    assert places == [
        "model.dropot",
        *2 * ["model.dropout.range"],
        "training.loss.choices",
        "training.batch_size",
    ]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tune": {"parameters": {"model.dropout": {"rnge": [0, 1]}}}}, "unknown key 'rnge'. Choose one of: choices,"),
        ({"tune": {"parameters": {"model.dropout": {"range": [0.1]}}}}, "range: found [0.1], but List should have at"),
        (
            {"tune": {"parameters": {"model.dropout": {"range": ["a", 1]}}}},
            "range.0: found 'a', but it should be a num",
        ),
        ({"tune": {"parameters": {"model.dropout": {"choices": [1]}}}}, "choices: found [1], but List should have at"),
        ({"tune": {"sampler": "grid"}}, "tune.sampler: unknown sampler 'grid'. Choose one of: random, tpe."),
        ({"tune": {"pruner": "mean"}}, "tune.pruner: unknown pruner 'mean'. Choose one of: median, none. Did you"),
        ({"tune": {"trials": 0}}, "tune.trials: found 0, but it should be greater than or equal to 1."),
    ],
)
def test_a_wrong_section_is_refused_by_every_verb(
    tiny_config: ConfigWriter, command: Command, changes: dict[str, Any], message: str
) -> None:
    assert message in command("train", tiny_config(**changes)).refused()


def test_an_ensemble_is_refused_and_the_way_out_works(tiny_config: ConfigWriter, command: Command) -> None:
    path = tiny_config(ensemble={"members": {"network": {"seeds": 2}}}, tune=TUNE | {"trials": 2})
    assert "ensemble: a search trains single networks. Leave the section out" in command("tune", path).refused()
    command("tune", path, "--set", "ensemble=null").succeeded()


def test_other_verbs_leave_the_section_aside(tiny_config: ConfigWriter, command: Command) -> None:
    command("train", tiny_config(tune=TUNE)).succeeded()


@pytest.mark.parametrize("package", ["optuna", "filelock"])
def test_without_a_package_the_error_says_what_to_install(
    searching: Searching, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigError, match=rf"'{package}': pip install 'formation-mlp\[tune\]'"):
        tune(searching())


def test_a_search_needs_a_place_and_a_trial(searching: Searching) -> None:
    with pytest.raises(ConfigError, match="output: a search needs a place"):
        tune(searching().model_copy(update={"output": None}))
    with pytest.raises(ConfigError, match="trials: found 0; give a whole number of at least 1"):
        tune(searching(), trials=0)


def test_drawn_numbers_are_short_and_never_leave_their_range() -> None:
    rate = Parameter("training.learning_rate", "log", (0.00012345, 0.012345))
    assert rate.value(0.00123456789) == 0.001235
    assert rate.value(0.00012346) == 0.0001235
    assert rate.value(0.00012345) == 0.00012345
    assert rate.value(0.0123449999) == 0.01234
    assert rate.value(0.012345) == pytest.approx(0.012345, abs=1e-5)
    assert all(0.00012345 <= rate.value(x) <= 0.012345 for x in np.geomspace(0.00012345, 0.012345, 200))


def test_whole_numbers_stay_whole_and_choices_keep_their_type(searching: Searching) -> None:
    keys = {
        "training.batch_size": {"log": [8, 64]},
        "training.patience": {"choices": [None, 3]},
        "training.max_epochs": {"range": [2, 4]},
        "training.weight_decay": {"choices": [1, 0.1]},
        "features": {"choices": [["stoichiometry"], [{"matminer": "BandCenter"}, "stoichiometry"]]},
    }
    config = with_tune(searching(), parameters=keys, pruner="none")
    assert config.tune is not None
    found = {p.key: p for p in parameters(config, config.tune)}
    assert found["training.batch_size"].values == (8, 64)
    assert found["training.batch_size"].whole
    assert found["training.max_epochs"].whole
    assert found["training.patience"].values == (None, 3)
    assert found["training.weight_decay"].values == (1.0, 0.1)
    for parameter in found.values():
        for value in parameter.values:
            drawn = parameter.drawn(value)
            assert parameter.value(drawn) == value
            assert parameter.of(with_values(config, {parameter.key: value})) == value
    assert found["training.patience"].drawn(4) is None
    assert found["training.batch_size"].drawn(65) is None


def test_values_are_shown_as_one_would_write_them() -> None:
    assert [shown(value) for value in (None, True, 1, 0.001, "relu", [8, 8], [{"a": {"b": 1}}])] == [
        "null", "true", "1", "0.001", "relu", "[8, 8]", "[{a: {b: 1}}]",
    ]  # fmt: skip


# --- a finished search


def test_a_search_leaves_a_configuration_a_table_and_a_figure(finished: tuple[Config, SearchResult]) -> None:
    config, result = finished
    assert result.folder == Path(f"{config.output}_search")
    assert {path.name for path in result.folder.iterdir()} == {
        "config.yaml", "search.journal", "trials.csv", "best.yaml", "search.png", "DONE",
    }  # fmt: skip
    table = table_of(result.folder / "trials.csv")
    assert list(table[0]) == ["number", "state", "val MAE", "epochs", "best epoch", *SEARCHED, "error"]
    assert [int(row["number"]) for row in table] == list(range(14))
    assert {row["state"] for row in table} == {"complete", "pruned"}


def test_the_first_trial_has_the_values_of_the_configuration_and_the_best_one_is_the_lowest(
    finished: tuple[Config, SearchResult],
) -> None:
    config, result = finished
    assert result.default.values == {
        "training.learning_rate": config.training.learning_rate,
        "model.dropout": 0.0,
        "training.batch_size": 16,
        "model.hidden": [8],
    }
    assert result.default.state == "complete"
    scores = [trial.score for trial in result.trials if trial.state == "complete" and trial.score is not None]
    assert result.best.score == min(scores)
    assert result.default.score is not None
    assert min(scores) < result.default.score


def test_values_lie_where_they_were_declared(finished: tuple[Config, SearchResult]) -> None:
    for trial in finished[1].trials:
        assert 1e-4 <= trial.values["training.learning_rate"] <= 0.1
        assert 0 <= trial.values["model.dropout"] <= 0.3
        assert 8 <= trial.values["training.batch_size"] <= 32
        assert isinstance(trial.values["training.batch_size"], int)
        assert trial.values["model.hidden"] in ([8], [4, 4])
    assert len({str(trial.values) for trial in finished[1].trials}) == 14


def test_trials_behind_the_median_end_early_after_the_epochs_that_all_have(
    finished: tuple[Config, SearchResult],
) -> None:
    ended = [trial for trial in finished[1].trials if trial.state == "pruned"]
    assert ended
    assert all(1 <= trial.epochs < 4 for trial in ended)
    assert all(trial.number > 4 for trial in ended)  # the first five are what the others are compared with
    assert all(trial.epochs == 4 for trial in finished[1].trials if trial.state == "complete")


def test_the_best_configuration_trains_to_the_score_of_its_trial(
    finished: tuple[Config, SearchResult], tmp_path: Path
) -> None:
    _, result = finished
    config = load_config(result.folder / "best.yaml", [f"output={tmp_path / 'run'}"])
    assert config.tune is None
    _, results = run.train(config, Reporter(-1))
    assert results[-1].scores["val"]["MAE"] == pytest.approx(result.best.score, rel=1e-6)
    assert results[-1].details["best_epoch"] == result.best.best_epoch
    row = table_of(result.folder / "trials.csv")[result.best.number]
    assert float(row["val MAE"]) == pytest.approx(result.best.score, rel=1e-5)


def test_the_best_configuration_is_complete_and_says_which_trial_it_was(finished: tuple[Config, SearchResult]) -> None:
    config, result = finished
    text = (result.folder / "best.yaml").read_text(encoding="utf-8")
    assert text.startswith(f"# Trial {result.best.number} of 14: val MAE {result.best.score:.6g}, the lowest.\n")
    plain = yaml.safe_load(text)
    assert set(plain) == set(Config.model_fields) - {"tune", "ensemble", "output"}
    assert set(plain["training"]) == set(config.training.model_dump())
    assert result.config.training.learning_rate == result.best.values["training.learning_rate"]
    assert check_config(plain, "best.yaml") == result.config


def test_the_command_prints_the_best_trials_beside_the_default(tiny_config: ConfigWriter, command: Command) -> None:
    outcome = command("tune", tiny_config(tune=TUNE), "--trials", "9")
    head, rule, *lines = outcome.succeeded().splitlines()
    assert head.split() == ["trial", "val", "MAE", "epochs", "dropout", "hidden", "batch_size", "learning_rate"]
    assert set(rule) == {"-", " "}
    scores = [float(line.replace("(default)", "").split()[1]) for line in lines]
    assert scores[:5] == sorted(scores[:5])
    assert sum("(default)" in line for line in lines) == 1
    assert len(lines) in (5, 6)
    told = outcome.err.splitlines()
    assert [line.split(":")[0] for line in told if line.startswith("trial ")] == [f"trial {i}" for i in range(9)]
    assert told[-1] == "run_search: trials.csv, search.png, and best.yaml for 'formation-mlp train'"
    assert command("tune", tiny_config(tune=TUNE), "--trials", "9", "-q", "--overwrite").err == ""


def test_the_summary_says_when_nothing_was_better(finished: tuple[Config, SearchResult]) -> None:
    _, result = finished
    assert "lower. The best of many looks better on the val rows than it is" in result.summary()
    alone = replace(result, trials=result.trials[:1], best=result.default)
    assert alone.summary().endswith(f"None is better than the default, val MAE {result.default.score:.4f}.")


def test_classes_are_searched_by_their_log_loss(searching: Searching) -> None:
    task = {"type": "classification", "boundary": -1.0}
    result = tune(searching(task=task, tune={"trials": 2}))
    assert result.score == "log loss"
    assert {trial.state for trial in result.trials} == {"complete"}


def test_a_default_outside_of_what_is_declared_is_still_trial_0(searching: Searching) -> None:
    keys = {"training.learning_rate": {"log": [1e-2, 1e-1]}, "model.hidden": {"choices": [[4], [6]]}}
    result = tune(with_tune(searching(), trials=12, parameters=keys, pruner="none"))
    assert result.default.values == {"training.learning_rate": 0.002, "model.hidden": [8]}
    assert all(trial.values["model.hidden"] in ([4], [6]) for trial in result.trials[1:])


def test_the_random_sampler_draws_the_same_whatever_the_scores_are(searching: Searching) -> None:
    drawn = [
        [trial.values for trial in tune(searching(tune={"sampler": "random"}, training={"loss": loss})).trials]
        for loss in ("l1", "mse")
    ]
    assert drawn[0] == drawn[1]


def test_another_seed_searches_elsewhere(finished: tuple[Config, SearchResult], searching: Searching) -> None:
    other = tune(searching(seed=1), trials=3)
    assert [t.values for t in other.trials[1:]] != [t.values for t in finished[1].trials[1:3]]


# --- what a trial may see


def test_a_trial_has_the_train_and_val_rows_and_no_others(searching: Searching) -> None:
    config = searching(split={"method": "random"})
    whole = prepare(config, load_rows(config))
    seen = without_test_rows(whole)
    assert len(seen.split.test) == 0
    assert len(seen.dataset) == len(whole.split.train) + len(whole.split.val)
    for part in ("train", "val"):
        np.testing.assert_array_equal(seen.part(part).X, whole.part(part).X)
        np.testing.assert_array_equal(seen.part(part).y, whole.part(part).y)
    ids = {whole.dataset.ids[i] for i in whole.split.test}
    assert ids
    assert not ids & set(seen.dataset.ids)


def test_a_trial_trains_as_the_run_does(searching: Searching) -> None:
    config = searching(model={"dropout": 0.1}, split={"method": "random"})
    whole = prepare(config, load_rows(config))
    a, b = (list(network_training(prepared).epochs()) for prepared in (whole, without_test_rows(whole)))
    assert a == b


@pytest.mark.usefixtures("no_figure")
def test_other_test_targets_change_nothing(searching: Searching, table: Path, tmp_path: Path) -> None:
    found = []
    for name, energy in (("as they are", None), ("far off", 15.0)):
        rows = table_of(table)
        for row in rows:
            if energy is not None and row["part"] == "test":
                row["formation_energy_per_atom"] = str(energy)
        path = tmp_path / name / "table.csv"
        path.parent.mkdir()
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        config = searching(data={"path": str(path), "unit": "eV/atom"}, split={"method": "column", "column": "part"})
        found.append((tune(config, trials=12).folder / "trials.csv").read_bytes())
    assert found[0] == found[1]


# --- resumed


@pytest.mark.usefixtures("no_figure")
def test_a_search_cut_anywhere_ends_as_an_undisturbed_one(
    finished: tuple[Config, SearchResult], tmp_path: Path
) -> None:
    """A killed process leaves the file of the search cut after any byte."""
    config, result = finished
    whole = (result.folder / "search.journal").read_bytes()
    lines = [i + 1 for i, byte in enumerate(whole) if byte == 10]
    middles = [(a + b) // 2 for a, b in pairwise(lines)]
    places = sorted({0, 3, *lines[:8], *lines[10::20], *middles[:2], *middles[5::25]})
    assert len(places) > 18
    for place in places:
        folder = tmp_path / str(place) / "job_search"
        folder.mkdir(parents=True)
        own = config.model_copy(update={"output": str(folder)[: -len("_search")]})
        (folder / "config.yaml").write_text(yaml.safe_dump(own.model_dump(), sort_keys=False), encoding="utf-8")
        (folder / "search.journal").write_bytes(whole[:place])
        again = tune(own, resume=True)
        for name in ("trials.csv", "best.yaml"):
            assert (again.folder / name).read_bytes() == (result.folder / name).read_bytes(), place


def slow_enough(tiny_config: ConfigWriter) -> Path:
    return tiny_config(tune=TUNE, training={"max_epochs": 12, "batch_size": 2})


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_search_that_is_killed_again_and_again_ends_as_an_undisturbed_one(
    tiny_config: ConfigWriter, command: Command, workplace: Path
) -> None:
    path = slow_enough(tiny_config)
    command("tune", path, "-q").succeeded()
    folder = workplace / "run_search"
    straight = contents(folder) | {"search.png": (folder / "search.png").read_bytes()}
    shutil.rmtree(folder)
    journal = folder / "search.journal"
    kills = 0
    for more in (3, 60, 120, 180):
        process = subprocess.Popen(
            [sys.executable, "-m", "formation_mlp", "tune", str(path), "-q", *(["--resume"] if kills else [])],
            env=python_environment(),
            stdout=subprocess.DEVNULL,
        )
        while process.poll() is None and (not journal.exists() or journal.read_bytes().count(b"\n") < more):
            time.sleep(0.002)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
            assert not (folder / "DONE").exists()
    assert kills >= 3
    command("tune", path, "-q", "--resume").succeeded()
    assert contents(folder) | {"search.png": (folder / "search.png").read_bytes()} == straight


def test_an_interrupt_offers_to_go_on(
    tiny_config: ConfigWriter, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = train_trial

    def interrupted(plan: Any, prepared: Any) -> Iterator[EpochRecord]:
        if plan.trial.number == 1:
            raise KeyboardInterrupt
        yield from real(plan, prepared)

    path = tiny_config(tune=TUNE | {"trials": 2})
    with monkeypatch.context() as patch:
        patch.setattr(search_workers, "train_trial", interrupted)
        outcome = command("tune", path)
    assert outcome.code == 130
    assert outcome.err.endswith("interrupted; 'formation-mlp tune CONFIG --resume' continues the search\n")
    resumed = command("tune", path, "--resume")
    resumed.succeeded()
    assert "resumed: 1 of 2 trials are finished\n" in resumed.err


@pytest.mark.usefixtures("no_figure")
def test_more_trials_continue_a_finished_search_as_if_they_had_been_asked_for_at_once(
    finished: tuple[Config, SearchResult], searching: Searching
) -> None:
    config = searching()
    tune(config, trials=11)
    more = tune(config, resume=True)
    assert contents(more.folder)["trials.csv"] == contents(finished[1].folder)["trials.csv"]
    assert contents(more.folder)["best.yaml"] == contents(finished[1].folder)["best.yaml"]
    with pytest.raises(CheckpointError, match=r"finished with 14 trials.*For more of them, give --trials"):
        tune(config, resume=True)


def test_a_folder_in_use_is_not_touched(searching: Searching) -> None:
    config = searching()
    first = tune(config, trials=1)
    with pytest.raises(ConfigError, match="holds a search: --resume continues it, --overwrite replaces it"):
        tune(config)
    with SearchFolder(first.folder).alone():
        for resume in (True, False):
            with pytest.raises(InUseError, match=rf"process {os.getpid()} on .* works here"):
                tune(config, trials=2, resume=resume, overwrite=not resume)
    assert len(table_of(first.folder / "trials.csv")) == 1
    again = tune(config, trials=2, overwrite=True)
    assert len(again.trials) == 2


def test_a_folder_with_foreign_files_is_never_emptied(searching: Searching) -> None:
    config = searching()
    folder = tune(config, trials=1).folder
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"holds other files, such as 'notes\.txt'"):
        tune(config, overwrite=True)
    (folder / "notes.txt").unlink()
    (folder / "search.journal.lock0123.rename").touch()
    tune(config, trials=1, overwrite=True)


def test_another_configuration_or_other_rows_are_not_resumed(searching: Searching, table: Path, tmp_path: Path) -> None:
    own = Path(shutil.copy(table, tmp_path / "table.csv"))
    config = searching(data={"path": str(own)})
    tune(config, trials=1)
    other = config.model_copy(update={"seed": 3})
    with pytest.raises(CheckpointError, match="begun with other values under: seed"):
        tune(other, resume=True)
    with pytest.raises(CheckpointError, match="begun with other values under: tune"):
        tune(with_tune(config, **TUNE, sampler="random"), resume=True)
    own.write_text(own.read_text().replace("\n", "0\n", 3).replace("part0", "part"), encoding="utf-8")
    text = own.read_text(encoding="utf-8").splitlines()
    formula, _, part = text[1].split(",")
    own.write_text("\n".join([text[0], f"{formula},-0.5,train", *text[2:]]) + "\n", encoding="utf-8")
    assert part
    with pytest.raises(CheckpointError, match="the search was begun with other targets"):
        tune(config, resume=True)
    with pytest.raises(CheckpointError, match="not a run folder"):
        tune(searching(), resume=True)


@pytest.mark.parametrize(
    "wrong", [b"\x00\x01\n", b"\xff\n", b"[]\n", b"3\n", b"null\n", b"{}\n", b'{"op_code": 99}\n', b"\n"]
)
def test_a_damaged_file_is_refused(searching: Searching, wrong: bytes) -> None:
    config = searching()
    journal = tune(config, trials=2).folder / "search.journal"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:3], wrong, *lines[3:]]))
    with pytest.raises(CheckpointError, match=r"search\.journal: damaged.*--overwrite"):
        tune(config, resume=True)


def test_the_lock_of_a_killed_process_is_broken(tmp_path: Path) -> None:
    journal = tmp_path / "search.journal"
    journal.write_bytes(b'{"whole": 1}\n{"half')
    lock = tmp_path / "search.journal.lock"
    lock.touch()
    mend(journal)
    assert journal.read_bytes() == b'{"whole": 1}\n'
    assert not lock.exists()


# --- trials that fail


@pytest.mark.usefixtures("no_figure")
def test_a_trial_that_diverges_is_a_failed_one_and_the_search_goes_on(searching: Searching) -> None:
    keys = {"training.learning_rate": {"choices": [0.002, 1e35]}, "training.weight_decay": {"range": [0.0, 0.1]}}
    result = tune(with_tune(searching(), trials=8, parameters=keys))
    failed = [trial for trial in result.trials if trial.state == "failed"]
    assert failed
    assert all(trial.values["training.learning_rate"] == 1e35 for trial in failed)
    assert all("loss became" in str(trial.error) for trial in failed)
    rows = table_of(result.folder / "trials.csv")
    assert [row["error"] for row in rows] == [trial.error or "" for trial in result.trials]
    assert f", {len(failed)} failed" in result.summary()


def test_values_that_do_not_go_together_fail_but_a_wrong_default_is_an_error(searching: Searching) -> None:
    set_ = {"architecture": "set", "hidden": [4], "set_width": 4, "set_layers": 1, "set_heads": 2}
    tuned = {"trials": 5, "parameters": {"model.set_heads": {"choices": [2, 3]}}}
    result = tune(with_tune(searching(model=set_), **tuned))
    failed = [trial for trial in result.trials if trial.state == "failed"]
    assert failed
    assert all(trial.values["model.set_heads"] == 3 and "set_heads" in str(trial.error) for trial in failed)
    wrong = with_tune(searching(model=set_ | {"set_heads": 3}), **tuned)
    for workers in (1, 2):
        with pytest.raises(ConfigError, match="set_heads"):
            tune(wrong, compute=Compute(workers), overwrite=True)


def test_if_no_trial_can_be_trained_the_table_says_why(searching: Searching) -> None:
    keys = {"training.learning_rate": {"choices": [1e35, 1e36]}}
    config = with_tune(searching(training={"learning_rate": 1e34}), trials=2, parameters=keys)
    with pytest.raises(TrainingError, match=r"no trial could be trained.*trials\.csv says why"):
        tune(config)
    table = table_of(Path(f"{config.output}_search") / "trials.csv")
    assert [row["state"] for row in table] == ["failed", "failed"]


def test_the_pruner_compares_epoch_by_epoch_and_spares_the_default(tmp_path: Path) -> None:
    rate = Parameter("training.learning_rate", "log", (1e-4, 1e-2))
    store = TrialStore(tmp_path / "journal", TuneConfig(warmup_epochs=2), [rate], seed=0)
    for number in range(6):
        store.begin(number, {"training.learning_rate": 0.001})
        scores = [3.0, 2.0, 1.0, 0.1 * (6 - number)]
        assert not any(store.report(number, scores[: i + 1]) for i in range(4))
        store.end(number, scores)
    store.begin(6, {})
    ends = [9.0, 1.9, 1.8, 0.4]  # the median at the fourth epoch is 0.35
    assert [store.report(6, ends[: i + 1]) for i in range(4)] == [False, False, False, True]
    assert store.report(6, [9.0, 2.1])
    assert not store.report(6, [9.0, 2.1, 2.1])  # not an epoch of comparison
    assert not store.report(6, [0.3, 2.1, 2.1, 2.1])  # the best epoch counts
    store.end(6, [9.0, 2.1], pruned=True)
    assert store.report(6, [1.0])  # somebody else has ended it
    store.end(6, [0.0])
    (last,) = store.trials()[6:]
    assert (last.state, last.score, last.epochs, last.best_epoch) == ("pruned", 2.1, 2, 2)
    store.begin(7, {})
    assert not store.report(7, [9.0])


def test_a_trial_begun_again_is_judged_by_its_own_epochs_only(tmp_path: Path) -> None:
    rate = Parameter("training.learning_rate", "log", (1e-4, 1e-2))
    store = TrialStore(tmp_path / "journal", TuneConfig(warmup_epochs=1), [rate], seed=0)
    for number in range(6):
        store.begin(number, {"training.learning_rate": 0.001})
        for epoch in range(1, 4):
            store.report(number, [1 / epoch] * epoch)
        store.end(number, [1.0, 1 / 2, 1 / 3])
    values = store.begin(6, {}).values
    store.report(6, [2.0])
    store.report(6, [2.0, 0.1])
    assert store.begin(6, {}).values == values
    assert store.report(6, [2.0])


# --- features


def test_features_are_made_once_for_each_list_of_presets(searching: Searching, monkeypatch: pytest.MonkeyPatch) -> None:
    described: list[list[Any]] = []

    def counted(config: Config, *arguments: Any, **keys: Any) -> Any:
        described.append(list(config.features))
        return prepare(config, *arguments, **keys)

    monkeypatch.setattr("formation_mlp.tuning.tune.prepare", counted)
    lists = [["stoichiometry"], ["stoichiometry", "element_fraction"]]
    result = tune(with_tune(searching(), trials=7, parameters={"features": {"choices": lists}}))
    assert sorted(described) == sorted(lists)
    assert [t.values["features"] for t in result.trials if t.values["features"] in lists] == [
        t.values["features"] for t in result.trials
    ]
    assert {len(t.values["features"]) for t in result.trials} == {1, 2}
    best = load_config(result.folder / "best.yaml", ())
    assert best.features == result.best.values["features"]


def test_lists_that_describe_different_rows_are_refused(searching: Searching, monkeypatch: pytest.MonkeyPatch) -> None:
    def one_short(config: Config, dataset: Any, **keys: Any) -> Any:
        return prepare(config, dataset if len(config.features) == 2 else dataset.take(range(50)), **keys)

    monkeypatch.setattr("formation_mlp.tuning.tune.prepare", one_short)
    lists = [["stoichiometry"], ["stoichiometry", "element_fraction"]]
    with pytest.raises(DataError, match="Scores of different rows do not compare"):
        tune(with_tune(searching(), parameters={"features": {"choices": lists}}))


# --- side by side


def assert_as_trained_alone(config: Config, result: SearchResult) -> None:
    """Check the score of each complete trial against a training of its own."""
    prepared = prepare(config, load_rows(config))
    complete = [trial for trial in result.trials if trial.state == "complete"]
    assert len(complete) >= min(5, len(result.trials))
    assert "failed" not in {trial.state for trial in result.trials}
    for trial in complete:
        job = network_training(replace(prepared, config=with_values(config, trial.values)))
        assert min(record.val_score for record in job.epochs()) == pytest.approx(trial.score, rel=1e-6)


@pytest.mark.usefixtures("no_figure")
def test_two_processes_share_the_trials(searching: Searching) -> None:
    config = searching(tune={"trials": 12})
    result = tune(config, compute=Compute(2))
    assert [trial.number for trial in result.trials] == list(range(12))
    assert result.default.values["model.hidden"] == [8]
    assert len({str(trial.values) for trial in result.trials}) == 12
    assert_as_trained_alone(config, result)


def die_at_two(plan: Any, prepared: Any) -> Iterator[EpochRecord]:
    """Stand in for `train_trial` in a child process."""
    from formation_mlp.tuning.trial import train_trial

    if plan.trial.number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    yield from train_trial(plan, prepared)


def die_once_at_two(plan: Any, prepared: Any) -> Iterator[EpochRecord]:
    """Stand in for `train_trial`: the first process is killed in the middle of trial 2."""
    from formation_mlp.tuning.trial import train_trial

    marker = plan.store.parent / "killed"
    for record in train_trial(plan, prepared):
        yield record
        if plan.trial.number == 2 and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.usefixtures("no_figure")
def test_a_trial_that_kills_its_process_twice_is_a_failed_one(
    searching: Searching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_workers, "train_trial", die_at_two)
    result = tune(searching(tune={"trials": 4}), compute=Compute(2))
    assert result.trials[2].error == "the process that trained it died: SIGKILL"
    assert [trial.state for trial in result.trials if trial.number != 2] == ["complete"] * 3


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.usefixtures("no_figure")
def test_a_trial_that_a_signal_killed_is_tried_once_more(searching: Searching, monkeypatch: pytest.MonkeyPatch) -> None:
    config = searching(tune={"trials": 4})
    monkeypatch.setattr(search_workers, "train_trial", die_once_at_two)
    result = tune(config, compute=Compute(2))
    assert (result.folder / "killed").exists()
    assert [trial.state for trial in result.trials] == ["complete"] * 4
    assert_as_trained_alone(config, result)


# --- a disk that is full


@pytest.mark.usefixtures("no_figure")
@pytest.mark.parametrize("n_lines", [0, 1, 2, 3, 5, 8, 11, 16])
@pytest.mark.parametrize("how", ["nothing", "half a line"])
def test_a_search_on_a_full_disk_says_so_and_goes_on_to_the_same_end(
    searching: Searching, monkeypatch: pytest.MonkeyPatch, n_lines: int, how: str
) -> None:
    config, written, real = searching(tune={"trials": 3}), [], os.write

    def full(descriptor: int, content: Any) -> int:
        written.append(content)
        if len(written) <= n_lines:
            return real(descriptor, content)
        if how == "half a line" and len(written) == n_lines + 1:
            return real(descriptor, bytes(content)[: len(content) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("formation_mlp.tuning.journal.os.write", full)
        with pytest.raises(
            FormationMLPError, match=r"search\.journal: cannot be written \(No space left.*--resume goes on"
        ):
            tune(config)
    folder = Path(f"{config.output}_search")
    content = (folder / "search.journal").read_bytes()
    assert content[-1:] in (b"", b"\n")
    assert content.count(b"\n") >= n_lines
    table = (tune(config, resume=True).folder / "trials.csv").read_bytes()
    assert table == (tune(searching(tune={"trials": 3})).folder / "trials.csv").read_bytes()


@pytest.mark.parametrize("tail", [b"", b"x", b'{"half', b"x" * 200_000])
@pytest.mark.parametrize("head", [b"", b"one\n", b"one\ntwo\n", b"y" * 70_000 + b"\n"])
def test_lines_are_added_after_the_last_whole_one(tmp_path: Path, head: bytes, tail: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(head + tail)
    append(path, b"new\n")
    assert path.read_bytes() == head + b"new\n"


@pytest.mark.usefixtures("no_figure")
def test_a_search_given_up_leaves_its_trials_to_be_trained_again(
    searching: Searching, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ChildProcess.run

    def interrupted(self: ChildProcess, function: Any, plan: Any, prepared: Any) -> Iterator[Any]:
        for record in real(self, function, plan, prepared):
            if plan.trial.number >= 2:
                raise KeyboardInterrupt
            yield record

    config = searching(tune={"trials": 6})
    with monkeypatch.context() as patch:
        patch.setattr(ChildProcess, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            tune(config, compute=Compute(2))
    result = tune(config, compute=Compute(2), resume=True)
    assert len(result.trials) == 6
    assert_as_trained_alone(config, result)


@pytest.mark.usefixtures("no_figure")
def test_a_dask_cluster_shares_the_trials(searching: Searching) -> None:
    distributed = pytest.importorskip("distributed")
    config = searching(tune={"trials": 3})
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=True, dashboard_address=":0", silence_logs=50
    ) as cluster:
        result = tune(config, compute=Compute(scheduler=cluster.scheduler_address))
    assert [trial.number for trial in result.trials] == [0, 1, 2]
    assert_as_trained_alone(config, result)


# --- the figure


def test_the_figure_has_a_panel_for_each_parameter(finished: tuple[Config, SearchResult]) -> None:
    from formation_mlp.tuning.figure import search_figure

    _, result = finished
    declared = [
        Parameter("training.learning_rate", "log", (1e-4, 0.1)),
        Parameter("model.dropout", "range", (0.0, 0.3)),
        Parameter("training.batch_size", "range", (8, 32), whole=True),
        Parameter("model.hidden", "choices", ([8], [4, 4])),
    ]
    figure = search_figure(result.trials, declared, "validation MAE (eV/atom)")
    figure.draw_without_rendering()
    history, *panels = figure.axes
    assert history.get_xlabel() == "trial"
    assert [ax.get_xlabel() for ax in panels] == ["learning_rate", "dropout", "batch_size", "hidden"]
    assert [ax.get_xscale() for ax in panels] == ["log", "linear", "linear", "linear"]
    assert [tick.get_text() for tick in panels[3].get_xticklabels()] == ["[8]", "[4, 4]"]
    assert sum(len(np.asarray(c.get_offsets())) for c in history.collections) == len(result.trials)
    (line,) = history.lines
    assert np.all(np.diff(np.asarray(line.get_ydata(), float)) <= 0)


def test_long_choices_are_named_by_letters_and_a_single_trial_can_be_drawn(
    finished: tuple[Config, SearchResult],
) -> None:
    from formation_mlp.tuning.figure import search_figure

    _, result = finished
    lists = (["magpie", "stoichiometry", "valence_orbital"], ["element_fraction"])
    default = replace(result.default, values={"features": ["stoichiometry"], "training.patience": None})
    declared = [Parameter("features", "choices", lists), Parameter("training.patience", "range", (1, 9), whole=True)]
    figure = search_figure([default], declared, "validation MAE (eV/atom)")
    figure.draw_without_rendering()
    features, patience = figure.axes[1:]
    assert [tick.get_text() for tick in features.get_xticklabels()] == ["A", "B", "C"]
    assert features.texts[0].get_text().splitlines() == [
        "A  [magpie, stoichiometry, valence_orbital]",
        "B  [element_fraction]",
        "C  [stoichiometry]",
    ]
    assert sum(len(np.asarray(c.get_offsets())) for c in patience.collections) == 0
