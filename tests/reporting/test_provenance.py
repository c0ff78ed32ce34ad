"""What the page says of the rows of a run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from formation_mlp.data.duplicates import AVERAGED, HIGHER, IN_MEDIAN
from formation_mlp.reporting.finished import FinishedRun
from formation_mlp.reporting.provenance import MOST_NAMED, data_section


def section(left_out: dict[str, str]) -> str:
    report: dict[str, Any] = {
        "target": {"unit": "eV/atom"},
        "rows": {"train": 3, "val": 1},
        "overlap": {"test_rows": 0},
        "rows_sha256": "0",
        "descriptors": 5,
        "left_out": left_out,
    }
    config = {"data": {"path": "t.csv"}, "split": {"method": "random"}}
    run = SimpleNamespace(report=report, config=config, target="energy")
    return str(data_section(cast(FinishedRun, run)))


def test_rows_left_out_are_named_and_merged_ones_counted_apart() -> None:
    page = section({"1": HIGHER, "2": AVERAGED, "3": IN_MEDIAN, "7": "no target", "9": "'Xx' is no element"})
    assert "7: no target" in page
    assert "9: &#39;Xx&#39; is no element" in page
    for name, count in (("rows left out", 2), ("rows merged into another of their formula", 3)):
        assert f">{count}<" in page[page.index(name) :][:200]
    assert "merged" not in section({"7": "no target"})
    assert "Rows left out" not in section({})


def test_the_page_does_not_grow_with_what_is_left_out() -> None:
    page = section({str(i): "no target" for i in range(MOST_NAMED + 1234)})
    assert page.count("no target") == MOST_NAMED
    assert "1,234 more, in report.json" in page
