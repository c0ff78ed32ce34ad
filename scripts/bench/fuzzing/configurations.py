"""Configurations: random right ones written in many ways as YAML and --set; scalars that YAML reads oddly; hostile ones."""

import json

import yaml

from fuzzing.record import Refusal

SOUND = {
    "seed": lambda rng: rng.randint(0, 10**6),
    "output": lambda rng: rng.choice(["runs/x", "a b", "ünï", "1", "yes", "1e3", "2024-01-01", "null", "~x", "0x10", "on", "1:30"]),
    "data.unit": lambda rng: rng.choice(["eV/atom", "kJ/mol", "meV/atom"]),
    "data.source": lambda rng: rng.choice(["PBE, 2019", "a: b", "# c", "'q'", "x\ny", "yes", "10"]),
    "data.target": lambda rng: rng.choice(["e_form", "no", "1", "null", "true", "a b", "e: f", "12:30:45"]),
    "model.hidden": lambda rng: [rng.randint(1, 512) for _ in range(rng.randint(0, 4))],
    "model.dropout": lambda rng: rng.choice([0.0, 0.1, 0.25, 1e-3]),
    "model.activation": lambda rng: rng.choice(["relu", "elu", "gelu"]),
    "training.learning_rate": lambda rng: rng.choice([1e-3, 2e-3, 0.1, 5e-05, 1.0]),
    "training.batch_size": lambda rng: rng.randint(1, 4096),
    "training.patience": lambda rng: rng.choice([None, 5, 20]),
    "training.max_epochs": lambda rng: rng.randint(1, 500),
    "split.val": lambda rng: rng.choice([0.1, 0.2, 0.15]),
    "features": lambda rng: rng.sample(["magpie", "stoichiometry", "element_fraction", "valence_orbital"], rng.randint(1, 4)),
    "benchmark.seeds": lambda rng: rng.randint(1, 9),
    "task.labels": lambda rng: rng.choice([["a", "b"], ["no", "yes"], ["0", "1"], ["off", "on"]]),
}
INTEGERS = ("010", "0x10", "0o17", "0b11", "1_000", "1:30", "190:20:30", "1e3", "12.0", "+5", "-0", "٣", "1,000", "٠x", "5.", "true", "0x_", "0b_")
INTEGERS += ("!!int x", "!!int '5'", "!!float x", "!!bool x", "!!timestamp x", "2024-13-45", "2024-01-01", "9" * 5000, "~", "", ".inf", ".nan", "!!python/object:os.x {}")
INTEGERS += ("!!binary aGk=", "&a 3", "*a", "<<", "? 3", "|\n  5", ">-\n  5", "!x 5", "!!set {5}", "5 # c", "'5'", '"5"', '"\\x35"', "[5", "{5", "5]", "@5", "`5", "%5", "0.", "0 0")
HOSTILE = (
    *("[" * 2000, "{" * 2000, "- " * 2000, "a: " * 500, "[" * 100_000 + "]" * 100_000, "a: &x [" + "1," * 1000 + "]\nb: [*x]\n"),
    *("", "\0", "\ud800", "null", "3", "[]", "- a", "data", "data:\n\tpath: x", "data: {path: bundled}\ndata: {path: x}", "? a\n: b"),
    *("data: &d {path: bundled}\nmodel: *d", "<<: {data: {path: bundled}}", "data: {path: bundled, path: x}", "--- \ndata: {path: bundled}\n---\nx: 1"),
    *("data: {path: bundled}\n? [a, b]\n: 3", "data: {path: bundled}\n{a: b}: c", "data: {path: bundled}\n1: 2", "data: {path: bundled}\nnull: 2"),
    *("data: {path: \"a\\0b\"}", "data: {path: bundled}\noutput: \"a\\0b\"", "data: {path: bundled}\noutput: \"\\ud800\"", "data: {path: " + "x" * 5000 + "}"),
    *("data: {path: bundled, encoding: \"a\\0b\"}", "data: {path: ''}", "!!python/object/apply:os.system ['true']", "data: !!python/name:os.system {}"),
    *("x" * 1_000_000, "a: '" + "x" * 1_000_000, "#" * 1_000_000, "a: !!binary ====", "data: {path: bundled}\nseed: !!int ''", "\ufeffdata: {path: bundled}"),
    "\n".join(["a0: &a0 [x,x,x,x,x,x,x,x,x,x]", *(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9))]),
    "data: {path: bundled}\nfeatures: &f [magpie, *f]",
    "a: &a\n  b: *a\n",
)


