"""The reference of the feature presets: what the program computes, from which paper, in which time."""

from __future__ import annotations

import csv
from inspect import signature
from pathlib import Path

from formation_mlp.features.presets import preset_table

TIMES = Path(__file__).parents[1] / "bench" / "presets.csv"
"""Written by ``python scripts/bench/presets.py --write``."""

INTRODUCTION = """# Features

A list of presets under `features` says what the network sees: `features: [magpie, {deml: {impute_nan: true}}]`.
Each row's numbers depend on that row alone. The numbers are matminer's wherever matminer has the featurizer,
which tests hold against matminer itself; the package's own kernels compute them in a small part of the time.
Time per row is that of one core after the first run on a machine, which compiles (`python
scripts/bench/presets.py`); structures have 6.5 sites on average.

Any other featurizer of matminer works by class name, with a time limit per row: `{matminer: BandCenter}`,
`{matminer: {featurizer: ElementProperty, preset: deml}}`; so does a table of your own: `{table:
my_features.parquet}`. Missing element data stay missing until the scaler fills them with medians of the train
rows, and are counted; `{magpie: {impute_nan: true}}` is matminer's way. This page is made from the program.
"""


def page() -> str:
    """Return the page as Markdown."""
    times = {row["preset"]: row["time_per_row"] for row in csv.DictReader(TIMES.open(encoding="utf-8"))}
    lines = ["| preset | columns | needs | time per row |", "|---|---:|---|---:|"]
    details = []
    for name, factory in preset_table().items():
        if name not in times:
            continue
        preset = factory()
        needs = "structure" if preset.needs_structure else "composition"
        lines.append(f"| [`{name}`](#{name.replace('_', '-')}) | {len(preset.names):,} | {needs} | {times[name]} |")
        details.append(_details(name, factory, preset))
    return "\n".join([INTRODUCTION, *lines, "", *details])


def _details(name: str, factory: object, preset: object) -> str:
    first = (factory.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")
    options = ", ".join(f"`{key}` ({value.default!r})" for key, value in signature(factory).parameters.items())  # type: ignore[arg-type]
    names = preset.names  # type: ignore[attr-defined]
    shown = ", ".join(f"`{column}`" for column in names[:6]) + (
        f" and {len(names) - 6:,} more" if len(names) > 6 else ""
    )
    source = preset.citation  # type: ignore[attr-defined]
    return (
        f"## {name}\n\n{first.replace('``', '`')}\n\n"
        f"Columns: {shown}.\n\n"
        + (f"Options: {options}.\n\n" if options else "")
        + (f"Source: {source}\n" if source else "")
    )
