"""Saved models: the same predictions after a round trip, and a reason for every file that is not one."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

import formation_mlp
from formation_mlp import load
from formation_mlp.errors import CheckpointError, FormationMLPError
from formation_mlp.features.engine.table import featurize
from formation_mlp.materials.inputs import read_materials
from formation_mlp.saved_model import checkpoint
from formation_mlp.saved_model.checkpoint import Checkpoint, load_tensors, save_tensors
from formation_mlp.saved_model.formats import UPGRADES
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.saved_model.shipped import shipped_path
from formation_mlp.system.tensor_file import digest_of
from formation_mlp.trust.calibration import Calibration
from formation_mlp.trust.difficulty import Hints
from support.paths import GOLDEN

FORMULAS = ["NaCl", "Fe2O3", "CsBr"]

# format -> predictions of its fixture for FORMULAS in eV/atom, when it was made
PREDICTIONS = {
    1: [-2.0995849, -2.2273497, -2.5565746],
    2: [-2.5919025, -1.4384931, -0.9394414],
    3: [-2.5919025, -1.4384931, -0.9394413],
    4: [-2.5919025, -1.4384931, -0.9394413],
    5: [-2.5919025, -1.4384931, -0.9394413],
}


def fixture_of(number: int) -> Path:
    return GOLDEN / f"model_format_{number}.safetensors"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Return a small saved model of the present format, of two members, that a test may change."""
    path = tmp_path / "model.safetensors"
    path.write_bytes(fixture_of(5).read_bytes())
    return path


@pytest.fixture
def saved_long_ago(tmp_path: Path) -> Path:
    """Return a small saved model of format 1 that a test may change."""
    path = tmp_path / "old.safetensors"
    path.write_bytes(fixture_of(1).read_bytes())
    return path


