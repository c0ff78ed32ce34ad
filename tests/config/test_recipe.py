"""The recipe of those who name none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from formation_mlp.config import recipe
from formation_mlp.config.loading import check_config, load_config


def loaded(folder: Path, raw: dict[str, Any], *overrides: str) -> Any:
    path = folder / "job.yaml"
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    return load_config(path, overrides)


def test_a_file_that_names_no_network_gets_the_recipe(tmp_path: Path) -> None:
    config = loaded(tmp_path, {"data": {"path": "bundled"}}, "training.max_epochs=3")
    raw = {"data": {"path": "bundled"}, "output": "runs/job", **recipe.sections(100, needs_structures=False)}
    raw["training"] = {**raw["training"], "max_epochs": 3}
    assert config == check_config(raw, "expected")
    assert config.ensemble.members["network"].seeds == recipe.N_MEMBERS


@pytest.mark.parametrize("section", [{"model": {"hidden": [8]}}, {"training": {"max_epochs": 2}}, {"ensemble": {}}])
def test_a_file_that_names_one_section_is_taken_by_its_word(tmp_path: Path, section: dict[str, Any]) -> None:
    raw = {"data": {"path": "bundled"}, **section}
    assert loaded(tmp_path, raw) == check_config({**raw, "output": "runs/job"}, "expected")


def test_own_features_stay_and_a_search_trains_single_networks(tmp_path: Path) -> None:
    config = loaded(tmp_path, {"data": {"path": "bundled"}, "features": ["magpie"], "tune": {}})
    assert (config.features, config.ensemble, config.model.architecture) == (
        ["magpie"],
        None,
        recipe.MODEL["architecture"],
    )


def test_one_network_may_be_asked_for(tmp_path: Path) -> None:
    assert loaded(tmp_path, {"data": {"path": "bundled"}}, "ensemble=null").ensemble is None


@pytest.mark.parametrize("needs_structures", [False, True])
@pytest.mark.parametrize("n_rows", [20, 19_999, 20_000, 200_000])
def test_every_table_has_a_recipe(n_rows: int, needs_structures: bool) -> None:
    config = check_config(
        {"data": {"path": "t.csv"}, **recipe.sections(n_rows, needs_structures=needs_structures)}, "recipe"
    )
    assert ("ward2017" in config.features) is needs_structures
    assert config.training.batch_size == (512 if n_rows >= recipe.MANY else 64)


def test_a_classifier_takes_the_recipe_too(tmp_path: Path) -> None:
    config = loaded(tmp_path, {"data": {"path": "bundled"}, "task": {"type": "classification", "boundary": -1.0}})
    assert config.training.loss is None


def test_train_shows_the_forest_unless_told_not_to(
    tiny_config: Callable[..., Path], command: Callable[..., Any]
) -> None:
    forest = {"baselines": ["mean", {"random_forest": {"n_estimators": 5, "tuned": True, "label": "forest"}}]}
    job = tiny_config(benchmark=forest)
    shown = command("train", job, "-q").succeeded()
    assert [line.split()[0] for line in shown.splitlines()[2:]] == ["mean", "random_forest", "mlp"]
    report = yaml.safe_load(Path("run/report.json").read_text(encoding="utf-8"))
    assert report["baselines"]["random_forest"]["options"] == {"n_estimators": 5}
    assert f"{report['baselines']['random_forest']['scores']['test']['MAE']:.4f}" in shown
    hidden = command("train", job, "-q", "--no-baselines", "--overwrite").succeeded()
    assert [line.split()[0] for line in hidden.splitlines()[2:]] == ["mean", "mlp"]
    assert "random_forest" not in command("train", tiny_config(), "-q", "--overwrite").succeeded()


def test_the_estimator_has_the_same_recipe() -> None:
    from formation_mlp import FormationEnergyRegressor

    parameters = FormationEnergyRegressor().get_params()
    wanted = {**recipe.MODEL, **recipe.TRAINING, "features": recipe.COMPOSITION_FEATURES, "n_members": recipe.N_MEMBERS}
    found = {**parameters, "hidden": list(parameters["hidden"])}
    assert {name: found[name] for name in wanted} == wanted
