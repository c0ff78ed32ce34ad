"""Structures: crystals written as CIF, POSCAR, JSON and extended XYZ; files damaged at random; hostile ones."""

import gzip
import json
import sys
from functools import reduce
from math import gcd

import numpy as np

from fuzzing.cif_text import random_cif
from fuzzing.object_text import CANARY, HOSTILE_JSON, HOSTILE_TEXT, as_fields, change_fields, swapped, xyz_frame
from fuzzing.poscar_text import random_poscar
from fuzzing.prototypes import random_crystal
from fuzzing.record import Refusal

MAY_BE_RIGHT = ("the type", "the label", "a symbol", "no symmetry", "no elements", "the element")
"""Reasons to refuse that other lines of a file may settle: the right answer is right then."""


class Crystals:
    """Read each file alone, some also compressed or as text; then all of them together, twice, to meet the cache."""

    def __init__(self) -> None:
        self.alone = []
        self.ways = {
            "CIF, right in every point": (2, self.plain_cif),
            "CIF dialects": (6, self.cif),
            "POSCAR, right in every point": (1, self.plain_poscar),
            "POSCAR dialects": (3, self.poscar),
            "pymatgen JSON": (2, self.as_json),
            "extended XYZ": (1, self.xyz),
            "CIF with lines lost or changed": (3, self.damaged),
            "any bytes changed": (2, self.bytes_changed),
            "hostile": (1, self.hostile),
        }

    def warm_up(self) -> None:
        from ase.io import iread  # noqa: F401
        from pymatgen.core import Lattice, Structure
        from pymatgen.io.ase import AseAtomsAdaptor  # noqa: F401

        from fuzzing.models import predictor

        salt = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
        predictor("structure").predict_rows([salt])

    def plain_cif(self, rng, trial) -> None:
        made = random_cif(rng, plain=True)
        trial.give(made.text)
        self._judge(rng, trial, "x.cif", made.text.encode(), made.crystals, "", must_read=True)

    def cif(self, rng, trial) -> None:
        made = random_cif(rng)
        trial.give(made.text)
        name = rng.choice(["x.cif", "x.cif", "x.CIF", "x.cif.gz", "x.Cif"])
        self._judge(rng, trial, name, made.text.encode(made.encoding), made.crystals, made.must_refuse)

    def plain_poscar(self, rng, trial) -> None:
        text, crystal, _ = random_poscar(rng, plain=True)
        trial.give(text)
        self._judge(rng, trial, "x.vasp", text.encode(), [crystal], "", must_read=True)

    def poscar(self, rng, trial) -> None:
        text, crystal, reason = random_poscar(rng)
        trial.give(text)
        name = rng.choice(["POSCAR", "CONTCAR", "x.vasp", "x.poscar", "POSCAR.gz", "POSCAR_x", "x.VASP"])
        self._judge(rng, trial, name, text.encode(), [crystal], reason)

    def as_json(self, rng, trial) -> None:
        crystal = random_crystal(rng, most=30)
        fields, reason = as_fields(crystal), ""
        for _ in range(rng.choice([0, 1, 1, 2])):
            reason = change_fields(rng, fields) or reason
        text = json.dumps(fields)
        trial.give(text)
        before = set(sys.modules)
        self._judge(rng, trial, "x.json", text.encode(), [crystal], reason)
        imported = {"antigravity", "this", CANARY, "xmlrpc.server", "turtledemo"} & (set(sys.modules) - before)
        if imported:
            trial.find("silent", f"the file had {', '.join(imported)} imported")
            for name in imported:
                del sys.modules[name]

    def xyz(self, rng, trial) -> None:
        from formation_mlp.config.schema import DataConfig
        from formation_mlp.data.dataset import materials_of_frame
        from formation_mlp.data.sources import read_table

        crystals = [random_crystal(rng, most=20) for _ in range(rng.randint(1, 3))]
        reason, frames = "", []
        for crystal in crystals:
            frame, bad = xyz_frame(rng, crystal)
            frames.append(frame)
            reason = reason or bad
        text = "".join(frames)
        trial.give(text)
        path = trial.folder / rng.choice(["x.extxyz", "x.xyz"])
        path.write_text(text)
        frame = trial.call(read_table, str(path))
        if frame is None or isinstance(frame, Refusal):
            return
        read = trial.call(materials_of_frame, frame, DataConfig(path=str(path)))
        if read is not None and not isinstance(read, Refusal):
            if read.failures:
                trial.refuse("; ".join(read.failures.values()))
            self._compare(trial, read, crystals, reason)

    def damaged(self, rng, trial) -> None:
        """Lose or repeat lines of a CIF that declares its sum: what is left must agree with it, or that is said."""
        made = random_cif(rng, plain=True)
        while "_chemical_formula_sum" not in made.text:
            made = random_cif(rng, plain=True)
        lines = made.text.split("\n")
        for _ in range(rng.choice([1, 1, 2])):
            at = rng.choice([i for i, line in enumerate(lines) if "formula_sum" not in line] or [0])
            lines = rng.choice([lines[:at] + lines[at + 1 :], lines[: at + 1] + lines[at:], swapped(rng, lines, at)])
        text = "\n".join(lines)
        trial.give(text)
        reason = ""
        if "formula_sum" not in text:
            return
        self._judge(rng, trial, "x.cif", text.encode(), made.crystals, reason, only_composition=True)

    def bytes_changed(self, rng, trial) -> None:
        """Change bytes anywhere: what comes out cannot be known, but that nothing breaks can."""
        kind = rng.randrange(3)
        if kind == 0:
            name, data = "x.cif", bytearray(random_cif(rng).text.encode("latin-1", "replace"))
        elif kind == 1:
            name, data = "POSCAR", bytearray(random_poscar(rng)[0].encode())
        else:
            name, data = "x.json", bytearray(json.dumps(as_fields(random_crystal(rng, most=12))).encode())
        for _ in range(rng.choice([1, 2, 5, 20])):
            at = rng.randrange(len(data))
            match rng.randrange(3):
                case 0:
                    data[at] = rng.randrange(256)
                case 1:
                    del data[at : at + rng.choice([1, 1, 30])]
                case _:
                    data[at:at] = rng.choice(
                        [b"0", b"-", b".", b"'", b'"', b"\0", b"\n", b"9" * 40, b"nan", b"[", b"{", b"?"]
                    )
            if not data:
                break
        data = bytes(data)
        trial.give(repr(data))
        self._read(rng, trial, name, data)

    def hostile(self, rng, trial) -> None:
        if rng.random() < 0.4:
            name, text = "x.json", rng.choice(HOSTILE_JSON)
        else:
            name, text = rng.choice(["x.cif", "POSCAR", "x.json"]), rng.choice(HOSTILE_TEXT)
        data = text.encode("utf-8", "surrogatepass")
        if rng.random() < 0.2:
            name, data = name + ".gz", rng.choice([data, gzip.compress(data)[:-9], gzip.compress(data), b""])
        trial.give(f"{name}: {text}")
        read = self._read(rng, trial, name, data)
        if trial.outcome == "read" and read is not None:
            trial.find("silent", f"read as {read.materials.compositions.formulas()}")

    def _judge(self, rng, trial, name, data, crystals, reason, *, must_read=False, only_composition=False) -> None:
        read = self._read(rng, trial, name, gzip.compress(data) if name.endswith(".gz") else data)
        if must_read and trial.outcome == "refused":
            trial.find("silent", f"refused, though nothing is wrong: {trial.detail}")
        if read is not None and trial.outcome == "read":
            self._compare(trial, read, crystals, reason, only_composition=only_composition)

    def _read(self, rng, trial, name, data):
        from formation_mlp.materials.inputs import read_materials, read_structures

        path = trial.folder / name
        path.write_bytes(data)
        read = trial.call(read_materials, [path])
        if read is None or isinstance(read, Refusal):
            return None
        if len(data) < 50_000:
            self.alone.append((trial, name, data, _answers(read, path)))
        if rng.random() < 0.2 and not name.endswith(".gz"):
            packed = trial.folder / f"{name}.gz"
            packed.write_bytes(gzip.compress(data))
            self._same(trial, "compressed", _answers(read, path), trial.call(read_materials, [packed]), packed)
        if rng.random() < 0.2 and not name.endswith(".gz") and not read.failures:
            try:
                text = data.decode("utf-8-sig")
            except UnicodeDecodeError:
                text = ""
            if text:
                again = trial.call(read_structures, [text])
                self._same(trial, "as text", _answers(read, path), again, None)
            made = trial.call(lambda: read.materials.structures.to_pymatgen())
            if made:
                self._same(
                    trial, "as an object", _answers(read, path), trial.call(read_materials, made), None, numbers=True
                )
        if len(read.failures) == len(read.labels):
            trial.refuse(read.failures[0])
            return None
        if read.notes or read.failures:
            trial.remark("; ".join([*read.notes.values(), *read.failures.values()]))
        if rng.random() < 0.05 and read.materials.structures.n_sites.max() < 40:
            self._predict(trial, path)
        return read

    def _predict(self, trial, path) -> None:
        from fuzzing.models import predictor

        found = trial.call(lambda: predictor("structure").predict_rows([path]))
        if found is not None and not isinstance(found, Refusal):
            for value, error in zip(found.values, found.errors, strict=True):
                if not error and not -20 < value < 20:
                    trial.find("silent", f"a prediction of {value:g} eV/atom")

    def _same(self, trial, how, answers, read, path, *, numbers=False) -> None:
        if read is None:
            return
        if isinstance(read, Refusal):
            trial.find("differs", f"{how}: refused: {read.reason}")
            return
        other = _answers(read, path)
        if [answer[0] for answer in other] != [answer[0] for answer in answers]:
            trial.find("differs", f"{how}: {other!r}, alone {answers!r}"[:600])

    def _compare(self, trial, read, crystals, reason, *, only_composition=False) -> None:
        structures = read.materials.structures
        found = [_described(structures.take([i])) for i in range(len(read.labels)) if i not in read.failures]
        if trial.outcome != "read" or read.notes:
            return
        truths = [(_reduced(crystal.counts), *_geometry(crystal)) for crystal in crystals]
        right = len(found) == len(truths) and all(
            one[0] == truth[0] and (only_composition or np.allclose(one[1:], truth[1:], rtol=0.01))
            for one, truth in zip(found, truths, strict=True)
        )
        if not right:
            trial.find("silent", f"read as {found}, but it is {truths}. {reason}")
        elif reason and not reason.startswith(MAY_BE_RIGHT):
            trial.find("silent", f"read as {found} in spite of {reason}")

    def finish(self, trial) -> None:
        from formation_mlp.materials.inputs import read_materials

        paths = []
        for i, (_, name, data, _answer) in enumerate(self.alone):
            folder = trial.folder / str(i)
            folder.mkdir()
            path = folder / name
            path.write_bytes(data)
            paths.append(path)
        for how in ("beside others", "beside others, from the cache"):
            for start in range(0, len(paths), 500):
                part = paths[start : start + 500]
                read = trial.call(read_materials, part)
                if read is None or isinstance(read, Refusal):
                    continue
                rows = _by_item(read, part)
                for path, answers, (one, _n, _d, alone) in zip(
                    part, rows, self.alone[start : start + 500], strict=True
                ):
                    if answers != _placed(alone, path):
                        one.find("differs", f"{how}: {answers!r}, alone {alone!r}"[:600])