def rewrite(path: Path, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> Path:
    """Write a saved model again after ``change(tensors, description)``, as a stranger could who knows of digests."""
    with safe_open(path, framework="pt") as file:
        description = json.loads(file.metadata()["formation_mlp"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator)
    stated = description.pop("digest", None)
    change(tensors, description)
    if stated is not None:
        description["digest"] = digest_of({name: tensor.numpy() for name, tensor in tensors.items()}, description)
    save_file(tensors, path, metadata={"formation_mlp": json.dumps(description)})
    return path


@pytest.mark.parametrize("number", PREDICTIONS)
def test_a_model_of_every_format_still_loads_and_predicts_its_numbers(number: int) -> None:
    np.testing.assert_allclose(load(fixture_of(number)).predict(FORMULAS), PREDICTIONS[number], rtol=1e-5)


@pytest.mark.parametrize("number", [3, 4, 5])
def test_intervals_of_a_model_without_a_difficulty_stay_what_they_were(number: int) -> None:
    found = load(fixture_of(number)).predict_rows(FORMULAS, level=0.5)
    assert found.lo is not None
    assert found.hi is not None
    np.testing.assert_allclose(found.hi - found.lo, [1.8563987, 1.5981949, 2.4473925], rtol=1e-5)


def test_every_format_has_a_small_fixture_and_every_older_one_an_upgrade() -> None:
    assert set(PREDICTIONS) == set(range(1, checkpoint.FORMAT + 1)), "a new format needs a fixture of its own"
    assert set(UPGRADES) == set(range(1, checkpoint.FORMAT))
    assert all(fixture_of(number).stat().st_size < 30_000 for number in PREDICTIONS)


@pytest.mark.parametrize(("residual", "architecture"), [(True, "residual"), (False, "mlp")])
def test_a_model_of_format_1_has_one_member_whose_architecture_has_its_new_name(
    saved_long_ago: Path, residual: bool, architecture: str
) -> None:
    model = Checkpoint.load(rewrite(saved_long_ago, lambda _, d: d["config"]["model"].update(residual=residual)))
    (member,) = model.members
    assert (member.name, member.share) == ("network", 1.0)
    assert member.model == model.config["model"]
    assert member.model["architecture"] == architecture
    assert "residual" not in member.model
    assert {"body.0.weight", "head.bias"} <= set(member.weights)


def test_a_model_of_format_2_gives_no_intervals_and_knows_no_domain() -> None:
    predictor = load(fixture_of(2))
    assert (predictor.checkpoint.calibration, predictor.checkpoint.domain) == (None, None)
    assert not predictor.has_intervals
    found = predictor.predict_rows(["NaCl", "XeF2"])
    assert (found.lo, found.hi, found.domain) == (None, None, None)
    assert found.warnings == ["", "never seen in training: Xe"]
    with pytest.raises(
        CheckpointError, match=r"no intervals: the model file does not hold the errors.*older format.*train again"
    ):
        predictor.predict_rows(["NaCl"], level=0.5)


@pytest.mark.parametrize("number", [3, 4, 5])
def test_a_model_of_a_later_format_gives_the_intervals_and_the_domain_of_the_day_it_was_made(number: int) -> None:
    found = load(fixture_of(number)).predict_rows(FORMULAS, level=0.5)
    assert found.std is not None
    assert found.lo is not None
    assert found.hi is not None
    np.testing.assert_allclose(found.std, [0.1939157, 0.1458179, 0.3040049], rtol=1e-5)
    np.testing.assert_allclose(found.lo, [-3.5201019, -2.2375906, -2.1631376], rtol=1e-5)
    np.testing.assert_allclose(found.hi, [-1.6637031, -0.6393957, 0.2842550], rtol=1e-5)
    assert found.domain is not None
    assert found.domain.unseen == ["", "", "Br Cs"]
    assert found.domain.rare == ["Cl(1) Na(1)", "", ""]
    # 35.3 on that day, when a distance was a difference of squares, with the rounding of single precision
    np.testing.assert_allclose(found.domain.distance, [0, 35.6, 100], atol=0.2)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_training_state_of_an_older_format_is_read_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    with monkeypatch.context() as long_ago:
        long_ago.setattr(checkpoint, "FORMAT", number)
        save_tensors(tmp_path / "state", {"model.head.bias": torch.ones(1)}, {"kind": "training state", "rows": "abc"})
    tensors, plain = load_tensors(tmp_path / "state", "training state")
    assert list(tensors) == ["model.head.bias"]
    assert plain["rows"] == "abc"


def test_the_prediction_of_several_members_is_their_mean_by_shares() -> None:
    model = Checkpoint.load(fixture_of(2))
    assert [member.model["architecture"] for member in model.members] == ["set", "residual"]
    assert [member.share for member in model.members] == [0.25, 0.75]
    alone = [Predictor(replace(model, members=(replace(m, share=1.0),))).predict(FORMULAS) for m in model.members]
    assert np.abs(alone[0] - alone[1]).min() > 1e-3
    np.testing.assert_allclose(Predictor(model).predict(FORMULAS), 0.25 * alone[0] + 0.75 * alone[1], rtol=1e-12)


@pytest.mark.parametrize("members", ["one", "several"])
def test_a_round_trip_changes_nothing(finished_run: Path, tmp_path: Path, members: str) -> None:
    path = finished_run / "model.safetensors" if members == "one" else fixture_of(5)
    first = Checkpoint.load(path)
    assert (len(first.members) > 1) == (members == "several")
    first.save(tmp_path / "copy")
    second = Checkpoint.load(tmp_path / "copy")
    for field in fields(Checkpoint):
        if field.name not in ("members", "scaler", "calibration", "domain"):
            assert getattr(first, field.name) == getattr(second, field.name)
    assert first.scaler.names == second.scaler.names
    for name in ("kept", "median", "centre", "scale"):
        np.testing.assert_array_equal(getattr(first.scaler, name), getattr(second.scaler, name))
        assert getattr(first.scaler, name).dtype == getattr(second.scaler, name).dtype
    for part in ("calibration", "domain"):
        (arrays, plain), (again, plain_again) = getattr(first, part).dump(), getattr(second, part).dump()
        assert arrays.keys() == again.keys()
        assert plain == plain_again
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, again[name])
            assert array.dtype == again[name].dtype
    for one, two in zip(first.members, second.members, strict=True):
        assert (one.name, one.share, one.model) == (two.name, two.share, two.model)
        assert one.weights.keys() == two.weights.keys()
        assert all(torch.equal(one.weights[name], two.weights[name]) for name in one.weights)
    np.testing.assert_array_equal(Predictor(first).predict(FORMULAS), Predictor(second).predict(FORMULAS))
    assert path.read_bytes() == (tmp_path / "copy").read_bytes()


def test_a_model_holds_what_prediction_and_its_reader_need(finished_run: Path) -> None:
    model = Checkpoint.load(finished_run / "model.safetensors")
    assert model.target.unit == "eV/atom"
    assert model.target.source == "measured"
    assert model.scaler.names[:2] == ("0-norm", "2-norm")
    assert model.training_elements["O"] > 1
    assert set(model.scores) == {"val", "test"}
    assert {"torch", "numpy"} <= set(model.versions)
    assert model.config["model"]["hidden"] == [8]


def test_the_description_can_be_read_without_torch(saved: Path) -> None:
    with safe_open(saved, framework="np") as file:
        description = json.loads(file.metadata()["formation_mlp"])
    assert description["format"] == 5
    assert len(description["digest"]) == 64
    assert [member["name"] for member in description["members"]] == ["set", "residual"]
    assert description["kind"] == "model"


def test_saved_files_hold_no_code(finished_run: Path) -> None:
    for path in (finished_run / "model.safetensors", finished_run / "state.safetensors"):
        assert path.read_bytes()[8:9] == b"{"  # the JSON header of safetensors, behind its length
        assert not zipfile.is_zipfile(path)  # which is what torch.save writes
        with safe_open(path, framework="np") as file:
            assert list(file.keys())
    source = Path(formation_mlp.__file__).parent
    code = {str(path.relative_to(source)): path.read_text(encoding="utf-8") for path in source.rglob("*.py")}
    assert "saved_model/checkpoint.py" in code
    assert [name for name, text in code.items() if "torch.save" in text or "torch.load" in text] == []
    saving = ("runs", "saved_model", "system/files", "system/tensor_file", "system/outputs")
    assert [name for name in code if name.startswith(saving) and "pickle" in code[name]] == []


# what a stranger may have done to the file -> what the message says
DAMAGE = {
    "a missing weight": (
        lambda t, _: t.pop("members.1.head.bias"),
        "weights do not fit.*head.bias should be .1., found none",
    ),
    "an extra weight": (
        lambda t, _: t.update({"members.1.more": torch.zeros(1)}),
        "weights do not fit.*more has no place",
    ),
    "a foreign tensor": (lambda t, _: t.update(alien=torch.zeros(1)), "alien"),
    "a weight of no member": (lambda t, _: t.update({"members.2.head.bias": torch.zeros(1)}), "members.2.head.bias"),
    "another shape": (
        lambda t, _: t.update({"members.1.head.bias": torch.zeros(2)}),
        "weights do not fit.*head.bias should be .1., found .2.",
    ),
    "another network": (lambda _, d: d["members"][1]["model"].update(hidden=[4]), "weights do not fit"),
    "another architecture": (lambda _, d: d["members"][0]["model"].update(architecture="mlp"), "weights do not fit"),
    "an unknown key of the network": (
        lambda _, d: d["members"][0]["model"].update(depth=3),
        r"members.0.model.depth: there is no such field",
    ),
    "a wrong type": (
        lambda _, d: d["members"][1]["model"].update(hidden="four"),
        r"members.1.model.hidden: found 'four'",
    ),
    "no network": (lambda _, d: d["members"][1].pop("model"), "members.1.model: it is missing"),
    "no share": (lambda _, d: d["members"][1].pop("share"), "members.1.share: it is missing"),
    "no list of members": (lambda _, d: d.pop("members"), "members: it is missing"),
    "members that are text": (lambda _, d: d.update(members="two"), "members: found 'two'"),
    "no member at all": (lambda _, d: d.update(members=[]), "members"),
    "no task": (lambda _, d: d["config"].pop("task"), "config.task: it is missing"),
    "no type of the task": (lambda _, d: d["config"]["task"].pop("type"), "config.task.type: it is missing"),
    "no activation": (lambda _, d: d["members"][0]["model"].pop("activation"), "model.activation: it is missing"),
    "no data": (lambda _, d: d["config"].pop("data"), "config.data: it is missing"),
    "no presets": (lambda _, d: d["config"].update(features=[]), r"config.features: found \[\]"),
    "a configuration that is a list": (lambda _, d: d.update(config=[]), r"config: found \[\]"),
    "no scaler": (lambda t, _: t.pop("scaler.median"), "damaged.*median is missing"),
    "no feature names": (lambda _, d: d.pop("feature_names"), "feature_names: it is missing"),
    "no target": (lambda _, d: d.pop("target"), "target: it is missing"),
    "another target": (lambda _, d: d["target"].update(colour="red"), "target.colour: there is no such field"),
    "no training elements": (lambda _, d: d.pop("training_elements"), "training_elements: it is missing"),
    "no format": (lambda _, d: d.pop("format"), "format None, but .* reads formats up to 5"),
    "a newer format": (lambda _, d: d.update(format=6), "format 6, but .*Update the package"),
    "an older format that it is not": (lambda _, d: d.update(format=1), "lacks or misuses.*residual"),
    "an older, unknown format": (lambda _, d: d.update(format=0), "format 0, but"),
    "a format that is text": (lambda _, d: d.update(format="1"), "format '1', but"),
    "a format that is a list": (lambda _, d: d.update(format=[1]), r"format \[1\], but"),
    "no word on a calibration": (lambda _, d: d.pop("calibration"), "calibration: it is missing"),
    "no word on a domain": (lambda _, d: d.pop("domain"), "domain: it is missing"),
    "a calibration without scores": (lambda t, _: t.pop("calibration.scores"), "found n_elements in place of scores"),
    "scores that are not finite": (
        lambda t, _: t["calibration.scores"].fill_(torch.nan),
        "scores holds a number that is not finite",
    ),
    "scores of more rows": (
        lambda t, _: t.update({"calibration.scores": torch.ones(9)}),
        r"n_elements has the shape .*should be \[9\]",
    ),
    "a calibration of no width": (lambda _, d: d["calibration"].update(beta=0.0), "calibration.beta: found 0.0"),
    "scores nobody asked for": (
        lambda _, d: d.update(calibration=None),
        "calibration.n_elements, calibration.scores have no place",
    ),
    "a domain without points": (lambda t, _: t.pop("domain.points.grid"), "in place of grid"),
    "a domain of other dimensions": (
        lambda t, _: t.update({"domain.origin": torch.zeros(2)}),
        r"origin has the shape \[2\]",
    ),
    "a domain with something else": (lambda t, _: t.update({"domain.more": torch.zeros(2)}), "more than a domain has"),
    "densities without volumes": (lambda t, _: t.pop("domain.volumes"), "volumes and densities do not fit"),
    "another kind": (lambda _, d: d.update(kind="training state"), "not a model of formation_mlp"),
}


@pytest.fixture
def saved_with_difficulty(saved: Path) -> Path:
    """Return the same, with a calibration by 40 val rows."""
    generator = np.random.default_rng(0)
    std, distance, error = np.exp(generator.normal(-1, 1, (3, 40)))
    calibration = Calibration.learned(error, Hints(std, distance, generator.normal(-2, 1, 40)), np.full(40, 2))
    replace(Checkpoint.load(saved), calibration=calibration).save(saved)
    return saved


def test_a_difficulty_is_saved_with_the_model_and_makes_its_intervals(saved_with_difficulty: Path) -> None:
    model = load(saved_with_difficulty)
    calibration = model.checkpoint.calibration
    assert calibration is not None
    assert calibration.difficulty is not None
    table = featurize(read_materials(FORMULAS).materials, model.features)
    values, std = model.predict(FORMULAS, return_std=True)
    size = calibration.difficulty.size(Hints(std, model.position(table.X)[1], values))
    found = model.predict_rows(FORMULAS, level=0.9)
    assert found.lo is not None
    assert found.hi is not None
    assert found.expected_error is not None
    score = float(np.sort(calibration.scores)[36])  # the 37th of 40, for 0.9 of 41
    np.testing.assert_allclose(found.hi - found.lo, 2 * score * size, rtol=1e-5)
    np.testing.assert_allclose(found.expected_error, calibration.scores.mean() * size, rtol=1e-5)
    assert np.ptp(size) > 0


DIFFICULTY_DAMAGE = {
    "no distance": (lambda d: d["calibration"]["difficulty"].pop("distance"), "difficulty.distance: it is missing"),
    "a weight that is text": (
        lambda d: d["calibration"]["difficulty"]["std"].update(weight="x"),
        "calibration.difficulty.std.weight: found 'x'",
    ),
    "a range upside down": (
        lambda d: d["calibration"]["difficulty"]["prediction"].update(low=1.0, high=0.0),
        r"an input reaches from 1\.0 to 0\.0",
    ),
    "no spread of two members": (
        lambda d: d["calibration"]["difficulty"].update(std=None),
        "calibration.difficulty.std: .* found none and 2 members",
    ),
    "no domain": (lambda d: d.update(domain=None), "it takes distances, and the model has no domain"),
}


@pytest.mark.parametrize(("change", "message"), DIFFICULTY_DAMAGE.values(), ids=DIFFICULTY_DAMAGE)
def test_a_changed_difficulty_is_refused_with_the_reason(
    saved_with_difficulty: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    with pytest.raises(CheckpointError, match=f"(?s){message}"):
        load(rewrite(saved_with_difficulty, lambda _, description: change(description)))


@pytest.mark.parametrize(("change", "message"), DAMAGE.values(), ids=DAMAGE)
def test_a_changed_file_is_refused_with_the_reason(saved: Path, change: Callable[..., Any], message: str) -> None:
    with pytest.raises(CheckpointError, match=f"(?s){message}"):
        load(rewrite(saved, change))


OLD_DAMAGE = {
    "no network": (lambda _, d: d["config"].pop("model"), "lacks or misuses.*model"),
    "no word about residual blocks": (lambda _, d: d["config"]["model"].pop("residual"), "lacks or misuses.*residual"),
    "a configuration that is a list": (lambda _, d: d.update(config=[]), "lacks or misuses"),
    "another network": (lambda _, d: d["config"]["model"].update(hidden=[4]), "weights do not fit"),
    "a missing weight": (
        lambda t, _: t.pop("weights.head.bias"),
        "weights do not fit.*head.bias should be .1., found none",
    ),
    "a foreign tensor": (lambda t, _: t.update(alien=torch.zeros(1)), "alien"),
    "no scaler": (lambda t, _: t.pop("scaler.median"), "damaged.*median is missing"),
}


@pytest.mark.parametrize(("change", "message"), OLD_DAMAGE.values(), ids=OLD_DAMAGE)
def test_a_changed_file_of_an_older_format_is_refused_with_the_reason(
    saved_long_ago: Path, change: Callable[..., Any], message: str
) -> None:
    with pytest.raises(CheckpointError, match=f"(?s){message}"):
        load(rewrite(saved_long_ago, change))


def test_an_unchanged_file_is_not_refused(saved: Path) -> None:
    before = load(saved).predict(FORMULAS)
    after = load(rewrite(saved, lambda _tensors, _description: None)).predict(FORMULAS)
    assert np.array_equal(before, after)


FOREIGN = {
    "empty": b"",
    "text": b"formula,target\nNaCl,-2.1\n",
    "a zip": b"PK\x03\x04" + bytes(200),
    "a huge header": b"\xff" * 100,
    "zeros": bytes(100),
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"model.safetensors: damaged, or not a safetensors file"):
        load(path)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_refused(saved: Path, share: float) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(CheckpointError, match="damaged"):
        load(saved)


def test_a_safetensors_file_of_someone_else_is_refused(tmp_path: Path) -> None:
    for metadata in (None, {"formation_mlp": "[1]"}, {"format": "pt"}):
        save_file({"w": torch.zeros(1)}, tmp_path / "other", metadata=metadata)
        with pytest.raises(CheckpointError, match="a safetensors file, but not a model of formation_mlp"):
            load(tmp_path / "other")
    save_file({"w": torch.zeros(1)}, tmp_path / "other", metadata={"formation_mlp": "{half"})
    with pytest.raises(CheckpointError, match="damaged"):
        load(tmp_path / "other")


def test_a_missing_file_or_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"nowhere: no such run folder"):
        load(tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match=r"model.safetensors: no such file"):
        load(tmp_path)
    (tmp_path / "model.safetensors").mkdir()
    with pytest.raises(CheckpointError, match=r"model.safetensors"):
        load(tmp_path)


def test_older_formats_are_brought_up_to_date_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "FORMAT", 4)
    monkeypatch.delitem(UPGRADES, 4)
    new = {"new": np.zeros(1)}
    monkeypatch.setitem(UPGRADES, 2, lambda t, d: (t | new, {**d, "format": 3, "first": True}))
    monkeypatch.setitem(UPGRADES, 3, lambda t, d: (t, {**d, "format": 4, "second": d["first"]}))
    tensors, description = load_tensors(fixture_of(2), "model")
    assert (description["format"], description["second"]) == (4, True)
    assert "new" in tensors


