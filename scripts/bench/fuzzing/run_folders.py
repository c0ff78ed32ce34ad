"""Folders of finished runs: the JSON, YAML and CSV files in them edited, cut, replaced or lost."""

import json
import tempfile
from pathlib import Path

from fuzzing.models import copied, edit_value, tiny_run
from fuzzing.record import Refusal

FILES = ("split.json", "report.json", "history.jsonl", "config.yaml", "predictions.csv")
CONTENTS = (
    "",
    "null",
    "[]",
    "{}",
    "3",
    '"x"',
    "[" * 100_000,
    "\0",
    "\xff",
    "[[]]",
    '{"train": null}',
    "a: [b",
    "a,b\n1",
    "NaN",
    "features: 3",
)


class RunFolders:
    """Score, read for a report, and resume; what is scored must be what the sound folder gives."""

    slow_seconds = 10.0

    def __init__(self) -> None:
        self.ways = {
            "a value edited": (4, self.edited),
            "a file replaced, cut or lost": (3, self.replaced),
            "rows moved between the parts": (1, self.moved),
            "bytes changed": (2, self.changed),
        }

    def warm_up(self) -> None:
        from formation_mlp.runs import train as run

        self.place = tempfile.TemporaryDirectory()
        self.run = tiny_run(Path(self.place.name))
        self.right = repr(run.score_again(self.run)[1])

    def edited(self, rng, trial) -> None:
        folder = copied(self.run, trial.folder / "run")
        name = rng.choice(FILES[:4])
        path = folder / name
        if name.endswith(".json"):
            content = json.loads(path.read_text())
            trial.give(f"{name}: {edit_value(rng, content)}")
            path.write_text(json.dumps(content), errors="surrogatepass")
        elif name.endswith(".jsonl"):
            lines = [json.loads(line) for line in path.read_text().splitlines()]
            trial.give(f"{name}: {edit_value(rng, lines)}")
            path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        else:
            import yaml

            content = yaml.safe_load(path.read_text())
            trial.give(f"{name}: {edit_value(rng, content)}")
            try:
                path.write_text(yaml.safe_dump(content), errors="surrogatepass")
            except (yaml.YAMLError, ValueError, RecursionError):
                path.write_text(json.dumps(content))
        self._judge(rng, trial, folder, name)

    def replaced(self, rng, trial) -> None:
        folder = copied(self.run, trial.folder / "run")
        name = rng.choice([*FILES, "DONE", "model.safetensors"])
        path = folder / name
        match rng.randrange(4):
            case 0:
                path.unlink()
                trial.give(f"{name} is lost")
            case 1:
                path.unlink()
                path.mkdir()
                trial.give(f"{name} is a folder")
            case 2:
                data = path.read_bytes()
                path.write_bytes(data[: rng.randint(0, max(len(data) - 1, 0))])
                trial.give(f"{name} is cut at {path.stat().st_size}")
            case _:
                text = rng.choice(CONTENTS)
                path.write_text(text, encoding="latin-1")
                trial.give(f"{name} holds {text!r}")
        self._judge(rng, trial, folder, name)

    def moved(self, rng, trial) -> None:
        folder = copied(self.run, trial.folder / "run")
        split = json.loads((folder / "split.json").read_text())
        source, target = rng.sample(["train", "val", "test"], 2)
        split[target].append(split[source].pop(rng.randrange(len(split[source]))))
        trial.give(f"a row of {source} moved to {target}")
        (folder / "split.json").write_text(json.dumps(split))
        self._judge(rng, trial, folder, "split.json")

    def changed(self, rng, trial) -> None:
        folder = copied(self.run, trial.folder / "run")
        name = rng.choice(FILES)
        data = bytearray((folder / name).read_bytes())
        for _ in range(rng.choice([1, 3])):
            at = rng.randrange(len(data))
            sign = rng.choice(b'{}[]",:0\n\0\xff-e.')
            match rng.randrange(3):
                case 0:
                    data[at] = sign
                case 1:
                    del data[at]
                case _:
                    data.insert(at, sign)
        trial.give(f"{name}: {bytes(data[max(at - 30, 0) : at + 30])!r}")
        (folder / name).write_bytes(bytes(data))
        self._judge(rng, trial, folder, name)

    def _judge(self, rng, trial, folder, name) -> None:
        from formation_mlp.reporting.finished import load_run
        from formation_mlp.reporting.report import write_report
        from formation_mlp.runs import train as run

        scored = trial.call(run.score_again, folder)
        first = trial.outcome, trial.detail
        if scored is not None and not isinstance(scored, Refusal) and repr(scored[1]) != self.right:
            trial.find("silent", f"scored as {scored[1]!r}, where the sound folder has {self.right}"[:500])
        draw = rng.random()
        if draw < 0.12:
            trial.call(write_report, [folder], trial.folder / "page.html")
        elif draw < 0.7:
            trial.call(load_run, folder, "run")
        else:
            self._resume(trial, folder)
        if first[0] == "refused":
            trial.outcome, trial.detail = first

    def _resume(self, trial, folder) -> None:
        from formation_mlp.config.loading import load_config
        from formation_mlp.runs import train as run
        from formation_mlp.runs.progress import Reporter

        done = folder / "DONE"
        if done.is_file():
            done.unlink()

        def resume():
            config = load_config(folder / "config.yaml", [f"output={json.dumps(str(folder))}", "training.max_epochs=2"])
            return run.train(config, Reporter(-1), overwrite=False, resume=True)

        trial.call(resume)
