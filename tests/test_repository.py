"""Files for contributors and for other machines: they parse, have the shape that their readers ask for, and agree."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from formation_mlp.cli.app import VERBS
from formation_mlp.version import REPOSITORY, __version__
from support.modules import module_at
from support.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
SCHEMAS = {
    "github-workflows": WORKFLOWS,
    "github-issue-forms": [path for path in FORMS if path.stem != "config"],
    "github-issue-config": [path for path in FORMS if path.stem == "config"],
    "citation-file-format": [ROOT / "CITATION.cff"],
}
"""Schemas that check-jsonschema brings, and the files that they are for."""
PROSE = ["CONTRIBUTING.md", "CODE_OF_CONDUCT.md", "SECURITY.md", "docs/developer/release.md", "docs/from-0.1.md"]
ADDRESS = "https://git.example.org/someone/formation_mlp"
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}


def loaded(path: Path | str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def set_repository() -> Any:
    """Return the module ``scripts/set_repository.py``."""
    return module_at(ROOT / "scripts" / "set_repository.py")


def steps(workflow: Path) -> list[dict[str, Any]]:
    return [step for job in loaded(workflow)["jobs"].values() for step in job["steps"]]


def test_files_for_a_host_are_as_its_schema_says() -> None:
    for schema, paths in SCHEMAS.items():
        command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *map(str, paths)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_only_read_and_names_what_there_is(path: Path) -> None:
    workflow = loaded(path)
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job.get("needs", next(iter(workflow["jobs"]))) in workflow["jobs"]
        matrix = job.get("strategy", {}).get("matrix", {})
        known = set(matrix) - {"include"} | {key for row in matrix.get("include", []) for key in row}
        assert set(re.findall(r"matrix\.([\w-]+)", str(job))) <= known
    for step in steps(path):
        assert re.fullmatch(r"[\w-]+/[\w-]+@(v\d+|release/v\d+)", step.get("uses", "a/b@v1"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_scripts_and_tests_that_a_workflow_runs_are_there(path: Path) -> None:
    for step in steps(path):
        for name in re.findall(r"\b(?:scripts|tests|src)/[\w./]+", step.get("run", "")):
            assert (ROOT / name).exists(), name


def test_every_python_that_is_promised_is_tested() -> None:
    named = [c.rsplit(" ", 1)[1] for c in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d+$", c)]
    assert loaded(".github/workflows/ci.yml")["jobs"]["test"]["strategy"]["matrix"]["python"] == named
    assert PROJECT["requires-python"] == f">={named[0]}"
    rows = loaded(".github/workflows/ci.yml")["jobs"]["dependencies"]["strategy"]["matrix"]["include"]
    assert [row["python"] for row in rows] == [named[0], named[-1]]


def test_pre_commit_runs_the_same_ruff() -> None:
    ruff, local = loaded(".pre-commit-config.yaml")["repos"]
    assert f"ruff=={ruff['rev'].removeprefix('v')}\n" in (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert [hook["id"] for hook in ruff["hooks"]] == ["ruff-check", "ruff-format"]
    assert [hook["id"] for hook in local["hooks"]] == ["mypy"]


def test_the_conda_recipe_is_the_package() -> None:
    recipe = loaded("conda/recipe.yaml")
    wanted = {re.split(r"[<>=]", text)[0].lower(): text for text in PROJECT["dependencies"]}
    run = dict(text.split(" ", 1) for text in recipe["requirements"]["run"])
    assert run.pop("python") == PROJECT["requires-python"]
    assert run == {CONDA_NAMES.get(name, name): text[len(name) :] for name, text in wanted.items()}
    assert recipe["build"]["python"]["entry_points"] == [f"{k} = {v}" for k, v in PROJECT["scripts"].items()]
    assert recipe["about"]["summary"] == PROJECT["description"]


def test_one_version_everywhere() -> None:
    assert loaded("conda/recipe.yaml")["context"]["version"] == __version__
    assert loaded("CITATION.cff")["version"] == __version__


def test_the_address_of_the_repository_stands_everywhere_or_nowhere() -> None:
    script = set_repository()
    for place in script.PLACES:
        text = (ROOT / place).read_text(encoding="utf-8")
        assert script.with_address(place, text, REPOSITORY) == text, f"run scripts/set_repository.py {REPOSITORY!r}"


@pytest.mark.parametrize("place", set_repository().PLACES)
def test_an_address_can_be_set_changed_and_taken_out(place: str) -> None:
    script, text = set_repository(), (ROOT / place).read_text(encoding="utf-8")
    without = script.with_address(place, text, "")
    with_one = script.with_address(place, without, ADDRESS)
    assert ADDRESS not in without
    assert ADDRESS in with_one
    assert script.with_address(place, with_one, ADDRESS) == with_one
    assert script.with_address(place, with_one, ADDRESS + "2") == with_one.replace(ADDRESS, ADDRESS + "2")
    assert script.with_address(place, with_one, "") == without
    if place == "pyproject.toml":
        assert tomllib.loads(with_one)["project"]["urls"]["Issues"] == f"{ADDRESS}/issues"
    if place.endswith((".cff", ".yaml")):
        assert ADDRESS in str(yaml.safe_load(with_one))


def test_the_image_knows_the_two_commands() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for script in ("scripts/demo.sh", "scripts/test.sh"):
        assert f"--entrypoint bash formation-mlp {script}" in text
    (minor,) = re.findall(r"^FROM python:3\.(\d+)-slim$", text, flags=re.MULTILINE)
    assert f"Programming Language :: Python :: 3.{minor}" in PROJECT["classifiers"]
    ignored = set((ROOT / ".dockerignore").read_text(encoding="utf-8").split())
    assert {".git", ".venv", "runs"} <= ignored  # and the build needs a folder that is small


@pytest.mark.parametrize("path", sorted((ROOT / "scripts").glob("*.sh")), ids=lambda path: path.name)
def test_a_shell_script_can_be_read_and_names_verbs_that_there_are(path: Path) -> None:
    subprocess.run(["bash", "-n", str(path)], check=True)
    verbs = re.findall(r"^formation-mlp (\w+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert set(verbs) <= set(VERBS)


@pytest.mark.parametrize("name", PROSE)
def test_links_lead_to_files(name: str) -> None:
    page = ROOT / name
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert "://" in target or (page.parent / target).exists(), target


def test_the_changelog_has_this_version_with_its_date_and_a_place_for_what_comes_next() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    version, date = __version__, loaded("CITATION.cff")["date-released"]
    assert headings[:2] == ["[Unreleased]", f"[{version}] - {date}"]
