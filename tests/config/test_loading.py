"""The configuration: what is read, what is refused, and in which words."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from formation_mlp.config.loading import check_config, load_config, merged
from formation_mlp.config.names import NAMES
from formation_mlp.config.schema import Config, named_options
from formation_mlp.errors import ConfigError
from support.configs import TINY, changed
from support.paths import ROOT


def refusal(**changes: Any) -> str:
    """Return the message for the tiny configuration with wrong keys."""
    with pytest.raises(ConfigError) as error:
        check_config(changed(TINY, changes), "job.yaml")
    return str(error.value)


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_configuration_of_the_repository_is_valid(path: Path) -> None:
    config = load_config(path, ())
    assert config.output == f"runs/{path.stem}"


def sections(section: type[BaseModel] = Config) -> list[type[BaseModel]]:
    """Return a section and all below it, those inside of `X | None` and `dict[str, X]` too."""
    annotations = [field.annotation for field in section.model_fields.values()]
    kinds = [kind for annotation in annotations for kind in (annotation, *get_args(annotation))]
    below = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return [section, *(deeper for kind in below for deeper in sections(kind))]


def test_all_sections_are_found() -> None:
    assert {"Config", "EnsembleConfig", "MemberConfig", "NetworkVariant"} <= {
        section.__name__ for section in sections()
    }


@pytest.mark.parametrize("section", sections(), ids=lambda section: section.__name__)
def test_every_key_is_explained(section: type[BaseModel]) -> None:
    body = ast.parse(dedent(inspect.getsource(section))).body[0].body  # type: ignore[attr-defined]
    explained = {
        key.target.id
        for key, text in pairwise(body)
        if isinstance(key, ast.AnnAssign)
        and isinstance(key.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    }
    assert explained == {*section.__annotations__} != set()


def place_of(key: str, value: Any) -> Any:
    for step in reversed(key.split(".")):
        value = {step: value}
    return value


@pytest.mark.parametrize("key", NAMES)
def test_every_name_of_every_table_is_accepted_and_no_other(key: str) -> None:
    in_list = key in ("features", "benchmark.baselines", "training.loggers")
    for name in NAMES[key]:
        check_config(changed(TINY, place_of(key, [name] if in_list else name)), "")
    message = refusal(**place_of(key, ["no_such_part"] if in_list else "no_such_part"))
    assert f"{key}: unknown" in message
    assert all(name in message for name in NAMES[key])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sed": 3}, "sed: unknown key 'sed'. Choose one of: benchmark, data, ensemble, features, model, output, seed"),
        ({"sed": 3}, "Did you mean 'seed'?"),
        (
            {"model": {"hiden": [8]}},
            "model.hiden: unknown key 'hiden'. Choose one of: activation, architecture, dropout, hidden",
        ),
        ({"model": {"hiden": [8]}}, "Did you mean 'hidden'?"),
        (
            {"ensemble": {"members": {"wide": {"seed": 3}}}},
            "ensemble.members.wide.seed: unknown key 'seed'. Choose one of: boosted_trees, hull, model, seeds",
        ),
        ({"ensemble": {"wights": "equal"}}, "ensemble.wights: unknown key 'wights'. Choose one of: folds, members, we"),
        ({"ensemble": {"weights": "fair"}}, "ensemble.weights: unknown weight 'fair'. Choose one of: equal, greedy."),
        ({"model": {"architecture": "resnet"}}, "unknown architecture 'resnet'. Choose one of: mlp, residual, set."),
        ({"training": {"precision": "half"}}, "training.precision: unknown precision 'half'. Choose one of: auto, bf"),
        ({"benchmark": {"networks": {"wide": {"modl": {}}}}}, "benchmark.networks.wide.modl: unknown key 'modl'"),
        ({"model": {"activation": "rellu"}}, "model.activation: unknown activation 'rellu'. Choose one of: elu, gelu"),
        ({"model": {"activation": "rellu"}}, "Did you mean 'relu'?"),
        ({"features": ["magpi"]}, "features: unknown preset 'magpi'. Choose one of: "),
        ({"data": {"unit": "kj/mol"}}, "data.unit: unknown unit 'kj/mol'"),
        ({"data": {"unit": "kj/mol"}}, "Did you mean 'kJ/mol'?"),
    ],
)
def test_unknown_keys_and_names_are_answered_with_the_known_ones(changes: dict[str, Any], message: str) -> None:
    assert message in refusal(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": {"hidden": "256"}}, "model.hidden: found '256', but it should be a list."),
        ({"model": {"hidden": [8, 4.5]}}, "model.hidden.1: found 4.5, but it should be an integer."),
        ({"model": {"hidden": [0]}}, "model.hidden.0: found 0, but it should be greater than or equal to 1."),
        ({"model": {"architecture": True}}, "model.architecture: found True, but it should be a string."),
        ({"model": {"dropout": 1.0}}, "model.dropout: found 1.0, but it should be less than 1."),
        ({"training": {"max_epochs": "many"}}, "training.max_epochs: found 'many', but it should be an integer."),
        ({"training": {"learning_rate": -1}}, "training.learning_rate: found -1, but it should be greater than 0."),
        ({"training": {"learning_rate": float("nan")}}, "training.learning_rate: found nan, but it should be"),
        ({"training": {"weight_decay": float("inf")}}, "training.weight_decay: found inf, but it should be a finite"),
        ({"training": {"average": 1.0}}, "training.average: found 1.0, but it should be less than 1."),
        ({"training": {"quantile": 0.0}}, "training.quantile: found 0.0, but it should be greater than 0."),
        ({"training": {"start_from": 3}}, "training.start_from: found 3, but it should be a string."),
        ({"task": {"auxiliary": {"gap": 0.0}}}, "task.auxiliary.gap: found 0.0, but it should be greater than 0."),
        ({"task": {"auxiliary": ["gap"]}}, "task.auxiliary: found ['gap'], but it should be a dictionary."),
        ({"model": {"set_width": 0}}, "model.set_width: found 0, but it should be greater than or equal to 1."),
        ({"ensemble": {"folds": 1}}, "ensemble.folds: found 1, but it should be greater than or equal to 2."),
        ({"ensemble": {"members": {}}}, "ensemble.members: found {}, but Dictionary should have at least 1 item"),
        ({"ensemble": {"members": {"a": {"seeds": 0}}}}, "ensemble.members.a.seeds: found 0, but it should be greater"),
        ({"ensemble": {"members": {"a": 3}}}, "ensemble.members.a: found 3, but it should be a section of keys and"),
        ({"ensemble": [1]}, "ensemble: found [1], but it should be a section of keys and values."),
        ({"data": {"path": 5}}, "data.path: found 5, but it should be a string."),
        ({"data": [1]}, "data: found [1], but it should be a section of keys and values."),
        ({"features": []}, "features: found [], but List should have at least 1 item"),
        ({"features": [3]}, "features.0: found 3, but it should be a name, or '{name: {option: value}}'."),
        ({"seed": True}, "seed: found True, but it should be an integer."),
        ({"task": {"labels": [False, True]}}, "task.labels.0: found False, but it should be a string."),
    ],
)
def test_wrong_types_and_values_name_place_value_and_what_is_allowed(changes: dict[str, Any], message: str) -> None:
    assert message in refusal(**changes)


def test_all_problems_come_in_one_message() -> None:
    message = refusal(
        model={"hiden": [8], "activation": "rellu"}, training={"max_epochs": "many"}, features=["magpi", 3], sed=1
    )
    head, *problems = message.splitlines()
    assert head == "job.yaml: 6 problems in the configuration"
    places = [problem.split(":")[0].strip() for problem in problems]
    assert sorted(places) == ["features", "features.1", "model.activation", "model.hiden", "sed", "training.max_epochs"]


def test_the_rows_must_be_named() -> None:
    with pytest.raises(ConfigError, match=r"1 problem in the configuration\n  data: missing. It must be given."):
        check_config({}, "job.yaml")


@pytest.mark.parametrize("text", ["1e-3", "1E-3", "1.e-3", ".1e-2", "0.001", "+1e-3", "10e-4"])
def test_numbers_may_be_written_as_people_write_them(tiny_config: Callable[..., Path], text: str) -> None:
    config = load_config(tiny_config(), [f"training.learning_rate={text}"])
    assert config.training.learning_rate == pytest.approx(1e-3)


def test_values_on_the_command_line_go_before_those_of_the_file(tiny_config: Callable[..., Path]) -> None:
    overrides = [
        "model.hidden=[4, 4]",
        "data.source=PBE = GGA",
        "training.patience=3",
        "training.patience=null",
        "seed=7",
    ]
    config = load_config(tiny_config(seed=1), [*overrides, "seed=7"])
    assert config.model.hidden == [4, 4]
    assert config.data.source == "PBE = GGA"
    assert config.training.patience is None
    assert config.seed == 7
    assert config.training.max_epochs == TINY["training"]["max_epochs"]


@pytest.mark.parametrize("key", ["seed", "model", "output"])
def test_a_key_without_a_value_has_its_default_in_the_file_and_by_override(
    tiny_config: Callable[..., Path], key: str
) -> None:
    in_file = load_config(tiny_config(**{key: None}), ())
    assert load_config(tiny_config(), [f"{key}=~"]) == in_file


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model.hidden", "write section.key=value"),
        ("=3", "write section.key=value"),
        ("model.=3", "write section.key=value"),
        ("model.hidden.width=3", "'hidden' is a value, not a section"),
        ("model.hidden=[4", "the value cannot be read as YAML"),
        ("model.hiden=[4]", "model.hiden: unknown key 'hiden'"),
        ("modl.hidden=[4]", "modl: unknown key 'modl'"),
    ],
)
def test_a_wrong_override_is_refused(tiny_config: Callable[..., Path], override: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(tiny_config(), [override])
    assert message in str(error.value)


def test_a_section_without_keys_has_its_defaults(workplace: Path) -> None:
    path = workplace / "job.yaml"
    path.write_text("data: {path: bundled}\nmodel:\n# hidden: [8]\noutput:\n")
    config = load_config(path, ["model.activation=gelu"])
    assert config.model.hidden == [256, 256]
    assert config.model.activation == "gelu"
    assert config.output == "runs/job"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_is_no_part_of_the_configuration(workplace: Path, encoding: str) -> None:
    path = workplace / "job.yaml"
    path.write_text("data: {path: bundled, source: Messung für µ}\r\n", encoding=encoding)
    assert load_config(path, ()).data.source == "Messung für µ"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"data: [", "cannot be read as YAML"),
        ("data: {path: µ}".encode("latin-1"), "cannot be read as YAML"),
        (b"\x00", "cannot be read as YAML"),
        (b"", "expected sections such as 'data:' and 'model:', found an empty file"),
        (b"- data", "expected sections such as 'data:' and 'model:', found list"),
        (b"data: !!python/object/apply:os.getcwd []", "cannot be read as YAML"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused(workplace: Path, content: bytes, message: str) -> None:
    path = workplace / "job.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as error:
        load_config(path, ())
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)


def test_a_missing_file_is_answered_with_the_nearest_name(tiny_config: Callable[..., Path], workplace: Path) -> None:
    tiny_config()
    with pytest.raises(ConfigError, match=r"jbo\.yaml: no such configuration file\. Did you mean 'job\.yaml'\?"):
        load_config(workplace / "jbo.yaml")


def test_the_resolved_configuration_is_read_back_as_it_was() -> None:
    training = {"learning_rate": 1e-5, "weight_decay": 0.1 + 0.2, "average": 0.99}
    ensemble = {"members": {"set": {"model": {"architecture": "set"}}, "trees": {"boosted_trees": {}}}, "folds": 3}
    changes = {"training": training, "ensemble": ensemble, "task": {"auxiliary": {"gap": 0.1}}}
    config = check_config(changed(TINY, changes), "")
    written = yaml.safe_dump(config.model_dump(), sort_keys=False)
    assert check_config(yaml.safe_load(written), "") == config


def test_an_ensemble_without_keys_is_one_network() -> None:
    config = check_config(changed(TINY, {"ensemble": {}}), "")
    assert config.ensemble is not None
    assert list(config.ensemble.members) == ["network"]
    assert config.ensemble.members["network"].seeds == 1
    assert check_config(TINY, "").ensemble is None


def test_a_changed_copy_keeps_all_other_keys() -> None:
    config = check_config(TINY, "")
    copy = check_config(merged(config, {"model": {"dropout": 0.5}}, output="elsewhere"), "")
    assert copy.model.dropout == 0.5
    assert copy.output == "elsewhere"
    assert copy.model_copy(update={"model": config.model, "output": config.output}) == config


@pytest.mark.parametrize(
    ("part", "name", "options"),
    [
        ("ridge", "ridge", {}),
        ({"ridge": None}, "ridge", {}),
        ({"ridge": {"alpha": 2.0, "tuned": False}}, "ridge", {"alpha": 2.0, "tuned": False}),
    ],
)
def test_a_part_is_a_name_or_a_name_with_options(part: Any, name: str, options: dict[str, Any]) -> None:
    assert named_options(part, "here") == (name, options)


@pytest.mark.parametrize("part", [{"ridge": {}, "mean": {}}, {}, {"ridge": 3}])
def test_a_part_of_another_form_is_refused(part: Any) -> None:
    with pytest.raises(ConfigError, match=r"^benchmark\.baselines.*Write"):
        named_options(part, "benchmark.baselines")
