"""BibTeX of what a result rests on: complete, well-formed, and right for every kind of model."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from formation_mlp.config.names import NAMES
from formation_mlp.features.presets import choose_presets
from formation_mlp.reporting import bibliography
from formation_mlp.reporting.bibliography import OF_MODELS, OF_TABLES, entries, keys_of, works_of_config
from formation_mlp.reporting.report import write_report
from formation_mlp.saved_model.shipped import CALLED, SHIPPED, card
from support.commands import Outcome
from support.configs import TINY, changed
from support.paths import ROOT

Command = Callable[..., Outcome]
NEED_OPTIONS = {"matminer", "table", "columns"}
PRESETS = sorted(set(NAMES["features"]) - NEED_OPTIONS)


@pytest.mark.parametrize("key", entries())
def test_every_entry_is_complete(key: str) -> None:
    entry = entries()[key]
    fields = dict(re.findall(r"^  (\w+) = \{(.*)\},$", entry, flags=re.MULTILINE))
    assert {"author", "title", "year"} <= set(fields)
    assert len({"doi", "eprint", "url", "publisher"} & set(fields)) == 1
    assert re.fullmatch(r"(18|19|20)\d\d", fields["year"])
    assert len(fields) == entry.count("\n") - 1  # every line between the first and the last is a field
    assert all(value.count("{") == value.count("}") for value in fields.values())


def test_keys_and_works_are_there_once() -> None:
    text = Path(bibliography.__file__).with_name("references.bib").read_text(encoding="utf-8")
    assert len(entries()) == text.count("\n@") + 1
    dois = Counter(re.findall(r"doi = \{(.+)\}", text))
    assert max(dois.values()) == 1


@pytest.mark.parametrize("preset", PRESETS)
def test_every_paper_of_every_preset_has_an_entry(preset: str) -> None:
    citation = choose_presets([preset])[0].preset.citation
    assert len(keys_of(citation)) == citation.count("doi:") > 0


def test_every_work_of_data_has_an_entry() -> None:
    assert {key for keys in (*OF_MODELS.values(), *OF_TABLES.values()) for key in keys} <= set(entries())
    assert set(OF_MODELS) == set(SHIPPED)


def test_the_works_that_the_citation_file_names_have_an_entry() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["references"]
    assert all(len(keys_of(f"doi:{work['doi']}")) == 1 for work in cited)


@pytest.mark.parametrize("model", SHIPPED)
def test_the_card_names_the_same_years(model: str) -> None:
    """Each work of a shipped model is one that its card attributes the data to, by author and year."""
    told = f"{card(model).data.title} {card(model).data.attribution}"
    for key in OF_MODELS[model]:
        author = re.match("[a-z]+", key)
        assert author is not None
        assert author.group().title() in told or key == "kirklin2015"  # the second paper of the OQMD


@pytest.mark.parametrize("model", CALLED)
def test_every_shipped_model_is_cited(command: Command, model: str) -> None:
    told = command("cite", model).succeeded()
    for key in (*OF_MODELS["composition" if model == "measured" else model], "ward2016magpie"):
        assert told.count(f"{{{key},") == 1
    assert "@software{formation_mlp," in told


def test_a_run_on_the_bundled_table_is_cited(command: Command, finished_run: Path) -> None:
    told = command("cite", finished_run).succeeded()
    assert told.startswith("% The package\n")
    assert "% The methods\n\n@inproceedings{paszke2019," in told


def test_the_command_and_the_files_beside_the_page_say_the_same(
    command: Command, finished_run: Path, tmp_path: Path
) -> None:
    page, folder = write_report([finished_run], tmp_path / "page.html")
    told = command("cite", finished_run).succeeded()
    assert (folder / "works.bib").read_text(encoding="utf-8") == told
    keys = set(re.findall(r"@\w+\{([^,]+),", told))
    methods = (folder / "methods.tex").read_text(encoding="utf-8")
    cited = {key for group in re.findall(r"\\cite\{(.+?)\}", methods) for key in group.split(",")}
    assert cited == keys
    assert "\\begin{tabular}" in (folder / "scores.tex").read_text(encoding="utf-8")
    assert all(f"page_figures/{name}" in page.read_text(encoding="utf-8") for name in ("works.bib", "scores.tex"))


@pytest.mark.parametrize(
    ("source", "keys"), [("Materials Project, 2023", ("jain2013",)), ("OQMD 1.6", ("saal2013", "kirklin2015"))]
)
def test_the_declared_origin_of_a_table_names_works(source: str, keys: tuple[str, ...]) -> None:
    works = of(data={"path": "mine.csv", "source": source})
    assert works.data == keys
    assert source in works.notes[0]


def test_features_whose_file_is_gone_are_named() -> None:
    works = of(features=[{"table": "gone.csv"}, "magpie"])
    assert works.features == ("ward2016magpie",)
    assert any("table" in note for note in works.notes)


def test_what_is_no_model_is_refused(command: Command, workplace: Path) -> None:
    assert "composition" in command("cite", "nothing").refused()
    (workplace / "a.csv").write_text("formula\nNaCl\n")
    command("cite", "a.csv").refused()


def of(**changes: Any) -> bibliography.Works:
    return works_of_config(changed(TINY, changes))


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("bundled", OF_TABLES["bundled"]),
        ("bundled_of_mine.csv", ()),
        ("somewhere/critexam_mp.csv.gz", OF_TABLES["critexam_mp"]),
        ("../mp20_mpts52_structures.csv.gz", OF_TABLES["mp20_mpts52"]),
        ("matminer:matbench_mp_e_form", ("ward2018matminer",)),
        ("mine.csv", ()),
    ],
)
def test_published_tables_are_known_and_others_are_said(path: str, keys: tuple[str, ...]) -> None:
    works = of(data={"path": path, "source": "PBE, own work"})
    assert works.data == keys
    assert bool(works.notes) == (not keys)
    assert all(path in note and "PBE, own work" in note for note in works.notes)


def test_a_start_brings_its_works() -> None:
    works = of(data={"path": "mine.csv"}, training={"start_from": "composition"})
    assert set(OF_MODELS["composition"]) <= set(works.data)
    works = of(data={"path": "bundled"}, training={"start_from": "runs/other"})
    assert "formation-mlp cite runs/other" in works.notes[-1]


def test_features_of_ones_own_and_of_matminer_are_said(tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text("formula,a\nNaCl,1\nKCl,2\n")
    works = of(features=[{"table": str(own)}, {"matminer": "BandCenter"}, "magpie"])
    assert works.features[-1] == "ward2016magpie"
    assert any("own.csv" in note for note in works.notes)


def test_no_work_is_printed_twice() -> None:
    told = of(data={"path": "bundled"}, features=["charge_balance", "magpie", "stoichiometry"]).bibtex()
    keys = re.findall(r"@\w+\{([^,]+),", told)
    assert len(keys) == len(set(keys))
