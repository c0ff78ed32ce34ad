"""Whatever text a configuration holds: it is read as it was written, or refused in words with the line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from formation_mlp.config.loading import check_config, load_config, preset_list
from formation_mlp.config.yaml_text import parse_yaml
from formation_mlp.errors import ConfigError
from support.refusals import result_or_refusal

pytestmark = pytest.mark.slow

bounded = settings(
    derandomize=True,
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SIGNS = st.text(alphabet="ab01:-{}[]&*!|>%@`\"'#,?~. \n\t\0<_éx", max_size=40)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcxyz019", max_size=4), inner, max_size=3),
    max_leaves=10,
)
VALUES = PLAIN | st.sampled_from([10**25, -1, 1e400, "", "~", "\0", "\ud800", "x" * 300, [[]], {}, {"a": None}])
KEYS = st.sampled_from(
    [
        *("data", "task", "features", "split", "model", "training", "ensemble", "tune", "benchmark", "seed", "output"),
        *("data.path", "data.encoding", "data.formula", "task.labels", "task.auxiliary", "split.method", "split.val"),
        *("split.element", "model.hidden", "model.set_width", "training.max_epochs", "training.start_from"),
        *("tune.parameters", "ensemble.members", "ensemble.folds", "benchmark.baselines", "benchmark.networks"),
    ]
)


@bounded
@given(st.binary(max_size=200))
@example(b"\xff\xfea\x00")
@example(b"\xef\xbb\xbf")
def test_any_bytes_are_a_configuration_or_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "job.yaml"
    path.write_bytes(content)
    config, refusal = result_or_refusal(load_config, path)
    if config is None:
        assert refusal.startswith(f"{path}: ")
        assert len(refusal) < 5000
    else:
        assert check_config(config.model_dump(), "again") == config


@bounded
@given(SIGNS)
@example("a: 2024-13-45")
@example("!!int x")
@example("a: !!bool ''")
@example("? - a\n: 1")
@example("&a *a")
def test_any_text_is_read_or_refused(text: str) -> None:
    value, refusal = result_or_refusal(parse_yaml, text, "job.yaml:")
    if refusal:
        assert value is None
        assert refusal.startswith("job.yaml: cannot be read as YAML: ")
        assert len(refusal) < 1000
    else:
        assert repr(value) == repr(parse_yaml(text, "job.yaml:"))  # `repr`, since a NaN is not equal to itself


@bounded
@given(SIGNS)
@example("magpie,{matminer: BandCenter}")
@example("")
@example("3")
def test_any_list_of_presets_is_read_or_refused(text: str) -> None:
    presets, refusal = result_or_refusal(preset_list, text, "--features")
    if presets is None:
        assert refusal.startswith("--features ")
        assert len(refusal) < 1000
    else:
        assert presets
        assert all(isinstance(preset, str | dict) for preset in presets)


@bounded
@given(PLAIN)
def test_what_was_written_comes_back(value: Any) -> None:
    assert parse_yaml(yaml.safe_dump(value, allow_unicode=True), "job.yaml:") == value


@bounded
@given(KEYS, VALUES)
def test_any_value_of_any_key_is_taken_or_refused(key: str, value: Any) -> None:
    raw: dict[str, Any] = {"data": {"path": "table.csv"}}
    node = raw
    *steps, last = key.split(".")
    for step in steps:
        node = node.setdefault(step, {})
    node[last] = value
    config, refusal = result_or_refusal(check_config, raw, "job.yaml")
    if config is None:
        assert refusal.startswith("job.yaml: ")
        assert len(refusal) < 5000
    else:
        assert check_config(config.model_dump(), "again") == config


@bounded
@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6))
def test_a_key_that_stands_twice_is_found(keys: list[str]) -> None:
    text = "".join(f"{key}: 1\n" for key in keys)
    if len(set(keys)) == len(keys):
        assert parse_yaml(text, "") == dict.fromkeys(keys, 1)
    else:
        with pytest.raises(ConfigError, match="stands twice"):
            parse_yaml(text, "")