def _answers(read, path):
    """Return what was read of a file, row by row, without its place."""
    structures = read.materials.structures
    rows = []
    for i in range(len(read.labels)):
        one = structures.take([i])
        numbers = (one.lattice.round(6).tolist(), one.z.tolist(), one.frac.round(6).tolist())
        texts = (read.failures.get(i), read.notes.get(i))
        rows.append((numbers, tuple(None if t is None or path is None else t.replace(str(path), "") for t in texts)))
    return rows


def _by_item(read, paths):
    if len(read.labels) == len(paths):
        return [_answers(_Row(read, i), paths[i]) for i in range(len(paths))]
    places = getattr(read, "items", None)  # several rows of one file
    rows = [[] for _ in paths]
    for i in range(len(read.labels)):
        item = places[i]
        rows[item] += _answers(_Row(read, i), paths[item])
    return rows


class _Row:
    """One row of what was read."""

    def __init__(self, read, i) -> None:
        self.materials = read.materials.take([i])
        self.labels = [read.labels[i]]
        self.failures = {0: read.failures[i]} if i in read.failures else {}
        self.notes = {0: read.notes[i]} if i in read.notes else {}


def _placed(answers, _path):
    return answers


def _reduced(counts):
    divisor = reduce(gcd, counts.values())
    return tuple(sorted((symbol, count // divisor) for symbol, count in counts.items()))


def _geometry(crystal) -> tuple[float, float]:
    """Return atoms per cubic angstrom, and the mean distance to the nearest neighbour in angstrom."""
    from formation_mlp.materials.structure.crystal import lattice_vectors

    lattice = lattice_vectors(np.array(crystal.cell))
    return _of_cell(lattice, np.array([place for _, place in crystal.sites()]))


def _described(one):
    from formation_mlp.chemistry.elements import SYMBOLS

    counts = {}
    for z in one.z.tolist():
        counts[SYMBOLS[z]] = counts.get(SYMBOLS[z], 0) + 1
    return (_reduced(counts), *_of_cell(one.lattice[0], one.frac)) if counts else ((), 0.0, 0.0)


def _of_cell(lattice, frac) -> tuple[float, float]:
    shifts = np.stack(np.meshgrid(*[[-1, 0, 1]] * 3), -1).reshape(-1, 3)
    frac = frac % 1.0
    apart = (frac[:, None, None] - frac[None, :, None] + shifts) @ lattice
    distances = np.sort(np.linalg.norm(apart, axis=-1).reshape(len(frac), -1), axis=1)[:, 1]
    return len(frac) / abs(np.linalg.det(lattice)), float(distances.mean())