class Configurations:
    """Load each configuration from a file; half of the keys also through ``--set``."""

    def __init__(self) -> None:
        self.ways = {
            **{"right in every point": (3, self.sound), "a scalar that YAML reads oddly": (3, self.odd)},
            **{"signs changed": (3, self.changed), "hostile": (2, self.hostile), "wrong types": (2, self.wrong)},
        }

    def sound(self, rng, trial) -> None:
        raw = _random_raw(rng)
        text = _yaml(rng, raw)
        trial.give(text)
        config = self._load(trial, text)
        if isinstance(config, Refusal):
            trial.find("silent", f"refused, though nothing is wrong: {config.reason}")
        elif config is not None:
            self._compare(trial, config, raw)
        keys = [key for key in _flat(raw) if key != "data.path"]
        overrides = [f"{key}={json.dumps(_flat(raw)[key])}" for key in keys]
        other = self._load(trial, "data: {path: bundled}\n", overrides)
        if isinstance(other, Refusal) or (other is not None and other != config):
            trial.find("differs", f"--set {overrides}: {other!r}; the file: {config!r}"[:600])

    def odd(self, rng, trial) -> None:
        """A scalar where a whole number belongs: what two readings of YAML take for two numbers must be refused."""
        scalar = rng.choice(INTEGERS)
        key = rng.choice(["seed", "training.batch_size", "training.learning_rate", "output", "data.target"])
        section, _, name = key.rpartition(".")
        line = f"{section}:\n  {name}: {scalar}\n" if section else f"{name}: {scalar}\n"
        text = f"data:\n  path: bundled\n{line}" if section != "data" else f"data:\n  path: bundled\n  {name}: {scalar}\n"
        trial.give(text)
        config = self._load(trial, text)
        self._set_as_file(trial, key, scalar, config)
        if config is None or isinstance(config, Refusal):
            return
        found = _flat(config.model_dump())[key]
        certain = _certain(scalar)
        if key in ("output", "data.target"):
            plain = scalar.strip("'\"") if scalar[:1] in "'\"" else scalar
            if scalar in ("~", ""):
                certain = (None, "runs/x")
            elif "#" in scalar or scalar[:1] in "&!|>" or "\\x" in scalar:
                certain = ("5", "3")
            else:
                certain = (plain,)
        if found not in certain or isinstance(found, bool):
            trial.find("silent", f"{key} is {found!r} for {scalar!r}")

    def changed(self, rng, trial) -> None:
        text = _yaml(rng, _random_raw(rng))
        for _ in range(rng.choice([1, 1, 2, 4])):
            at = rng.randrange(len(text))
            sign = rng.choice("{}[]:-,&*#?|>'\"%@`!\n\t 0e~\0\x85\u2028")
            text = rng.choice([text[:at] + sign + text[at:], text[:at] + text[at + 1 :], text[:at] + sign + text[at + 1 :]])
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
        raw = _random_raw(rng)
        key = rng.choice([*SOUND, "data", "model", "training", "data.path", "features", "benchmark", "task"])
        bad = rng.choice([None, [], {}, "x", -1, 1e400, True, [[]], {"a": 1}, [None], 10**30, float("nan"), ["x", 3], {"x": {}}])
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
        from formation_mlp.choices import CHOICES
        from formation_mlp.config_file import load_config

        path = trial.folder / "x.yaml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        return trial.call(load_config, path, list(overrides), CHOICES)

    def _set_as_file(self, trial, key, scalar, config) -> None:
        if "\n" in scalar or "#" in scalar:
            return
        other = self._load(trial, "data: {path: bundled}\n", [f"{key}={scalar}"])
        if config is None or other is None:
            return
        if isinstance(config, Refusal) != isinstance(other, Refusal) or (not isinstance(config, Refusal) and config != other):
            trial.find("differs", f"--set: {other!r}; the file: {config!r}"[:500])
        trial.outcome = "refused" if isinstance(config, Refusal) else "read"

    def _compare(self, trial, config, raw) -> None:
        found = _flat(config.model_dump())
        for key, value in _flat(raw).items():
            if found[key] != value or type(found[key]) is not type(value):
                trial.find("silent", f"{key} is {found[key]!r}, where the file says {value!r}")


def _certain(scalar):
    """Return the numbers that every reading of YAML takes a scalar for, and those that none takes otherwise."""
    if scalar[:1] in "'\"":
        return ()
    known = {"0x10": (16,), "0o17": (15,), "0b11": (3,), "1_000": (1000,), "1e3": (1000, 1000.0), "12.0": (12, 12.0), "+5": (5,), "-0": (0,), "5.": (5.0,)}
    known |= {"!!int '5'": (5,), "&a 3": (3,), "5 # c": (5,), "~": (None, 0, 64, 2e-3), "": (None, 0, 64, 2e-3)}
    return known.get(scalar, ())


def _random_raw(rng):
    raw = {"data": {"path": rng.choice(["bundled", "x.csv", "a b.csv"])}}
    for key in rng.sample(list(SOUND), rng.randint(1, 9)):
        *sections, name = key.split(".")
        node = raw
        for section in sections:
            node = node.setdefault(section, {})
        node[name] = SOUND[key](rng)
    if "output" not in raw:
        raw["output"] = "runs/x"
    return raw


def _yaml(rng, raw) -> str:
    draw = rng.random()
    if draw < 0.2:
        return json.dumps(raw)
    flow = rng.choice([None, False, True])
    text = yaml.safe_dump(raw, default_flow_style=flow, allow_unicode=rng.random() < 0.5, indent=rng.choice([2, 4]), sort_keys=rng.random() < 0.5)
    if draw < 0.4:
        text = "# a comment\n---\n" + text + "\n# the end\n"
    elif draw < 0.5:
        text = text.replace("\n", "\r\n")
    elif draw < 0.6:
        text = "\ufeff" + text
    return text


def _flat(raw, prefix=""):
    flat = {}
    for key, value in raw.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat
