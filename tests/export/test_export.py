"""The verb export: what it writes answers as the model does, and what it cannot write it refuses by name."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from formation_mlp import load
from formation_mlp.errors import CheckpointError, DataError
from formation_mlp.export import agreement
from formation_mlp.export.inputs import graph_inputs
from formation_mlp.export.whole_model import onnx_model
from formation_mlp.models.boosted_trees import BoostedTrees
from formation_mlp.saved_model.checkpoint import Checkpoint
from formation_mlp.saved_model.members import Member, NetworkMember, TreesMember
from formation_mlp.saved_model.named import NamedModel, named_model
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.targets.scaler import TargetScaler
from formation_mlp.trust.own_rows import OwnRows
from support.commands import Outcome
from support.structures import ROCK_SALTS, rock_salt

Command = Callable[..., Outcome]

FORMULAS = ["NaCl", "Fe2O3", "Li7La3Zr2O12", "PuXe2", "Au", "HfNbTaTiZr", "Ca(OH)2"]


def answers(proto: Any, predictor: Predictor, items: Sequence[object]) -> dict[str, np.ndarray]:
    """Return all outputs of ONNX Runtime by name."""
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, graph_inputs(predictor, items)), strict=True))


def described(proto: Any) -> dict[str, str]:
    return {entry.key: entry.value for entry in proto.metadata_props}


@pytest.mark.parametrize(
    ("name", "items"),
    [
        ("composition", FORMULAS),
        ("stability", FORMULAS),
        ("structure", [rock_salt(*cell) for cell, _ in ROCK_SALTS.values()]),
    ],
)
def test_every_shipped_model_answers_as_it_does_here(name: str, items: list[object]) -> None:
    named = named_model(name, "composition")
    predictor = named.predictor
    found = answers(onnx_model(named), predictor, items)
    members = predictor.checkpoint.members
    assert found["members"].shape == (len(items), len(members), max(1, len(predictor.scales)))
    for k, scale in enumerate(predictor.scales or (None,)):
        values, std = predictor.predict(items, scale=scale, return_std=True)
        is_element = np.array([item == "Au" for item in items])  # 0 by definition, which the graph does not know
        values, std = (np.where(is_element, found[name][:, k], x) for name, x in (("prediction", values), ("std", std)))
        np.testing.assert_allclose(found["prediction"][:, k], values, atol=1e-5)
        np.testing.assert_allclose(found["std"][:, k], std, atol=1e-5)
    shares = [member.share for member in members]
    np.testing.assert_allclose(np.tensordot(shares, found["members"], (0, 1)), found["prediction"], atol=1e-12)


def test_a_material_has_the_same_answer_beside_any_others() -> None:
    named = named_model("composition", "composition")
    proto = onnx_model(named)
    together = answers(proto, named.predictor, FORMULAS)["prediction"]
    alone = [answers(proto, named.predictor, [formula])["prediction"][0] for formula in FORMULAS]
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_the_verb_writes_a_file_that_says_what_it_is(command: Command, finished_run: Path, workplace: Path) -> None:
    said = command("export", finished_run).succeeded()
    path = workplace / f"{finished_run.name}.onnx"
    assert said.startswith(f"{path.name}: ")
    assert "formation_mlp differ by at most" in said
    proto = onnx.load(path)
    predictor = load(finished_run)
    texts = described(proto)
    assert json.loads(texts["feature_names"]) == list(predictor.checkpoint.scaler.names)
    assert json.loads(texts["features"]) == predictor.features
    assert json.loads(texts["scales"]) == list(predictor.scales)
    assert texts["unit"] == "eV/atom"
    assert str(finished_run) in texts["prediction"]
    assert [value.name for value in proto.graph.input] == ["features"]
    assert [value.name for value in proto.graph.output] == ["prediction"]
    formulas = ["NaCl", "MgO", "Fe2O3"]
    found = answers(proto, predictor, formulas)["prediction"]
    np.testing.assert_allclose(found[:, 0], predictor.predict(formulas), atol=1e-5)
    assert [path.name for path in workplace.iterdir()] == [path.name]


def test_a_shipped_model_carries_its_licence_scales_and_elements() -> None:
    texts = described(onnx_model(named_model("composition", "composition")))
    assert texts["licence"]
    assert texts["attribution"]
    assert json.loads(texts["scales"])[0] == "mp2020"
    assert json.loads(texts["not_for"])
    assert sum(json.loads(texts["members"]).values()) == pytest.approx(1)
    assert len(json.loads(texts["training_elements"])) == 88


def test_missing_features_are_filled_in_the_graph(finished_run: Path) -> None:
    named = named_model(str(finished_run), "composition")
    predictor, scaler = named.predictor, named.predictor.checkpoint.scaler
    session = onnxruntime.InferenceSession(onnx_model(named).SerializeToString(), providers=["CPUExecutionProvider"])
    X = np.full((1, len(scaler.names)), np.nan)
    filled = X.copy()
    filled[:, scaler.kept] = scaler.median
    (missing,), (given,) = (session.run(["prediction"], {"features": rows}) for rows in (X, filled))
    assert missing == given
    np.testing.assert_allclose(missing[0], predictor.on_all_scales(X, None)[0], atol=1e-5)


def of_classes(checkpoint: Checkpoint) -> Checkpoint:
    task = checkpoint.config["task"] | {"type": "classification", "boundary": -1.0}
    return replace(checkpoint, config=checkpoint.config | {"task": task}, target_scaler=TargetScaler())


def with_auxiliary(checkpoint: Checkpoint) -> Checkpoint:
    (member,) = checkpoint.members
    weights = {name: np.asarray(value) for name, value in member.weights.items()}
    head = {f"head.{key}": np.repeat(weights[f"head.{key}"], 2, axis=0) for key in ("weight", "bias")}
    head["head.bias"][1] += 100
    task = checkpoint.config["task"] | {"auxiliary": {"gap": 0.5}}
    return replace(
        checkpoint,
        config=checkpoint.config | {"task": task},
        members=(replace(member, weights=weights | head),),
    )


def with_own_rows(checkpoint: Checkpoint) -> Checkpoint:
    scores, repeats = np.linspace(0.1, 1, 10, dtype=np.float32), np.ones(10, np.uint32)
    return replace(checkpoint, own=OwnRows("own.csv", "runs/a", "", 0.25, 1.0, (), scores, repeats))


@pytest.mark.parametrize("change", [of_classes, with_auxiliary, with_own_rows])
def test_every_kind_of_answer_is_that_of_the_model(
    change: Callable[[Checkpoint], Checkpoint], finished_run: Path
) -> None:
    before = load(finished_run)
    predictor = Predictor(change(before.checkpoint))
    named = NamedModel("changed", finished_run / "model.safetensors", predictor)
    formulas = ["NaCl", "MgO", "Fe2O3"]
    expected = predictor.predict(formulas)
    assert change is with_auxiliary or abs(expected - before.predict(formulas)).min() > 0.01
    found = answers(onnx_model(named), predictor, formulas)["prediction"]
    assert found.shape == (3, 1)
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-5)


def beside(checkpoint: Checkpoint, other: Member) -> Checkpoint:
    (member,) = checkpoint.members
    return replace(checkpoint, members=(replace(member, share=0.5), other))


def test_members_that_are_no_network_are_refused_by_name(command: Command, finished_run: Path, workplace: Path) -> None:
    checkpoint = load(finished_run).checkpoint
    X = np.random.default_rng(0).normal(size=(60, len(checkpoint.scaler.kept)))
    trees = BoostedTrees.fit(
        X, X[:, 0], X, X[:, 0], classify=False, options={"num_iterations": 2, "verbose": -1}, seed=0, threads=1
    )
    other = replace(TreesMember.of("forest-0", {}, trees), share=0.5)
    beside(checkpoint, other).save(workplace / "mixed.safetensors")
    refusal = command("export", "mixed.safetensors").refused()
    assert "'forest-0' of mixed.safetensors is no network (boosted trees)" in refusal
    assert not (workplace / "mixed.onnx").exists()


def test_a_network_of_the_users_own_is_refused_by_name(finished_run: Path) -> None:
    named = named_model(str(finished_run), "composition")
    (member,) = named.predictor.checkpoint.members
    own = NetworkMember("mine", 1.0, member.model | {"architecture": "my_module:MyNet"}, member.weights)
    named.predictor.checkpoint = replace(named.predictor.checkpoint, members=(own,))
    with pytest.raises(CheckpointError, match=r"'mine' .* has the architecture 'my_module:MyNet'"):
        onnx_model(named)


def test_a_file_that_answers_otherwise_is_not_written(
    command: Command, finished_run: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Predictor, "on_all_scales", lambda self, X, _: np.zeros((len(X), 1)))
    assert "differ by" in command("export", finished_run, "--out", "a.onnx").refused()
    assert list(workplace.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["composition", "--to", "tflite"], "unknown format 'tflite'"),
        (["composition", "--out", "a.pt"], "does not end in .onnx"),
        (["compositoin"], "Did you mean 'composition'?"),
        (["runs/none"], "no such run folder"),
        ([""], "the name of a file or folder is expected"),
        (["composition", "--out", "taken.onnx"], "taken.onnx"),
    ],
)
def test_what_cannot_be_exported_is_refused(words: list[str], reason: str, command: Command, workplace: Path) -> None:
    (workplace / "taken.onnx").write_text("a file of the user", encoding="utf-8")
    assert reason in command("export", *words).refused()
    assert [path.name for path in workplace.iterdir()] == ["taken.onnx"]
    assert (workplace / "taken.onnx").read_text(encoding="utf-8") == "a file of the user"


def test_a_file_is_replaced_where_that_is_asked_for(command: Command, finished_run: Path, workplace: Path) -> None:
    (workplace / "a.onnx").write_text("an older export", encoding="utf-8")
    command("export", finished_run, "--out", "a.onnx", "--overwrite").succeeded()
    assert onnx.load(workplace / "a.onnx").producer_name == "formation_mlp"


@pytest.mark.parametrize("missing", ["onnx", "onnxruntime"])
def test_a_missing_package_is_named_with_what_installs_it(
    missing: str, command: Command, finished_run: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == missing]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, missing, None)
    refusal = command("export", finished_run).refused()
    assert f"need {missing}. Install it with: pip install 'formation-mlp[onnx]'" in refusal
    assert list(workplace.iterdir()) == []


def test_inputs_name_every_material_that_has_none() -> None:
    with pytest.raises(DataError, match=r"no inputs for 2 of 3 materials: 'Xx': .*; 'NACL': .*"):
        graph_inputs(load("composition"), ["NaCl", "Xx", "NACL"])


def test_the_random_rows_of_the_comparison_hold_gaps_and_all_lengths() -> None:
    X, compositions = agreement._random_rows(load("composition"))
    assert np.isnan(X).any()
    assert set(compositions.n_elements.tolist()) == set(range(1, agreement.MOST_ELEMENTS + 1))
