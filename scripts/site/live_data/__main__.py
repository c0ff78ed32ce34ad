"""Write the data of the pages that move: ``python scripts/site/live_data``, or some of them by name.

All numbers come from the package, trained as in the lessons; the files lie beside the scripts that draw them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import activation_formulas
import backpropagation
import compounds
import element_properties
import energy_network
import loss_surfaces
import training_curves

FOLDER = Path(__file__).parents[3] / "docs" / "_static" / "live" / "data"

PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "activations": activation_formulas.formulas,
    "boundary": compounds.boundary,
    "threshold": compounds.threshold,
    "pairs": compounds.pairs,
    "elements": element_properties.elements,
    "backprop": backpropagation.start,
    "valleys": loss_surfaces.valleys,
    "curves": training_curves.curves,
    "energy": energy_network.energy,
}


def main(names: list[str]) -> None:
    for name in names or PARTS:
        text = json.dumps(PARTS[name](), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        head = '"use strict";\n// Written by python scripts/site/live_data\n'
        (FOLDER / f"{name}.js").write_text(f"{head}live.data.{name} = {text};\n", encoding="utf-8")
        print(f"{name}: {len(text):,} characters")


if __name__ == "__main__":
    main(sys.argv[1:])