def test_tensors_and_numbers_come_back_exactly(tmp_path: Path) -> None:
    tensors = {
        "float64": torch.tensor([1 / 3, -0.0, 1e-310], dtype=torch.float64),
        "float32": torch.rand(2, 3).t(),
        "scalar": torch.tensor(7, dtype=torch.int64),
        "bytes": torch.arange(5, dtype=torch.uint8),
        "empty": torch.zeros(0, 4),
    }
    numbers = {"kind": "test", "third": 1 / 3, "tiny": 5e-324, "text": "μ°", "nothing": None}
    save_tensors(tmp_path / "file", tensors, numbers)
    found, description = load_tensors(tmp_path / "file", "test")
    assert found.keys() == tensors.keys()
    for name, value in tensors.items():
        assert found[name].dtype == value.dtype
        assert torch.equal(found[name], value)
    assert {key: description[key] for key in numbers} == numbers


def test_a_nan_in_the_description_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        save_tensors(tmp_path / "file", {}, {"kind": "test", "value": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_model_and_nothing_else(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, model = saved.read_bytes(), Checkpoint.load(saved)

    def full_disk(_feature: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(FormationMLPError, match=r"model.safetensors: cannot be written \(No space left on device\)"):
        model.save(saved)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == ["model.safetensors"]


def test_an_interrupted_write_leaves_the_old_model_and_nothing_else(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, model = saved.read_bytes(), Checkpoint.load(saved)

    def interrupt(_feature: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        model.save(saved)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == ["model.safetensors"]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_model_of_a_format_without_a_digest_says_so_once(number: int, tmp_path: Path) -> None:
    predictor = load(fixture_of(number))
    (remark,) = predictor.remarks
    assert f"of format {number}, which has no digest" in remark
    predictor.checkpoint.save(tmp_path / "again")
    again = load(tmp_path / "again")
    assert again.remarks == ()
    assert len(again.checkpoint.digest) == 64
    np.testing.assert_array_equal(again.predict(FORMULAS), predictor.predict(FORMULAS))


def test_a_digest_depends_on_numbers_names_shapes_and_description() -> None:
    arrays, description = {"a": np.arange(6.0), "b": np.zeros(0)}, {"kind": "model", "format": 5}
    others: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({**arrays, "a": np.arange(1, 7.0)}, description),
        ({**arrays, "a": np.arange(6.0).reshape(2, 3)}, description),
        ({**arrays, "a": np.arange(6.0).astype(np.float32)}, description),
        ({"c": arrays["a"], "b": arrays["b"]}, description),
        ({"a": arrays["a"]}, description),
        (arrays, {**description, "format": 3}),
    ]
    found = {digest_of(*other) for other in [(arrays, description), *others]}
    assert len(found) == 1 + len(others)
    assert digest_of(dict(reversed(arrays.items())), description) in found


@pytest.mark.parametrize("digest", [None, "0" * 64, "", 7])
def test_a_wrong_digest_or_none_is_refused(saved: Path, digest: str | int | None) -> None:
    with safe_open(saved, framework="pt") as file:
        description = json.loads(file.metadata()["formation_mlp"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator)
    save_file(tensors, saved, metadata={"formation_mlp": json.dumps({**description, "digest": digest})})
    with pytest.raises(CheckpointError, match=r"damaged or changed since it was written.*digest"):
        load(saved)


def test_a_shipped_model_is_held_to_its_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = shipped_path("stability")
    assert shipped is not None
    content = bytearray(shipped.read_bytes())
    copied = tmp_path / "stability.safetensors"
    copied.write_bytes(content)
    assert load(copied).remarks == ()  # known by its SHA-256, though its format has no digest
    content[-1] ^= 1
    copied.write_bytes(content)
    assert load(copied).remarks != ()
    monkeypatch.setattr(checkpoint, "FOLDER", tmp_path)
    with pytest.raises(CheckpointError, match=r"stability.safetensors: damaged or changed.*its card says.*Install"):
        load(copied)


NESTED = "[" * 100_000 + "]" * 100_000
HEADERS = {
    "nested deep": b'{"__metadata__":' + NESTED.encode() + b"}",
    "a description nested deep": json.dumps({"__metadata__": {"formation_mlp": NESTED}}).encode(),
    "a description nested a little too deep": json.dumps(
        {"__metadata__": {"formation_mlp": '{"kind":"model","config":' + "[" * 60 + "]" * 60 + "}"}}
    ).encode(),
    "a key twice": b'{"__metadata__":{"formation_mlp":"{}"},"__metadata__":{"formation_mlp":"{}"}}',
    "a number that is none": json.dumps({"__metadata__": {"formation_mlp": '{"kind": NaN}'}}).encode(),
    "5,000 digits": json.dumps({"__metadata__": {"formation_mlp": '{"format": ' + "9" * 5000 + "}"}}).encode(),
    "an array beyond the end": b'{"w":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}}',
    "an array of a huge shape": b'{"w":{"dtype":"F32","shape":[281474976710655,0],"data_offsets":[0,0]}}',
    "a gap": b'{"w":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}}',
    "a list": b"[]",
    "an unknown type": b'{"w":{"dtype":"F4","shape":[0],"data_offsets":[0,0]}}',
    "a type that is a list": b'{"w":{"dtype":[],"shape":[0],"data_offsets":[0,0]}}',
    "a negative length": b'{"w":{"dtype":"U8","shape":[-1],"data_offsets":[0,0]}}',
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_hostile_header_is_refused(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(CheckpointError, match=r"model.safetensors: (damaged|a safetensors file, but not)"):
        load(path)


def test_a_pipe_in_the_place_of_a_model_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match="it is no regular file"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"share": 0.5}, "the shares add up to 1.25 in place of 1"),
        ({"share": -0.25}, "share: found -0.25"),
        ({"share": 0}, "share: found 0"),
    ],
)
def test_shares_that_do_not_add_up_are_refused(
    saved: Path, change: dict[str, float] | dict[str, int], message: str
) -> None:
    with pytest.raises(CheckpointError, match=message):
        load(rewrite(saved, lambda _, d: d["members"][0].update(change)))


@pytest.mark.parametrize(("value", "reason"), [(1e4, "no material lies beyond 20 eV/atom"), (np.inf, "not finite")])
def test_an_energy_that_no_material_has_is_an_error_of_its_row(value: float, reason: str) -> None:
    model = Checkpoint.load(fixture_of(4), "numpy")
    weights = dict(model.members[1].weights)
    weights["head.bias"] = np.full(1, value, np.float32)
    predictor = Predictor(replace(model, members=(model.members[0], replace(model.members[1], weights=weights))))
    found = predictor.predict_rows(FORMULAS, level=0.5)
    assert all(reason in error for error in found.errors)
    for numbers in (found.values, found.std, found.lo, found.hi):
        assert numbers is not None
        assert np.isnan(numbers).all()
    with pytest.raises(FormationMLPError, match=reason):
        predictor.predict(FORMULAS)
