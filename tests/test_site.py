"""What the site says of the program as a whole: every variable, every verb, and no link that leads nowhere."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from formation_mlp.cli.app import VERBS
from support.modules import module_at
from support.paths import ROOT

ENVIRONMENT = (ROOT / "docs" / "reference" / "environment.md").read_text(encoding="utf-8")
OF_OTHERS = {"CUDA_VISIBLE_DEVICES", "NUMBA_CACHE_DIR", "PYTHON", "RANK", "LOCAL_RANK"}
"""Variables of the table that Python code of ours reads nowhere: torch, numba and the shell scripts do."""


def documented() -> set[str]:
    """Return the variables in the first column of the tables."""
    first = [line.split("|")[1] for line in ENVIRONMENT.splitlines() if line.startswith("| `")]
    return {name for cell in first for name in re.findall(r"`([A-Z_]+)`", cell)}


def read_by(path: Path) -> set[str]:
    """Return the names that a module looks up in, or writes into, ``os.environ``."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            names |= _text(node.slice)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "os.getenv",
            "os.environ.get",
            "os.environ.setdefault",
            "os.environ.pop",
        ):
            names |= _text(node.args[0])
    return names


def _text(node: ast.expr) -> set[str]:
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


OF_TESTS = {"FORMATION_MLP_DATA", "FORMATION_MLP_EVERY_VIEW", "FORMATION_MLP_EXAMPLES"}
"""Variables that tests and scripts read, and the package does not."""


def test_every_variable_that_the_package_reads_is_in_the_table() -> None:
    modules = list((ROOT / "src").rglob("*.py"))
    found = set().union(*(read_by(path) for path in modules))
    assert {"FORMATION_MLP_CACHE", "COLUMNS", "OMP_WAIT_POLICY"} <= found  # the search finds what there is
    assert {name for name in found if f"`{name}`" not in ENVIRONMENT} == set()
    code = "".join(path.read_text(encoding="utf-8") for path in modules)
    assert {name for name in documented() - OF_OTHERS - found if f'"{name}"' not in code} <= OF_TESTS


def test_every_variable_of_our_own_is_in_the_table_and_used() -> None:
    folders = [ROOT / name for name in ("src", "scripts", "tests")]
    code = [path for folder in folders for path in folder.rglob("*") if path.suffix in (".py", ".sh")]
    own = re.compile(r"\bFORMATION_MLP_[A-Z_]*[A-Z]\b")
    found = set().union(*(own.findall(path.read_text(encoding="utf-8")) for path in code if path != Path(__file__)))
    assert {name for name in documented() if name.startswith("FORMATION_MLP_")} == found


def test_every_verb_has_a_page_that_the_index_lists() -> None:
    index = (ROOT / "docs" / "verbs" / "index.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| \[`(\w+)`\]\(([\w-]+\.md)\) \|", index, flags=re.MULTILINE))
    assert set(listed) == set(VERBS)
    for verb, page in listed.items():
        assert f"formation-mlp {verb}" in (ROOT / "docs" / "verbs" / page).read_text(encoding="utf-8"), verb


@pytest.fixture(scope="module")
def links() -> Any:
    """Return the module ``scripts/site/links.py``."""
    return module_at(ROOT / "scripts" / "site" / "links.py")


@pytest.mark.parametrize(
    ("address", "is_broken"),
    [
        ("b/second.html", False),
        ("b/second.html#there", False),
        ("b/", False),
        ("#here", False),
        ("#", False),
        ("picture%201.png", False),
        ("https://example.org/anything", False),
        ("mailto:someone@example.org", False),
        ("b/third.html", True),
        ("b/second.html#elsewhere", True),
        ("#there", True),
        ("picture.png", True),
    ],
)
def test_a_link_that_leads_nowhere_is_found(links: Any, tmp_path: Path, address: str, is_broken: bool) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "picture 1.png").touch()
    (tmp_path / "b" / "index.html").touch()
    (tmp_path / "b" / "second.html").write_text('<h1 id="there">Second</h1><a href="../first.html#here">back</a>')
    (tmp_path / "first.html").write_text(f'<h1 id="here">First</h1><a href="{address}">a link</a>')
    assert links.broken(tmp_path) == ([("first.html", address)] if is_broken else [])


@pytest.mark.parametrize("name", ["house", "parts"])
def test_the_developer_pages_name_files_that_there_are(name: str) -> None:
    text = (ROOT / "docs" / "developer" / f"{name}.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w/]+/\w+\.py)`", text))
    assert len(named) > 10
    assert [path for path in named if not any((at / path).is_file() for at in (ROOT, ROOT / "src/formation_mlp"))] == []
