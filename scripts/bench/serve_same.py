"""Compare what the service answers with what the command line prints, cell by cell: python scripts/bench/serve_same.py.

1,000 formulas on all energy scales, 200 of them once more one by one, and 100 structures.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from serve import BATCH, formulas, started

CATIONS = ("Li", "Na", "K", "Rb", "Mg", "Ca", "Sr", "Ba", "Mn", "Fe", "Ni", "Zn")
SINGLES = 200
ANIONS = ("F", "Cl", "Br", "I", "O", "S", "Se", "Te", "N")


def main() -> None:
    with tempfile.TemporaryDirectory() as name, started() as service:
        folder, asked = Path(name), formulas(BATCH)
        answers = json.loads(service.ask("/api/v1/predict", {"formulas": asked, "scale": "all"})[1])["rows"]
        printed = of_command("--scale", "all", *asked)
        print(f"same: {different(answers, printed)} of {len(answers) * len(answers[0])} cells of 1,000 formulas differ")
        alone = [
            json.loads(service.ask("/api/v1/predict", {"formulas": [formula], "scale": "all"})[1])["rows"][0]
            for formula in asked[:SINGLES]
        ]
        print(f"same: {different(alone, printed[:SINGLES])} cells of {SINGLES} formulas that are asked alone differ")
        files = structures(folder)
        sent = json.loads(service.ask("/api/v1/predict/structures", *multipart(files))[1])["rows"]
        printed = of_command(*map(str, files))
        for cells in printed:
            cells["id"] = Path(cells["id"]).name
        print(f"same: {different(sent, printed)} of {len(sent) * len(sent[0])} cells of {len(sent)} structures differ")


def of_command(*arguments: str) -> list[dict[str, str]]:
    done = subprocess.run(
        [sys.executable, "-m", "formation_mlp", "predict", *arguments], capture_output=True, text=True, check=True
    )
    return list(csv.DictReader(io.StringIO(done.stdout)))


def different(rows: list[dict[str, object]], printed: list[dict[str, str]]) -> int:
    assert len(rows) == len(printed)
    pairs = [(a[name], b[name]) for a, b in zip(rows, printed, strict=True) for name in b]
    return sum(value != float(cell) if isinstance(value, float) else (value or "") != cell for value, cell in pairs)


def structures(folder: Path) -> list[Path]:
    """Write 100 structures of the rock salt kind, distorted, as POSCAR."""
    generator, files = np.random.default_rng(0), []
    pairs = [(a, b) for a in CATIONS for b in ANIONS][:100]
    for a, b in pairs:
        cell, shift = 4 + 2 * generator.random(), 0.03 * generator.normal(size=3)
        sites = [
            (0, 0, 0),
            (0, 0.5, 0.5),
            (0.5, 0, 0.5),
            (0.5, 0.5, 0),
            (0.5, 0, 0),
            (0, 0.5, 0),
            (0, 0, 0.5),
            0.5 + shift,
        ]
        lines = "\n".join(" ".join(f"{x:.6f}" for x in site) for site in sites)
        path = folder / f"{a}{b}.vasp"
        path.write_text(f"{a}{b}\n1.0\n{cell} 0 0\n0 {cell} 0\n0 0 {cell}\n{a} {b}\n4 4\nDirect\n{lines}\n")
        files.append(path)
    return files


def multipart(files: list[Path]) -> tuple[bytes, str]:
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="files"; filename="{file.name}"\r\n\r\n'.encode()
        + file.read_bytes()
        + b"\r\n"
        for file in files
    ]
    return b"".join(parts) + b"--x--\r\n", "multipart/form-data; boundary=x"


if __name__ == "__main__":
    main()
