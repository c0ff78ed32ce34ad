"""Configurations: right ones written in many ways as YAML and --set; scalars that YAML reads oddly; hostile ones."""

import json

import yaml

from fuzzing.record import Refusal
from fuzzing.yaml_text import HOSTILE, INTEGERS, SOUND, certain, flat, random_raw, yaml_text


class Configurations:
    """Load each configuration from a file; half of the keys also through ``--set``."""

    def __init__(self) -> None:
        self.ways = {
            "right in every point": (3, self.sound),
            "a scalar that YAML reads oddly": (3, self.odd),
            "signs changed": (3, self.changed),
            "hostile": (2, self.hostile),
            "wrong types": (2, self.wrong),
        }

    def warm_up(self) -> None:
        from formation_mlp.config.loading import check_config

        check_config({"data": {"path": "bundled"}}, "warm up")

    def sound(self, rng, trial) -> None:
        raw = random_raw(rng)
        text = yaml_text(rng, raw)
        trial.give(text)
        config = self._load(trial, text)
        if isinstance(config, Refusal):
            trial.find("silent", f"refused, though nothing is wrong: {config.reason}")
        elif config is not None:
            self._compare(trial, config, raw)
        overrides = [f"{key}={json.dumps(value)}" for key, value in flat(raw).items()]
        other = self._load(trial, "data: {path: bundled}\n", overrides)
        if isinstance(other, Refusal) or (other is not None and other != config):
            trial.find("differs", f"--set {overrides}: {other!r}; the file: {config!r}"[:600])

    def odd(self, rng, trial) -> None:
        """Give a scalar where a whole number belongs: what readings of YAML take for two numbers must be refused."""
        scalar = rng.choice(INTEGERS)
        key = rng.choice(["seed", "training.batch_size", "training.learning_rate", "output", "data.target"])
        section, _, name = key.rpartition(".")
        line = f"{section}:\n  {name}: {scalar}\n" if section else f"{name}: {scalar}\n"
        text = (
            f"data:\n  path: bundled\n{line}" if section != "data" else f"data:\n  path: bundled\n  {name}: {scalar}\n"
        )
        trial.give(text)
        config = self._load(trial, text)
        self._set_as_file(trial, key, scalar, config)
        if config is None or isinstance(config, Refusal):
            return
        found = flat(config.model_dump())[key]
        accepted = certain(scalar)
        if key in ("output", "data.target"):
            plain = scalar.strip("'\"") if scalar[:1] in "'\"" else scalar
            if scalar in ("~", ""):
                accepted = (None, "runs/x")
            elif "#" in scalar or scalar[:1] in "&!|>" or "\\x" in scalar:
                accepted = ("5", "3", "5\n")
            else:
                accepted = (plain,)
        if found not in accepted or isinstance(found, bool):
            trial.find("silent", f"{key} is {found!r} for {scalar!r}")

    def changed(self, rng, trial) -> None:
        text = yaml_text(rng, random_raw(rng))
        for _ in range(rng.choice([1, 1, 2, 4])):
            at = rng.randrange(len(text))
            sign = rng.choice("{}[]:-,&*#?|>'\"%@`!\n\t 0e~\0\x85\u2028")
            text = rng.choice(
                [text[:at] + sign + text[at:], text[:at] + text[at + 1 :], text[:at] + sign + text[at + 1 :]]
            )
        trial.give(text)
        self._load(trial, text)

    def hostile(self, rng, trial) -> None:
        text = rng.choice(HOSTILE)
        if rng.random() < 0.3:
            key = rng.choice(list(SOUND))
            trial.give(f"--set {key}={text}")
            self._load(trial, "data: {path: bundled}\n", [f"{key}={text}"])
            return
        trial.give(text)
        config = self._load(trial, text)
        if config is not None and not isinstance(config, Refusal) and text.count("path:") > 1:
            trial.find("silent", "a key stands twice")

    def wrong(self, rng, trial) -> None:
        raw = random_raw(rng)
        key = rng.choice([*SOUND, "data", "model", "training", "data.path", "features", "benchmark", "task"])
        bad = rng.choice(
            [None, [], {}, "x", -1, 1e400, True, [[]], {"a": 1}, [None], 10**30, float("nan"), ["x", 3], {"x": {}}]
        )
        *sections, name = key.split(".")
        node = raw
        for section in sections:
            node = node.setdefault(section, {})
        node[name] = bad
        text = yaml.safe_dump(raw)
        trial.give(text)
        config = self._load(trial, text)
        if config is not None and not isinstance(config, Refusal):
            found = config.model_dump()
            for part in key.split("."):
                found = found[part] if isinstance(found, dict) else None
            if not isinstance(found, dict) and found != bad and bad is not None and not (bad == 1 and found is True):
                trial.find("silent", f"{key} is {found!r} for {bad!r}")

    def _load(self, trial, text, overrides=()):
        from formation_mlp.config.loading import load_config

        path = trial.folder / "x.yaml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        return trial.call(load_config, path, list(overrides))

    def _set_as_file(self, trial, key, scalar, config) -> None:
        if "\n" in scalar or "#" in scalar:
            return
        other = self._load(trial, "data: {path: bundled}\n", [f"{key}={scalar}"])
        if config is None or other is None:
            return
        if isinstance(config, Refusal) != isinstance(other, Refusal) or (
            not isinstance(config, Refusal) and config != other
        ):
            trial.find("differs", f"--set: {other!r}; the file: {config!r}"[:500])
        trial.outcome = "refused" if isinstance(config, Refusal) else "read"

    def _compare(self, trial, config, raw) -> None:
        found = flat(config.model_dump())
        for key, value in flat(raw).items():
            if found[key] != value or type(found[key]) is not type(value):
                trial.find("silent", f"{key} is {found[key]!r}, where the file says {value!r}")
