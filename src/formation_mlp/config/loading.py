"""Read a configuration, change keys of it, and say all that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from formation_mlp.config.names import NAMES, unknown_preset
from formation_mlp.config.own_code import OWN_KEYS, is_own
from formation_mlp.config.recipe import with_recipe
from formation_mlp.config.schema import Config, Entry
from formation_mlp.config.yaml_text import parse_yaml, read_yaml
from formation_mlp.errors import ConfigError
from formation_mlp.quoting import quoted
from formation_mlp.registry import unknown_name

YES_AND_NO = " YAML reads yes, no, on and off as true and false: put a text in quotes."
MOST_STEPS = 10
"""Of the key of an override, such as two in ``model.hidden``."""


def load_config(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read a YAML file, apply ``section.key=value`` overrides and check everything.

    A file without the sections `model`, `training` and `ensemble` gets the default recipe, see
    `formation_mlp.config.recipe`.

    Parameters
    ----------
    path
        The file. `output` defaults to ``runs/`` and its name without the suffix.
    overrides
        Texts such as ``model.hidden=[256, 256]``; the value is read as YAML.

    Raises
    ------
    ConfigError
        All that is wrong, in one message.
    """
    raw = with_recipe(_read_sections(path))
    for override in overrides:
        apply_override(raw, override)
    config = check_config(_without_blanks(raw), str(path))
    return config if config.output else config.model_copy(update={"output": f"runs/{path.stem}"})


def preset_list(text: str, where: str) -> list[Entry]:
    """Read ``magpie,{matminer: BandCenter}`` as the list that a configuration would hold."""
    parts = parse_yaml(f"[{text}]", f"{where} {quoted(text)}: no list of presets; it")
    if not parts or not all(isinstance(part, str | dict) for part in parts):
        raise ConfigError(f"{where} {text!r}: write names of presets, or '{{name: {{option: value}}}}'.")
    return list(parts)


def check_config(raw: Mapping[str, Any], where: str) -> Config:
    """Build a `Config` from plain data; raise one `ConfigError` with all that is wrong."""
    problems: list[str] = []
    config: Config | None = None
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        problems = list(dict.fromkeys(_explain(item) for item in error.errors(include_url=False)))
    problems += [*_wrong_names(raw), *_wrong_metrics(raw)]
    if problems or config is None:
        lines = "".join(f"\n  {line}" for line in problems)
        raise ConfigError(f"{where}: {len(problems)} problem{'s' * (len(problems) > 1)} in the configuration{lines}")
    return config


def merged(config: Config, changes: Mapping[str, Mapping[str, Any]], **top_level: Any) -> dict[str, Any]:
    """Return ``config`` as plain data with the keys of some sections replaced."""
    raw: dict[str, Any] = config.model_dump() | top_level
    for section, keys in changes.items():
        raw[section] = raw[section] | dict(keys)
    return raw


def _read_sections(path: Path) -> dict[str, Any]:
    raw = read_yaml(path)
    if not isinstance(raw, dict):
        found = "an empty file" if raw is None else type(raw).__name__
        raise ConfigError(f"{path}: expected sections such as 'data:' and 'model:', found {found}.")
    return _without_blanks(raw)


def _without_blanks(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out sections and keys of the top level that have no value: they have their defaults."""
    return {key: value for key, value in raw.items() if value is not None}


def apply_override(raw: dict[str, Any], override: str) -> None:
    """Change one key of plain data as ``--set section.key=value`` asks; the value is read as YAML.

    Raises
    ------
    ConfigError
        If the text is none of this kind, or leads into a value.
    """
    key, equals, text = override.partition("=")
    path = key.strip().split(".")
    if not equals or not all(path) or len(path) > MOST_STEPS:
        raise ConfigError(f"--set {quoted(override)}: write section.key=value, such as model.hidden='[256, 256]'.")
    value = parse_yaml(text, f"--set {quoted(override)}: the value")
    node = raw
    for name in path[:-1]:
        node = node.setdefault(name, {})
        if not isinstance(node, dict):
            raise ConfigError(f"--set {quoted(override)}: {name!r} is a value, not a section.")
    node[path[-1]] = value


def _explain(item: Any) -> str:
    """Turn one pydantic error into the sentence shape of the house."""
    place = ".".join(str(step) for step in item["loc"])
    kind, context = item["type"], item.get("ctx", {})
    if kind == "extra_forbidden":
        return unknown_name(item["loc"][-1], _keys_at(item["loc"][:-1]), place, "key")
    if kind == "value_error":  # of a validator of this package, whose message is whole
        return f"{place}: {context['error']}"
    if kind == "missing":
        return f"{place}: missing. It must be given."
    if item["loc"][-1] in ("str", "dict[str,any]"):  # the two forms of a `Entry`
        place = ".".join(str(step) for step in item["loc"][:-1])
        return f"{place}: found {quoted(item['input'])}, but it should be a name, or '{{name: {{option: value}}}}'."
    if kind == "model_type":
        return f"{place}: found {quoted(item['input'])}, but it should be a section of keys and values."
    message = item["msg"].removeprefix("Input ").replace("a valid integer", "an integer").replace("valid ", "")
    expected = f"it {message}" if message.startswith("should") else message
    hint = YES_AND_NO if kind == "string_type" and isinstance(item["input"], bool) else ""
    return f"{place}: found {quoted(item['input'])}, but {expected}{_range(context)}.{hint}"


def _range(context: Mapping[str, Any]) -> str:
    return "" if not context or "error" not in context else f" ({context['error']})"


def _keys_at(location: Sequence[int | str]) -> list[str]:
    section: type[BaseModel] = Config
    for step in location:
        field = section.model_fields.get(str(step))
        if field is None:
            continue
        kinds = (field.annotation, *get_args(field.annotation))
        section = next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), section)
    return list(section.model_fields)


def _wrong_names(raw: Mapping[str, Any]) -> Iterator[str]:
    for key, allowed in NAMES.items():
        value: Any = raw
        for step in key.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        for name in _names(value):
            if name not in allowed and not (key in OWN_KEYS and is_own(name)):
                singular = _singular(key.rsplit(".", 1)[-1])
                yield unknown_preset(name) if key == "features" else unknown_name(name, allowed, key, singular)


def _wrong_metrics(raw: Mapping[str, Any]) -> Iterator[str]:
    training = raw.get("training")
    for name in _names(training.get("metrics") if isinstance(training, Mapping) else None):
        if not is_own(name):
            yield (
                f"training.metrics: {quoted(name)} is no metric of your own. Write 'module:function'; the scores of "
                "this package are always shown."
            )


def _singular(key: str) -> str:
    return key if key.endswith("ss") else key.removesuffix("s")


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            if isinstance(part, str):
                yield part
            elif isinstance(part, Mapping):
                yield from (str(name) for name in part)
