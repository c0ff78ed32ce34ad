"""Read YAML strictly: what could be read in two ways, or would take all memory, is refused with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from formation_mlp.errors import ConfigError
from formation_mlp.quoting import quoted
from formation_mlp.registry import did_you_mean

LARGEST = 250_000
"""Bytes; a configuration has some thousand."""
DEEPEST = 50
"""Sections and lists inside one another."""
MOST_NODES = 100_000
"""Values of a file, each counted as often as aliases repeat it."""
LARGEST_INTEGER = 2**63 - 1
"""What the numbers of arrays hold."""

_TAG = "tag:yaml.org,2002:"
_PLAIN = {
    "int": r"[-+]?(0|[1-9][0-9]*)",
    "float": r"[-+]?(([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?|\.(inf|Inf|INF))|\.(nan|NaN|NAN)",
    "bool": r"(?i:yes|no|true|false|on|off)",
    "null": r"|~|null|Null|NULL",
}
"""Tag to the texts that mean one thing to everybody: no octal, hexadecimal, binary or base 60, no underscores."""


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file as plain data.

    Raises
    ------
    ConfigError
        If the file is missing, no UTF-8, too large, or holds what `parse_yaml` refuses; with the line.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except FileNotFoundError:
        near = did_you_mean(path.name, [p.name for p in path.parent.glob("*.y*ml")])
        raise ConfigError(f"{path}: no such configuration file.{near}") from None
    except (OSError, ValueError) as error:  # a name with NUL is a ValueError
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{quoted(str(path))}: cannot be read as YAML: {reason}.") from error
    if len(raw) > LARGEST:
        raise ConfigError(f"{path}: cannot be read as YAML: larger than {LARGEST:,} bytes. Is it a configuration?")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}: cannot be read as YAML: line {line}: not text in UTF-8 ({error.reason}). Save the file as UTF-8."
        ) from error
    return parse_yaml(text, f"{path}:")


def parse_yaml(text: str, where: str) -> Any:
    """Return YAML text as plain data: lists, dictionaries, texts, numbers, true, false and None.

    A date is a text. Refused are a key that stands twice, numbers that are not decimal, tags of other types, aliases
    that repeat too much, and what is nested too deep.

    Parameters
    ----------
    text
        One document.
    where
        The beginning of the message, such as ``job.yaml:``.

    Raises
    ------
    ConfigError
        With the line and what is wrong there.
    """
    if len(text) > LARGEST:
        raise ConfigError(f"{where} cannot be read as YAML: longer than {LARGEST:,} signs. Is it a configuration?")
    try:
        return _Loader(text).get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        reason = ", ".join(part for part in (error.context, error.problem) if part)
        raise ConfigError(f"{where} cannot be read as YAML: {place}{reason}.") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, int(error.position)) + 1
        sign = f"U+{ord(error.character):04X}" if isinstance(error.character, str) else f"U+{error.character:04X}"
        raise ConfigError(
            f"{where} cannot be read as YAML: line {line}: the sign {sign} is not allowed. Remove it."
        ) from error


class _Loader(yaml.SafeLoader):
    """A safe loader that looks at each node as soon as it is read, so that nothing large is built."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._sizes: dict[yaml.Node, int] = {}

    def compose_node(self, parent: Any, index: Any) -> yaml.Node | None:
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        self._depth += 1
        if self._depth > DEEPEST:
            raise _refused(f"nested deeper than {DEEPEST} levels", mark)
        is_alias = self.check_event(yaml.AliasEvent)
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        if node is None:
            return None
        if is_alias and node not in self._sizes:
            raise _refused("an alias stands inside of what it repeats", mark)
        if not is_alias:
            self._check(node)
            self._sizes[node] = 1 + sum(self._sizes[child] for child in _children(node))
        if self._sizes[node] > MOST_NODES:
            raise _refused(f"aliases make more than {MOST_NODES:,} values of this", mark)
        return node

    def _check(self, node: yaml.Node) -> None:
        if isinstance(node, yaml.ScalarNode):
            _check_scalar(node)
            return
        kind = "seq" if isinstance(node, yaml.SequenceNode) else "map"
        if node.tag != _TAG + kind:
            raise _refused(f"the tag {quoted(node.tag)} is not supported. Remove it", node.start_mark)
        if not isinstance(node, yaml.MappingNode):
            return
        lines: dict[Any, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _refused("a key must be a name, not a list or section", key.start_mark)
            name = key.value if key.tag == f"{_TAG}merge" else self.construct_object(key)
            if name in lines:
                raise _refused(
                    f"the key {quoted(key.value)} stands twice in one section, first in line {lines[name]}. "
                    "Keep one of them",
                    key.start_mark,
                )
            lines[name] = key.start_mark.line + 1


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif isinstance(node, yaml.MappingNode):
        for pair in node.value:
            yield from pair


def _check_scalar(node: yaml.ScalarNode) -> None:
    kind, text = node.tag.removeprefix(_TAG), node.value
    if kind == "timestamp":
        kind = _kind_of_date(node)
    if kind in _PLAIN:
        if not re.fullmatch(_PLAIN[kind], text):
            raise _refused(_no_plain_value(kind, text), node.start_mark)
        if kind == "int" and (len(text) > 40 or abs(int(text)) > LARGEST_INTEGER):
            digits = len(text.lstrip("+-"))
            raise _refused(f"an integer of {digits} digits is too large", node.start_mark)
    elif kind == "str":
        odd = next((sign for sign in text if sign == "\0" or "\ud800" <= sign <= "\udfff"), None)
        if odd is not None:
            raise _refused(f"the text {quoted(text)} holds the sign U+{ord(odd):04X}. Remove it", node.start_mark)
    elif kind != "merge":
        raise _refused(f"the tag {quoted(node.tag)} is not supported. Remove it", node.start_mark)


def _kind_of_date(node: yaml.ScalarNode) -> str:
    """Turn a date into the text that it is written as; no key of a configuration takes a date."""
    try:
        yaml.constructor.SafeConstructor().construct_yaml_timestamp(node)
    except (ValueError, AttributeError, OverflowError):  # AttributeError: `!!timestamp` before any text
        raise _refused(
            f"{quoted(node.value)} looks like a date but is none. Correct it, or put a text in quotes", node.start_mark
        ) from None
    node.tag = f"{_TAG}str"
    return "str"


def _no_plain_value(kind: str, text: str) -> str:
    if kind in ("int", "float") and re.fullmatch(r"[-+]?[0-9].*", text):
        return (
            f"{quoted(text)} could be read in several ways (octal, hexadecimal, base 60, digits in groups). "
            "Write a number in plain decimal digits, and a text in quotes"
        )
    return f"{quoted(text)} is no value of the type {kind!r}"


def _refused(problem: str, mark: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != f"{_TAG}value"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(  # YAML 1.1 reads `1e-3` as text; everyone means the number
    f"{_TAG}float", re.compile(r"^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+$"), list("-+0123456789.")
)
