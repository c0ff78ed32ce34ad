"""The reference of the configuration, from the source that checks it: keys, types, defaults and explanations."""

from __future__ import annotations

import ast
import inspect
import re

from formation_mlp.config import schema
from formation_mlp.config.names import NAMES

INTRODUCTION = """# Configuration

A configuration is a YAML file. Every key has a default except `data.path`; unknown keys, wrong types and
impossible values are refused, all of them in one message, before anything is read. `--set KEY=VALUE` changes a
key on the command line, and the resolved configuration, with every default written out, lies in the run folder
as `config.yaml`.

This page is made from the classes that check a configuration.
"""

PLAIN_TYPES = {
    "FilePath": "path",
    "OutputPath": "path",
    "Positive": "number > 0",
    "NonNegative": "number >= 0",
    "Share": "number from 0 to below 1",
    "Count": "whole number >= 1",
    "Seed": "whole number >= 0",
    "Entry": "name, or `{name: {option: value}}`",
    "Ends": "two numbers",
    "str": "text",
    "float": "number",
    "int": "whole number",
    "bool": "true or false",
    "Any": "any value",
}


def page() -> str:
    """Return the page as Markdown."""
    sections = {node.name: node for node in _classes() if node.name != "Section"}
    parts = [INTRODUCTION, "## The top level\n", _table(sections["Config"], "")]
    for name, key in _places(sections).items():
        node = sections[name]
        parts += [f"## `{key}`\n", f"{ast.get_docstring(node)}\n", _table(node, key)]
    return "\n".join(parts)


def _classes() -> list[ast.ClassDef]:
    tree = ast.parse(inspect.getsource(schema))
    return [node for node in tree.body if isinstance(node, ast.ClassDef)]


def _places(sections: dict[str, ast.ClassDef]) -> dict[str, str]:
    """Return each section by name, and the key under which it stands, parents first."""
    places: dict[str, str] = {}

    def visit(name: str, prefix: str) -> None:
        for field, annotation, _, _ in _fields(sections[name]):
            for other in sections:
                if re.search(rf"\b{other}\b", annotation) and other not in places and other != "Config":
                    many = ".NAME" if f"dict[str, {other}]" in annotation else ""
                    places[other] = f"{prefix}{field}{many}"
                    visit(other, f"{prefix}{field}{many}.")

    visit("Config", "")
    return places


def _fields(node: ast.ClassDef) -> list[tuple[str, str, str | None, str]]:
    """Return name, type, default and explanation of each key; the explanation is the text below it."""
    found = []
    for statement, after in zip(node.body, [*node.body[1:], None], strict=True):
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        text = ""
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            text = inspect.cleandoc(str(after.value.value)).replace("\n", " ")
        default = ast.unparse(statement.value) if statement.value is not None else None
        found.append((statement.target.id, ast.unparse(statement.annotation), default, text))
    return found


def _table(node: ast.ClassDef, key: str) -> str:
    lines = ["| key | type | default | |", "|---|---|---|---|"]
    for name, annotation, default, text in _fields(node):
        allowed = NAMES.get(f"{key}.{name}" if key else name, ())
        names = (
            f"<br>One of: {', '.join(f'`{one}`' for one in allowed)}."
            if allowed and f"`{allowed[0]}`" not in text
            else ""
        )
        shown = "required" if default is None else f"`{_yaml(default)}`"
        lines.append(f"| `{name}` | {_plain(annotation)} | {shown} | {(text + names).replace('|', chr(92) + '|')} |")
    return "\n".join(lines) + "\n"


def _yaml(default: str) -> str:
    words = {"None": "null", "True": "true", "False": "false"}
    if default.endswith("Config()") or default in ("LearningCurve()",):
        return "{}"
    if default.startswith("{") and "MemberConfig" in default:
        return "{network: {}}"
    return words.get(default, default.replace("'", ""))


def _plain(annotation: str) -> str:
    """Return the type in words: a reader of YAML need not know Python's."""
    tree = ast.parse(annotation, mode="eval").body
    return _words(tree)


def _words(node: ast.expr) -> str:
    if isinstance(node, ast.BinOp):
        return f"{_words(node.left)} or {_words(node.right)}"
    if isinstance(node, ast.Constant):
        return "null"
    if isinstance(node, ast.Name):
        return PLAIN_TYPES.get(node.id, "section")
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if node.value.id == "Annotated":
            return _words(inner[0]) + _limits(inner[1:])
        if node.value.id == "list":
            return f"list of: {_words(inner[0])}"
        if node.value.id == "dict":
            return "mapping" if _words(inner[1]) == "any value" else f"mapping of names to: {_words(inner[1])}"
    return "value"


SIGNS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}


def _limits(fields: list[ast.expr]) -> str:
    words = [
        f"{SIGNS[keyword.arg]} {ast.unparse(keyword.value)}"
        for field in fields
        if isinstance(field, ast.Call)
        for keyword in field.keywords
        if keyword.arg in SIGNS
    ]
    return f" {', '.join(words)}" if words else ""
