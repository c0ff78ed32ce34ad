"""Model files: bits flipped, descriptions edited, tensors replaced; with the digest as it was, and without one."""

import json
import shutil
import struct
from functools import cache
from pathlib import Path

import numpy as np

from fuzzing.record import Refusal

ASKED = ("NaCl", "Fe2O3", "XeF2", "LiNi0.5Mn1.5O4")
VALUES = (
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        2,
        0.5,
        1e30,
        -1e-30,
        10**30,
        10**400,
        float("nan"),
        float("inf"),
        "",
        "x",
        "\ud800",
        "relu",
    ),
    *([], [[]], [None], ["x"], [1, 2], {}, {"x": 1}, {"": None}, "9" * 5000),
)
TINY = {
    "features": ["stoichiometry", "element_fraction"],
    "split": {"val": 0.2, "test": 0.2},
    "model": {"hidden": [8]},
    "training": {"max_epochs": 2, "batch_size": 16, "device": "cpu"},
    "benchmark": {"baselines": ["mean", "ridge"]},
}


@cache
def predictor(name):
    from formation_mlp import load

    return load(name)


def tiny_run(folder: Path) -> Path:
    """Train a small network on every fortieth row of the bundled table; return its folder."""
    import matplotlib.pyplot  # noqa: F401
    import pandas as pd

    from formation_mlp.config.loading import check_config
    from formation_mlp.data.sources import read_table
    from formation_mlp.runs import train as run
    from formation_mlp.runs.progress import Reporter

    table = folder / "table.csv"
    frame = read_table("bundled")[["formula", "formation_enthalpy_per_atom"]]
    pd.DataFrame(frame.iloc[:: len(frame) // 60]).to_csv(table, index=False)
    raw = TINY | {"data": {"path": str(table), "source": "measured"}, "output": str(folder / "run")}
    run.train(check_config(raw, "tiny"), Reporter(-1))
    return folder / "run"


class Models:
    """Load each damaged file and ask it; a damaged file that answers must answer as the sound one does."""

    def __init__(self) -> None:
        self.ways = {
            "a bit flipped": (3, self.bit),
            "cut, or bytes changed": (2, self.cut),
            "description edited": (3, self.edited),
            "description edited, no digest": (4, self.edited_old),
            "tensors replaced, no digest": (3, self.tensors),
        }
        self.content = b""
        self.right = []

    def warm_up(self) -> None:
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            run = tiny_run(Path(folder))
            self.content = (run / "model.safetensors").read_bytes()
            self.right = _ask(run / "model.safetensors")

    def bit(self, rng, trial) -> None:
        data = bytearray(self.content)
        at = rng.randrange(len(data)) if rng.random() < 0.5 else rng.randrange(min(20_000, len(data)))
        data[at] ^= 1 << rng.randrange(8)
        trial.give(f"byte {at} of {len(data)} is {data[at]}, was {self.content[at]}")
        self._judge(trial, bytes(data))

    def cut(self, rng, trial) -> None:
        data = bytearray(self.content)
        at = rng.randrange(len(data))
        match rng.randrange(5):
            case 0:
                data = data[:at]
            case 1:
                data += b"\0" * rng.randint(1, 100)
            case 2:
                data[at : at + 8] = bytes(rng.randrange(256) for _ in range(8))
            case 3:
                data[:8] = struct.pack("<Q", rng.choice([0, 1, 2**63, len(data), 2**64 - 1, 10]))
            case _:
                data = bytearray(rng.choice([b"", b"\0" * 8, b"x" * 100, b"[" * 1000, struct.pack("<Q", 2) + b"{}"]))
        trial.give(f"{len(data)} of {len(self.content)} bytes; {bytes(data[:20])!r}; changed at {at}")
        self._judge(trial, bytes(data))

    def edited(self, rng, trial) -> None:
        header, body = _split(self.content)
        name = _description_key(header)
        description = json.loads(header["__metadata__"][name])
        trial.give(f"{edit_value(rng, description)}")
        header["__metadata__"][name] = json.dumps(description, sort_keys=True)
        self._judge(trial, _joined(header, body))

    def edited_old(self, rng, trial) -> None:
        """Edit the description of a file that has no digest: values may change the numbers, no more."""
        header, body = _split(self.content)
        description = _without_digest(header)
        trial.give(" and ".join(edit_value(rng, description) for _ in range(rng.choice([1, 1, 2]))))
        header["__metadata__"] = {"formation_mlp": json.dumps(description, sort_keys=True)}
        self._judge(trial, _joined(header, body), only_sane=True)

    def tensors(self, rng, trial) -> None:
        header, body = _split(self.content)
        description = _without_digest(header)
        header["__metadata__"] = {"formation_mlp": json.dumps(description, sort_keys=True)}
        name = rng.choice([key for key in header if key != "__metadata__"])
        entry = header[name]
        start, end = entry["data_offsets"]
        what = rng.randrange(5)
        if what == 0:
            bad = rng.choice([np.nan, np.inf, -np.inf, 1e30, -1.0, 0.0])
            kind = {"F32": np.float32, "F64": np.float64, "F16": np.float16}.get(entry["dtype"], np.uint8)
            array = np.frombuffer(body[start:end], kind).copy()
            array[: rng.choice([1, len(array)])] = bad if kind is not np.uint8 else 255
            body = body[:start] + array.tobytes() + body[end:]
            trial.give(f"{name} {entry['dtype']} holds {bad}")
        elif what == 1:
            n = end - start
            kind, size = rng.choice(
                [("U8", 1), ("I8", 1), ("F32", 4), ("F64", 8), ("I64", 8), ("BOOL", 1), ("F16", 2), ("BF16", 2)]
            )
            header[name] = entry | {"dtype": kind, "shape": [n // size]} if n % size == 0 else entry | {"dtype": kind}
            trial.give(f"{name} is {header[name]}")
        elif what == 2:
            shape = entry["shape"]
            total = int(np.prod(shape))
            header[name] = entry | {"shape": rng.choice([[total], [1, total], [total, 1], [*shape, 1], shape[::-1]])}
            trial.give(f"{name} is {header[name]}, was {entry}")
        elif what == 3:
            header[rng.choice(["x", "members.7.x", "scaler.x", "domain.x", "members.x"])] = header.pop(name)
            trial.give(f"{name} has another name")
        else:
            keys = list(header)
            other = rng.choice([key for key in keys if key not in ("__metadata__",)])
            header[name], header[other] = header[other], header[name]
            trial.give(f"{name} and {other} change places")
        self._judge(trial, _joined(header, body), only_sane=True)

    def _judge(self, trial, data, *, only_sane=False) -> None:
        path = trial.folder / "model.safetensors"
        path.write_bytes(data)
        found = trial.call(_ask, path)
        if found is None or isinstance(found, Refusal):
            return
        if only_sane:
            wild = [value for value, error, *_ in found if not error and not -20 <= value <= 20]
            if wild:
                trial.find("silent", f"it predicts {wild} eV/atom")
        elif repr(found) != repr(self.right):
            trial.find("silent", f"it answers {found}, where the sound file answers {self.right}"[:500])


def _ask(path):
    from formation_mlp import load

    found = load(path).predict_rows(list(ASKED), level=0.9)
    ends = found.lo.tolist() if found.lo is not None else [None] * len(ASKED)
    return list(zip(found.values.tolist(), found.errors, found.warnings, ends, strict=True))


def _split(content):
    size = struct.unpack("<Q", content[:8])[0]
    return json.loads(content[8 : 8 + size]), content[8 + size :]


def _joined(header, body) -> bytes:
    text = json.dumps(header).encode("utf-8", "surrogatepass")
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + body


def _description_key(header):
    return "formation_mlp"


def _without_digest(header):
    """Return the description as a file of an earlier format has it."""
    description = json.loads(header["__metadata__"]["formation_mlp"])
    for key in [key for key in description if "digest" in key or "sha256" in key]:
        del description[key]
    description["format"] = min(description["format"], 3)
    return description


def edit_value(rng, description) -> str:
    """Change one value anywhere in nested plain data; return what was changed."""
    node, path = description, []
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = rng.choice(keys)
        path.append(str(key))
        if isinstance(node[key], dict | list) and node[key] and rng.random() < 0.8:
            node = node[key]
            continue
        if rng.random() < 0.15:
            del node[key]
            return f"{'.'.join(path)} left out"
        value = rng.choice(VALUES)
        if isinstance(node[key], int | float) and rng.random() < 0.5:
            value = rng.choice([node[key] * 2, node[key] + 1, -node[key], node[key] * 1.1])
        if rng.random() < 0.03:
            value = json.loads("[" * 400 + "]" * 400)
        node[key] = value
        return f"{'.'.join(path)} = {value!r}"


def copied(run: Path, place: Path) -> Path:
    return Path(shutil.copytree(run, place))
