"""A job that goes on finds what it was begun with, or says what differs; nothing learned from other rows is used."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from formation_mlp.config.loading import check_config
from formation_mlp.config.schema import Config
from formation_mlp.errors import CheckpointError
from formation_mlp.runs import train as run
from formation_mlp.runs.fingerprint import WORDS, differences
from formation_mlp.runs.prepare import load_rows, prepare
from formation_mlp.runs.progress import Reporter
from formation_mlp.tuning.tune import tune
from support.commands import Outcome
from support.configs import TINY, changed

Command = Callable[..., Outcome]

ENERGY = "formation_energy_per_atom"
SINGLE: dict[str, Any] = {"training": {"max_epochs": 3}}
ENSEMBLE: dict[str, Any] = {
    **SINGLE,
    "ensemble": {"members": {"network": {"seeds": 2}, "trees": {"boosted_trees": {}}}},
}
HULL: dict[str, Any] = {
    "task": {"type": "classification", "boundary": -1.0, "auxiliary": {"energy": 1.0}},
    "ensemble": {"members": {"trees": {"boosted_trees": {}, "hull": {"column": "energy", "folds": 2}}}},
}

pytestmark = [pytest.mark.usefixtures("without_figures"), pytest.mark.slow]


class Job:
    """A table, a configuration, and a training of it that is interrupted after some epochs."""

    def __init__(self, folder: Path, rows: list[tuple[str, str]], **changes: Any) -> None:
        self.table, self.output = folder / "table.csv", folder / "run"
        self.lines = [["name", "formula", ENERGY, "energy"], *([f"r{i}", a, b, b] for i, (a, b) in enumerate(rows))]
        self.raw = changed(TINY, {"data": {"path": str(self.table), "id": "name"}, "output": str(self.output)})
        self.raw = deepcopy(changed(self.raw, changes))
        self.write()

    def write(self) -> None:
        self.table.write_text("".join(",".join(line) + "\n" for line in self.lines), encoding="utf-8")

    def config(self) -> Config:
        return check_config(self.raw, "test")

    def train(self, **keys: Any) -> None:
        run.train(self.config(), Reporter(-1), **keys)

    def interrupt(self, after: int) -> None:
        """Train, and stop after so many epochs of all networks."""
        seen = []

        def epoch(_self: Reporter, record: Any, _score: str) -> None:
            seen.append(record)
            if len(seen) == after:
                raise KeyboardInterrupt

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Reporter, "epoch", epoch)
            with pytest.raises(KeyboardInterrupt):
                self.train()


def without_some_rows(job: Job) -> str:
    del job.lines[5:25]
    return r"other rows \(60 then, 40 now\)"


def one_target(job: Job) -> str:
    job.lines[7][2] = "-1.2345"
    return r"other targets"


def two_rows_change_places(job: Job) -> str:
    job.lines[3], job.lines[9] = job.lines[9], job.lines[3]
    return r"other rows\."


def another_formula(job: Job) -> str:
    job.lines[3][1] = "NaCl"
    return r"other rows\."


def another_name(job: Job) -> str:
    job.lines[3][0] = "other"
    return r"other rows\."


def other_presets(job: Job) -> str:
    """Edit the list of presets, and the copy in the folder of the run, too."""
    job.raw["features"] = ["stoichiometry"]
    write_config(job)
    return r"other features, configuration"


def other_epochs(job: Job) -> str:
    job.raw["training"]["max_epochs"] = 7
    write_config(job)
    return r"other configuration"


def another_division(job: Job) -> str:
    parts = json.loads((job.output / "split.json").read_text(encoding="utf-8"))
    parts["train"][0], parts["test"][0] = parts["test"][0], parts["train"][0]
    (job.output / "split.json").write_text(json.dumps(parts), encoding="utf-8")
    return r"other split"


def no_division(job: Job) -> str:
    (job.output / "split.json").write_text("{}", encoding="utf-8")
    return r"other split"


def no_fingerprint(job: Job) -> str:
    (job.output / "rows.json").unlink()
    return r"rows.json is missing"


def write_config(job: Job) -> None:
    (job.output / "config.yaml").write_text(yaml.safe_dump(job.config().model_dump()), encoding="utf-8")


CHANGES = [
    *(without_some_rows, one_target, two_rows_change_places, another_formula, another_name),
    *(other_presets, other_epochs, another_division, no_division, no_fingerprint),
]


@pytest.mark.parametrize("kind", [SINGLE, ENSEMBLE, HULL], ids=["network", "ensemble", "hull"])
@pytest.mark.parametrize("change", CHANGES)
def test_what_differs_is_named_and_nothing_goes_on(
    rows: list[tuple[str, str]], tmp_path: Path, change: Callable[[Job], str], kind: dict[str, Any]
) -> None:
    job = Job(tmp_path, rows, **kind)
    job.interrupt(after=3 if kind is HULL else 2)
    before = {path: path.stat().st_mtime_ns for path in job.output.rglob("*") if path.is_file()}
    expected = change(job)
    job.write()
    with pytest.raises(CheckpointError, match=expected) as refused:
        job.train(resume=True)
    assert str(refused.value).startswith(f"{job.output}: ")
    assert "Start anew with --overwrite." in str(refused.value).replace("start anew", "Start anew")
    same = {path for path, time in before.items() if path.exists() and path.stat().st_mtime_ns == time}
    assert {path.name for path in set(before) - same} <= {"config.yaml", "split.json", "rows.json"}  # by this test
    job.train(overwrite=True)
    assert (job.output / "DONE").exists()


@pytest.mark.parametrize(("kind", "inner"), [(ENSEMBLE, "members/network-0"), (HULL, "members/trees-0/energies/fold0")])
def test_a_trained_member_that_learned_from_other_rows_is_not_used(
    rows: list[tuple[str, str]], tmp_path: Path, kind: dict[str, Any], inner: str
) -> None:
    """The member comes from the folder of another run, of the same configuration and of fewer rows."""
    (tmp_path / "other").mkdir()
    job, other = Job(tmp_path, rows, **kind), Job(tmp_path / "other", rows[:40], **kind)
    for one in (job, other):
        one.interrupt(after=4)
        assert (one.output / inner / "DONE").exists()
    shutil.rmtree(job.output / inner)
    shutil.copytree(other.output / inner, job.output / inner)
    with pytest.raises(CheckpointError, match=rf"{inner}: the run was begun with other rows \(40 then, 60 now\)"):
        job.train(resume=True)


def test_a_run_that_was_moved_goes_on_and_ends_with_the_same_model(rows: list[tuple[str, str]], tmp_path: Path) -> None:
    job = Job(tmp_path, rows, **ENSEMBLE)
    job.train()
    straight = (job.output / "predictions.csv").read_bytes()
    shutil.rmtree(job.output)
    job.interrupt(after=5)
    job.output = job.output.rename(tmp_path / "elsewhere")
    job.table = job.table.rename(tmp_path / "same.csv")
    job.raw = changed(job.raw, {"output": str(job.output), "data": {"path": str(job.table)}})
    job.train(resume=True)
    assert (job.output / "predictions.csv").read_bytes() == straight
    assert yaml.safe_load((job.output / "config.yaml").read_text(encoding="utf-8"))["output"] == str(job.output)


def test_an_edited_structure_is_noticed_though_its_file_has_the_same_name(
    tiny_config: Callable[..., Path], command: Command, structure_folder: Path
) -> None:
    features = ["stoichiometry", "density"]
    config = tiny_config(data={"path": str(structure_folder)}, features=features, training={"batch_size": 4})
    command("train", config, "-q").succeeded()
    command("evaluate", "run").succeeded()
    path = structure_folder / "NaCl.cif"
    path.write_text(path.read_text(encoding="utf-8").replace("5.6", "5.7"), encoding="utf-8")
    assert "structures or targets" in command("evaluate", "run").refused()
    Path("run", "DONE").unlink()
    assert "the run was begun with other rows." in command("train", config, "--resume", "-q").refused()


def test_the_model_to_start_from_is_part_of_a_run(rows: list[tuple[str, str]], tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    first = Job(tmp_path / "first", rows)
    first.train()
    job = Job(tmp_path, rows, training={"start_from": str(first.output), "max_epochs": 3})
    job.interrupt(after=2)
    first.raw["seed"] = 1
    first.train(overwrite=True)
    with pytest.raises(CheckpointError, match="other model to start from"):
        job.train(resume=True)


@pytest.mark.parametrize(
    "change", [without_some_rows, one_target, two_rows_change_places, another_formula, another_name]
)
def test_a_search_goes_on_with_its_own_rows_only(
    rows: list[tuple[str, str]], tmp_path: Path, change: Callable[[Job], str]
) -> None:
    space = {"training.learning_rate": {"log": [1e-4, 1e-2]}}
    job = Job(tmp_path, rows, benchmark={}, tune={"trials": 2, "parameters": space})
    tune(job.config(), trials=1)
    expected = change(job)
    job.write()
    with pytest.raises(CheckpointError, match=rf"the search was begun with {expected}"):
        tune(job.config(), resume=True)


@pytest.mark.parametrize("change", [without_some_rows, one_target, two_rows_change_places, another_name])
def test_an_interrupted_main_network_of_a_benchmark_is_not_mixed(
    rows: list[tuple[str, str]], tmp_path: Path, change: Callable[[Job], str]
) -> None:
    from formation_mlp.benchmark.benchmark import benchmark

    job = Job(tmp_path, rows, **SINGLE)
    job.interrupt(after=2)
    expected = change(job)
    job.write()
    with pytest.raises(CheckpointError, match=expected):
        benchmark(job.config(), Reporter(-1))


def test_fits_of_a_benchmark_are_used_again_for_the_same_rows_only(rows: list[tuple[str, str]], tmp_path: Path) -> None:
    """An auxiliary energy, the name of a row: what scores do not show decides, too."""
    from formation_mlp.benchmark.benchmark import benchmark

    folds = {"protocol": {"k_fold": {"n_folds": 3}}, "baselines": ["ridge"]}
    job = Job(tmp_path, rows, benchmark=folds, task={"auxiliary": {"energy": 1.0}})
    benchmark(job.config(), Reporter(-1))
    cells = sorted(job.output.glob("cells/*/*/outcome.json"))
    assert len(cells) == 6
    old = {path: path.stat().st_mtime_ns for path in cells}
    benchmark(job.config(), Reporter(-1))
    assert {path: path.stat().st_mtime_ns for path in cells} == old
    job.lines[4][3] = "-9.0"
    job.write()
    benchmark(job.config(), Reporter(-1))
    assert all(path.stat().st_mtime_ns > old[path] for path in cells)


def test_the_fingerprint_names_what_differs_and_not_what_follows_from_it(
    rows: list[tuple[str, str]], tmp_path: Path
) -> None:
    job = Job(tmp_path, rows)
    kept = prepare(job.config(), load_rows(job.config())).fingerprint()
    assert differences(kept, dict(kept)) == []
    for key, word in WORDS.items():
        assert differences(kept, {**kept, key: "other"}) == [word]
    assert differences(kept, {**kept, "n": 3, "rows": "", "split": "", "targets": ""}) == ["rows (60 then, 3 now)"]


def test_nan_and_zero_are_what_they_are_whatever_their_bits(rows: list[tuple[str, str]], tmp_path: Path) -> None:
    import numpy as np

    from formation_mlp.runs.fingerprint import arrays_digest

    def digest(*numbers: float) -> str:
        return arrays_digest([("X", np.array(numbers))])

    assert digest(0.0, np.nan) == digest(-0.0, -np.nan)
    assert digest(0.0, 1.0) != digest(1.0, 0.0)
