"""YAML as people write it: what has one meaning is read, what has two or none is refused with its line."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from formation_mlp.config.loading import load_config, preset_list
from formation_mlp.config.yaml_text import DEEPEST, LARGEST, parse_yaml, read_yaml
from formation_mlp.errors import ConfigError, FormationMLPError
from formation_mlp.system.path_text import usable_path


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as error:
        parse_yaml(text, "job.yaml:")
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-7", -7),
        ("9223372036854775807", 9223372036854775807),
        ("+1", 1),
        ("1e-3", 1e-3),
        ("1.e-3", 1e-3),
        (".1E-2", 1e-3),
        ("1.5e3", 1500.0),
        ("-.inf", float("-inf")),
        ("yes", True),
        ("off", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("2024-01-05", "2024-01-05"),
        ("2024-01-05 10:00:00", "2024-01-05 10:00:00"),
        ("'010'", "010"),
        ("'1:30'", "1:30"),
        ("0o10", "0o10"),
        ("=", "="),
        ("!!str 010", "010"),
        ("!!float 5", 5.0),
        ("[a, {b: [1, 2]}]", ["a", {"b": [1, 2]}]),
        ("base: &b {x: 1}\nmore: {<<: *b, y: 2}", {"base": {"x": 1}, "more": {"x": 1, "y": 2}}),
        ("base: &b {x: 1}\nmore: {<<: *b, x: 2}", {"base": {"x": 1}, "more": {"x": 2}}),
        ("[&a [1, 2], *a]", [[1, 2], [1, 2]]),
    ],
)
def test_what_has_one_meaning_is_read(text: str, value: Any) -> None:
    found = parse_yaml(text, "job.yaml:")
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "number", ["010", "-010", "00", "0x10", "0x_", "0b1", "0b_", "1_0", "1_000.5", "1:30", "1:30.5"]
)
@pytest.mark.parametrize("form", ["a: 1\nb: {}", "a: 1\nb: [0, {}]", "a: 1\n{}: 3"])
def test_a_number_that_is_not_decimal_is_refused_with_its_line(number: str, form: str) -> None:
    message = refusal(form.format(number))
    assert message.startswith("job.yaml: cannot be read as YAML: line 2, column ")
    assert f"{number!r} could be read in several ways" in message


@pytest.mark.parametrize("date", ["2024-13-45", "2024-02-30", "2024-1-1 99:00:00", "!!timestamp x", "0000-01-01"])
def test_a_date_that_is_none_is_refused_with_its_line(date: str) -> None:
    assert "line 2, column 4: " in refusal(f"a: 1\nb: {date}")
    assert "looks like a date but is none" in refusal(f"a: 1\nb: {date}")


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("a: 1\na: 2", "a", 2),
        ("a: 1\nb: 1\n'a': 2", "a", 3),
        ("s:\n  a: 1\n  b: 1\n  a: 1", "a", 4),
        ("s: [{a: 1,\n  a: 1}]", "a", 2),
        ("1: a\n+1: b", "+1", 2),
        ("yes: a\ntrue: b", "true", 2),
        ("a: &a {x: 1}\nb: {<<: *a,\n <<: *a}", "<<", 3),
    ],
)
def test_a_key_that_stands_twice_is_refused_with_both_lines(text: str, key: str, line: int) -> None:
    message = refusal(text)
    assert f"line {line}, column" in message
    assert f"the key {key!r} stands twice in one section, first in line " in message


def bomb(width: int, height: int) -> str:
    lines = [f"a0: &a0 [{', '.join(['x'] * width)}]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * width)}]" for i in range(1, height)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (bomb(10, 9), "line 5, column 5: aliases make more than 100,000 values of this"),
        (
            "a0: &a0 {x: 1}\n" + "\n".join(f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}" for i in range(1, 40)),
            "aliases make more than 100,000 values of this",
        ),
        ("a: 1\nb: &b [1, *b]", "line 2, column 11: an alias stands inside of what it repeats"),
        ("a: &a {b: *a}", "line 1, column 11: an alias stands inside of what it repeats"),
        ("a: *b", "line 1, column 4: found undefined alias 'b'"),
        ("[" * 2000, "line 1, column 51: nested deeper than 50 levels"),
        ("[" * 100_000 + "]" * 100_000, "nested deeper than 50 levels"),
        ("{a: " * 1500 + "}" * 1500, "nested deeper than 50 levels"),
        ("\n".join(f"{' ' * i}a:" for i in range(60)), "line 50, column 50: nested"),
        ("- " * 60 + "x", "nested deeper than 50 levels"),
        ("a: " + "1" * 5000, "an integer of 5000 digits is too large"),
        ("a: 9223372036854775808", "line 1, column 4: an integer of 19 digits is too large"),
        ("a: !!int x", "'x' is no value of the type 'int'"),
        ("a: !!float x", "'x' is no value of the type 'float'"),
        ("a: !!bool x", "'x' is no value of the type 'bool'"),
        ("a: !!null x", "'x' is no value of the type 'null'"),
        ("a: !!binary aGk=", "the tag 'tag:yaml.org,2002:binary' is not supported"),
        ("a: !!set {x}", "the tag 'tag:yaml.org,2002:set' is not supported"),
        ("a: !!python/name:os.getcwd ''", "is not supported"),
        ("a: !own 3", "the tag '!own' is not supported"),
        ("a: !!seq x", "the tag 'tag:yaml.org,2002:seq' is not supported"),
        ("{[a]: 1}", "a key must be a name"),
        ("? {a: 1}\n: 2", "a key must be a name"),
        ("a: 1\nb:\n\tc: 2", "line 3, column 1: while scanning for the next token, found character"),
        ("a: 1\nb: \x07", "line 2: the sign U+0007 is not allowed"),
        ("a: \0", "line 1: the sign U+0000 is not allowed"),
        ("a: \udcff", "line 1: the sign U+DCFF is not allowed"),
        ('a: 1\nb: "x\\0y"', "line 2, column 4: the text 'x\\x00y' holds the sign U+0000"),
        ('a: "\\ud800"', "holds the sign U+D800"),
        ("a: 1\n---\nb: 2", "line 2, column 1: expected a single document"),
        ("a: <<", "line 1, column 4"),
        ("a: [", "line 1, column 5"),
    ],
)
def test_what_has_no_meaning_is_refused_with_its_line(text: str, message: str) -> None:
    found = refusal(text)
    assert message in found
    assert len(found) < 400


def test_a_bomb_of_aliases_costs_no_memory() -> None:
    tracemalloc.start()
    try:
        refusal(bomb(9, 12))
        assert tracemalloc.get_traced_memory()[1] < 10e6
    finally:
        tracemalloc.stop()


def test_as_deep_as_allowed_is_read() -> None:
    assert parse_yaml("[" * DEEPEST + "]" * DEEPEST, "") is not None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: 1\nb: é".encode("latin-1"), "line 2: not text in UTF-8"),
        ("a: 1".encode("utf-16"), "line 1: not text in UTF-8"),
        (b"#" * (LARGEST + 1), "larger than 250,000 bytes"),
    ],
)
def test_a_file_of_other_content_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "job.yaml").write_bytes(content)
    with pytest.raises(ConfigError, match=message) as error:
        read_yaml(tmp_path / "job.yaml")
    assert str(error.value).startswith(f"{tmp_path / 'job.yaml'}: cannot be read as YAML: ")


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 300, "\ud800"])
def test_a_configuration_of_an_impossible_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be read as YAML"):
        read_yaml(tmp_path / name)


@pytest.mark.parametrize("value", ["2024-13-01", "010", "[" * 3000, "!!int x", "{a: 1, a: 2}", "\udcff"])
def test_the_same_holds_for_values_on_the_command_line(tmp_path: Path, value: str) -> None:
    (tmp_path / "job.yaml").write_text("data: {path: bundled}\n")
    with pytest.raises(ConfigError, match=r"(?s)^--set 'seed=.*the value cannot be read as YAML: line 1"):
        load_config(tmp_path / "job.yaml", [f"seed={value}"])
    with pytest.raises(ConfigError, match=r"(?s)^--features '.*no list of presets; it cannot be read as YAML: line 1"):
        preset_list(value, "--features")


@pytest.mark.parametrize("key", ["output", "data.path", "training.start_from"])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "found '', but the name of a file or folder is expected"),
        (" ", "found ' ', but the name of a file or folder is expected"),
        ("x" * 256, "has a name of 256 bytes; at most 255 are possible"),
        ("é" * 128, "has a name of 256 bytes; at most 255 are possible"),
        ("x/" * 2048, "has a path of 4096 bytes; at most 4095 are possible"),
    ],
)
def test_a_path_that_no_file_can_have_is_a_problem_of_its_key(
    tmp_path: Path, key: str, value: str, message: str
) -> None:
    (tmp_path / "job.yaml").write_text("data: {path: bundled}\n")
    with pytest.raises(ConfigError) as error:
        load_config(tmp_path / "job.yaml", [f"{key}='{value}'"])
    assert f"\n  {key}: {message}" in str(error.value) or f"\n  {key}: '" in str(error.value)
    assert message in str(error.value)


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "", "x" * 256])
def test_an_impossible_path_is_said_where_it_is_used(text: str) -> None:
    with pytest.raises(FormationMLPError, match=r"^--model: "):
        usable_path(text, "--model")


@pytest.mark.parametrize("text", ["a", "./a/b", "a\udcffb", "x" * 255, "a b", "~no_such_user_here"])
def test_a_possible_path_is_a_path(text: str) -> None:
    if text.startswith("~"):
        with pytest.raises(FormationMLPError, match="home"):
            usable_path(text, "--model")
    else:
        assert usable_path(text, "--model") == Path(text)


def test_the_home_folder_is_meant_by_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "job.yaml").write_text("data: {path: bundled}\n")
    assert load_config(tmp_path / "job.yaml", ["output=~/x"]).output == str(tmp_path / "home" / "x")
    assert usable_path("~/x", "--model") == tmp_path / "home" / "x"


@pytest.mark.parametrize("labels", ["[no, yes]", "[off, on]"])
def test_words_that_yaml_takes_for_truth_values_are_explained(tmp_path: Path, labels: str) -> None:
    (tmp_path / "job.yaml").write_text(f"data: {{path: bundled}}\ntask: {{labels: {labels}}}\n")
    with pytest.raises(ConfigError, match="put a text in quotes"):
        load_config(tmp_path / "job.yaml")


def test_a_text_that_is_no_configuration_is_refused_before_it_is_read() -> None:
    with pytest.raises(ConfigError, match=r"--set cannot be read as YAML: longer than 250,000 signs"):
        parse_yaml("#" * (LARGEST + 1), "--set")
