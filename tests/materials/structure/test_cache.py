"""Structure files are parsed once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from formation_mlp.materials import inputs
from formation_mlp.materials.inputs import ReadMaterials, read_structures
from formation_mlp.materials.structure import cache as structure_cache
from support.structures import rock_salt

N = structure_cache.WORTH_ITEMS


@pytest.fixture
def folder(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of as many CIF files as are worth keeping, the last one broken."""
    monkeypatch.setenv("FORMATION_MLP_CACHE", str(workplace / "cache"))
    files = workplace / "files"
    files.mkdir()
    for i in range(N):
        rock_salt("Na", "Cl", 5 + 0.01 * i).to(files / f"{i}.cif", fmt="cif")
    text = (files / "0.cif").read_text(encoding="utf-8")
    (files / "0.cif").write_text(text.replace("'Na4 Cl4'", "'Na4 Cl8'"), encoding="utf-8")
    (files / f"{N - 1}.cif").write_text("nonsense", encoding="utf-8")
    return files


def read(folder: Path, n: int = N) -> ReadMaterials:
    return read_structures([f"{i}.cif" for i in range(n)], folder)


def kept(folder: Path) -> list[Path]:
    return list((folder.parent / "cache" / "structures").glob("*.npz"))


def test_a_second_reading_parses_nothing_and_gives_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = read(folder)

    def parse(*_arguments: object) -> None:
        raise AssertionError("a file was parsed again")

    monkeypatch.setattr(inputs, "crystal_of_item", parse)
    second = read(folder)
    assert second.labels == first.labels
    assert second.failures == first.failures
    assert second.notes == first.notes
    assert "declares Na4 Cl8" in second.notes[0]
    assert list(second.failures) == [N - 1]
    a, b = first.materials.structures, second.materials.structures
    assert a is not None
    assert b is not None
    for name in ("site_ptr", "lattice", "z", "frac"):
        assert np.array_equal(getattr(a, name), getattr(b, name))


def test_a_file_that_changes_is_read_anew(folder: Path) -> None:
    assert N - 1 in read(folder).failures
    rock_salt("K", "Br", 6.6).to(folder / f"{N - 1}.cif", fmt="cif")
    again = read(folder)
    assert not again.failures
    assert len(kept(folder)) == 2


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 nonsense", None])
def test_a_damaged_file_is_noticed_and_made_again(folder: Path, damage: bytes | None) -> None:
    first = read(folder)
    (path,) = kept(folder)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] if damage is None else damage)
    assert read(folder).labels == first.labels
    assert path.read_bytes() == content


def test_few_files_and_objects_are_not_kept(folder: Path) -> None:
    read(folder, N - 1)
    read_structures([rock_salt("Na", "Cl", 5.6)] * N)
    assert kept(folder) == []


def test_nothing_is_kept_where_the_cache_is_off_or_cannot_be_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORMATION_MLP_CACHE", "off")
    assert len(read(folder).labels) == N
    (folder.parent / "blocked").write_text("", encoding="utf-8")
    monkeypatch.setenv("FORMATION_MLP_CACHE", str(folder.parent / "blocked"))
    assert len(read(folder).labels) == N
    assert kept(folder) == []
