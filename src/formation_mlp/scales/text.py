"""What the verb ``scales`` prints."""

from __future__ import annotations

import textwrap

from formation_mlp.scales.maps import map_between, pairs, stored
from formation_mlp.scales.scale import DEFAULT, POPULATIONS, SCALES, scale_named
from formation_mlp.system.text_table import aligned


def overview() -> str:
    """Return one line for each scale.

    Examples
    --------
    >>> print(overview().splitlines()[0])
    scale     what it is                                      population         K
    """
    header = ["scale", "what it is", "population", "K"]
    rows = [[scale.name, scale.title, scale.population, f"{scale.temperature_K:g}"] for scale in SCALES.values()]
    return (
        f"{aligned(header, rows)}\n\n{DEFAULT} is the default. formation-mlp scales NAME explains one; "
        "formation-mlp convert puts a table on another."
    )


def explanation(name: str) -> str:
    """Return what a scale is, and how far the ways to others hold, as text.

    Raises
    ------
    ConfigError
        If there is no such scale.
    """
    scale = scale_named(name, "scales")
    lines = {
        "functional": scale.functional,
        "corrections": scale.corrections,
        "references": scale.references,
        "temperature": f"{scale.temperature_K:g} K" + ("" if scale.temperature_K else " (no vibrations)"),
        "population": f"{scale.population}: {POPULATIONS[scale.population]}",
        "source": scale.source,
        "licence": scale.licence,
        "note": scale.note,
    }
    width = max(map(len, lines))
    wrapped = [
        textwrap.fill(text, 100, initial_indent=f"{label:{width}}  ", subsequent_indent=" " * (width + 2))
        for label, text in lines.items()
    ]
    return "\n".join([f"{scale.name}: {scale.title}", "", *wrapped, "", _ways(name)])


def _ways(name: str) -> str:
    """Return a table of the scales that can be reached, with the errors on compounds that no map has seen."""
    rows = []
    for a, b in pairs():
        if name in (a, b):
            found, other = stored()["maps"][f"{a} {b}"], b if a == name else a
            errors = [f"{found[key]:.4f}" for key in ("exam_mean_before", "exam_mean", "exam_median")]
            rows.append([other, str(map_between(name, other).n), str(found["n_exam"]), *errors])
    header = ["convert to", "fitted to", "left out", "mean before", "mean after", "median after"]
    return f"{aligned(header, rows)}\n\nMean and median absolute differences, eV/atom, on the compounds left out."
