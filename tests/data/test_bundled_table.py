from __future__ import annotations

import csv
import gzip
import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pymatgen.core.composition import Composition

from support.modules import module_at
from support.paths import BUNDLED, ROOT

README = ROOT / "data" / "README.md"
BUILDER = ROOT / "scripts" / "build_measured_enthalpies.py"
COMPARISON = ROOT / "scripts" / "compare_measured_enthalpies.py"


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with BUNDLED.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def builder() -> Any:
    return module_at(BUILDER)


@pytest.fixture(scope="module")
def entries(builder: Any) -> Any:
    try:
        path = builder.source_file()
    except builder.BuildError as error:
        pytest.skip(str(error))
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return json.load(file)


def test_the_readme_states_the_checksum_of_the_table() -> None:
    stated = re.search(r"^SHA-256 `([0-9a-f]{64})`$", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert stated is not None
    assert stated.group(1) == hashlib.sha256(BUNDLED.read_bytes()).hexdigest()


def test_the_readme_counts_what_the_table_holds(rows: list[dict[str, str]]) -> None:
    text = README.read_text(encoding="utf-8")
    compositions = [Composition(row["formula"]) for row in rows]
    enthalpies = [float(row["formation_enthalpy_per_atom"]) for row in rows]
    flags = Counter(row["uncertainty_flag"] for row in rows)
    n_elements = Counter(map(len, compositions))
    assert f"| rows | {len(rows):,}, all formulas different" in text
    assert f"| elements | {len({element for c in compositions for element in c})}:" in text
    assert f"two {n_elements[2]:,}; three {n_elements[3]}; four {n_elements[4]}; none are elements" in text
    assert sum(n_elements[n] for n in (2, 3, 4)) == len(rows)
    assert f"{min(enthalpies):.3f} (CeF3) to {max(enthalpies):.3f} (CuCN)" in text
    assert f"{sum(e > 0 for e in enthalpies)} positive; {sum(e < -1 for e in enthalpies)} (31.2 %) below -1" in text
    assert all(f"{n:,} `{flag}`" in text for flag, n in flags.items())
    assert f"{sum(bool(row['mp_id']) for row in rows):,}, all different" in text
    assert f"{sum(c.num_atoms >= 100 for c in compositions)} formulas have 100 atoms or more" in text


def test_the_table_is_plain_utf8_csv_with_the_documented_columns() -> None:
    content = BUNDLED.read_bytes()
    assert b"\r" not in content
    assert not content.startswith(b"\xef\xbb\xbf")
    header = content.decode("utf-8").split("\n", 1)[0].split(",")
    assert header == [
        "formula",
        "formation_enthalpy_per_atom",
        "uncertainty_per_atom",
        "uncertainty_flag",
        "mp_id",
        "source",
    ]
    assert all(f"| `{column}` |" in README.read_text(encoding="utf-8") for column in header)


@pytest.mark.parametrize(
    ("formula", "kj_per_mol", "n_atoms"),
    [("NaCl", -411.3, 2), ("MgO", -601.6, 2), ("Al2O3", -1668.2, 5), ("SiO2", -908.3, 3)],
)
def test_known_enthalpies_are_in_electronvolt_per_atom(
    rows: list[dict[str, str]], formula: str, kj_per_mol: float, n_atoms: int
) -> None:
    found = {row["formula"]: float(row["formation_enthalpy_per_atom"]) for row in rows}
    assert found[formula] == pytest.approx(kj_per_mol / 96.4853 / n_atoms, abs=0.001)


def test_formulas_are_unique_sorted_and_reduced(rows: list[dict[str, str]]) -> None:
    formulas = [row["formula"] for row in rows]
    assert formulas == sorted(set(formulas))
    assert [f for f in formulas if Composition(f).reduced_formula != f] == []


def test_uncertainties_are_sane_and_blank_only_where_the_flag_says_why(rows: list[dict[str, str]]) -> None:
    for row in rows:
        if row["uncertainty_flag"] in ("absent", "zero"):
            assert row["uncertainty_per_atom"] == ""
            continue
        uncertainty = float(row["uncertainty_per_atom"])
        assert 0 < uncertainty < 0.25
        exceeds = uncertainty > abs(float(row["formation_enthalpy_per_atom"]))
        assert row["uncertainty_flag"] == ("exceeds_value" if exceeds else "stated")


def test_the_builder_confirms_the_committed_table(entries: list[dict[str, object]]) -> None:
    done = subprocess.run([sys.executable, BUILDER, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert hashlib.sha256(BUNDLED.read_bytes()).hexdigest() in done.stdout


def test_the_builder_writes_the_committed_table_and_refuses_an_altered_one(
    builder: Any, entries: list[dict[str, object]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "table.csv"
    assert builder.main(["--table", str(copy)]) == 0
    assert copy.read_bytes() == BUNDLED.read_bytes()
    assert list(tmp_path.iterdir()) == [copy]
    copy.write_bytes(copy.read_bytes().replace(b"-2.131412", b"-2.131413"))
    assert builder.main(["--check", "--table", str(copy)]) == 1
    assert "NaCl,-2.131412" in capsys.readouterr().err


def test_the_builder_refuses_another_unit(builder: Any, entries: list[dict[str, object]]) -> None:
    slightly_off = [{**entry, "exp energy": 1.002 * float(entry["exp energy"])} for entry in entries]  # type: ignore[arg-type]
    with pytest.raises(builder.BuildError, match=r"expected -\d\.\d+ ± 0.001 eV/atom"):
        builder.build_rows(slightly_off)
    in_kj = {"formula": "NaCl", "exp energy": -411.3, "uncertainty": 0.4, "mpid": None}
    with pytest.raises(builder.BuildError, match=r"NaCl: -205\.65 eV/atom"):
        builder.build_rows([in_kj])


def test_the_builder_refuses_duplicates_unreduced_formulas_and_absurd_uncertainties(
    builder: Any,
) -> None:
    salt = {"formula": "NaCl", "exp energy": -4.262, "uncertainty": 0.004, "mpid": None}
    with pytest.raises(builder.BuildError, match="1 reduced formulas occur more than once"):
        builder.build_rows([salt, {**salt, "formula": "ClNa"}])
    with pytest.raises(builder.BuildError, match="Na2Cl2: not a reduced formula"):
        builder.build_rows([{**salt, "formula": "Na2Cl2"}])
    with pytest.raises(builder.BuildError, match=r"uncertainty 167\.5 eV/atom"):
        builder.build_rows([{**salt, "uncertainty": 335.0}])


def test_sodium_nitride_stays_text_and_a_missing_uncertainty_stays_blank(builder: Any) -> None:
    row = builder.table_row({"formula": "NaN", "exp energy": 0.1, "uncertainty": float("nan"), "mpid": None})
    assert row["formula"] == "NaN"
    assert (row["uncertainty_per_atom"], row["uncertainty_flag"], row["mp_id"]) == ("", "absent", "")


def test_a_pymatgen_without_the_file_is_named(
    builder: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(builder, "PLACES", ("nowhere/exp_compounds.json.gz",))
    assert builder.main(["--check"]) == 1
    assert "not in the installed pymatgen" in capsys.readouterr().err


@pytest.mark.slow
def test_the_comparison_leaves_out_blank_values_and_the_source_of_the_table(tmp_path: Path) -> None:
    compilation = tmp_path / "by_source.csv"
    compilation.write_text(
        "formula,source,formation_enthalpy_per_atom\n"
        "NaCl,CRC,-2.051412\nNaCl,CRC,-2.0\nMgO,CRC,\nNaCl,MP2020-fit,-9\nMgO,MP2020-fit,-9\nNaCl,IIT,-5\n",
        encoding="utf-8",
    )
    command: list[str | Path] = [sys.executable, COMPARISON, compilation, "--worst", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "left out: MP2020-fit, 2 values" in done.stdout
    summary = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line.strip()}
    assert [float(number) for number in summary["CRC"]] == [1, 0, 0.08, 0.08, 1, 0]
    assert re.search(r"^reference +1 +0 ", done.stdout, re.MULTILINE)
    assert "-9" not in done.stdout
