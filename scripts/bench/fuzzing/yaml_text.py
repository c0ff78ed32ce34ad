"""Configurations as YAML: keys with right values, scalars that are read oddly, hostile texts."""

import json

import yaml

SOUND = {
    "seed": lambda rng: rng.randint(0, 10**6),
    "output": lambda rng: rng.choice(
        ["runs/x", "a b", "ünï", "1", "yes", "2024-01-01", "null", "x~", "0x10", "on", "1:30"]
    ),
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
    "features": lambda rng: rng.sample(
        ["magpie", "stoichiometry", "element_fraction", "valence_orbital"], rng.randint(1, 4)
    ),
    "benchmark.seeds": lambda rng: rng.randint(1, 9),
    "task.labels": lambda rng: rng.choice([["a", "b"], ["no", "yes"], ["0", "1"], ["off", "on"]]),
}
INTEGERS = (
    "010",
    "0x10",
    "0o17",
    "0b11",
    "1_000",
    "1:30",
    "190:20:30",
    "1e3",
    "12.0",
    "+5",
    "-0",
    "٣",
    "1,000",
    "٠x",
    "5.",
    "true",
    "0x_",
    "0b_",
)
INTEGERS += (
    "!!int x",
    "!!int '5'",
    "!!float x",
    "!!bool x",
    "!!timestamp x",
    "2024-13-45",
    "2024-01-01",
    "9" * 5000,
    "~",
    "",
    ".inf",
    ".nan",
    "!!python/object:os.x {}",
)
INTEGERS += (
    "!!binary aGk=",
    "&a 3",
    "*a",
    "<<",
    "? 3",
    "|\n  5",
    ">-\n  5",
    "!x 5",
    "!!set {5}",
    "5 # c",
    "'5'",
    '"5"',
    '"\\x35"',
    "[5",
    "{5",
    "5]",
    "@5",
    "`5",
    "%5",
    "0.",
    "0 0",
)
HOSTILE = (
    *(
        "[" * 2000,
        "{" * 2000,
        "- " * 2000,
        "a: " * 500,
        "[" * 100_000 + "]" * 100_000,
        "a: &x [" + "1," * 1000 + "]\nb: [*x]\n",
    ),
    *(
        "",
        "\0",
        "\ud800",
        "null",
        "3",
        "[]",
        "- a",
        "data",
        "data:\n\tpath: x",
        "data: {path: bundled}\ndata: {path: x}",
        "? a\n: b",
    ),
    *(
        "data: &d {path: bundled}\nmodel: *d",
        "<<: {data: {path: bundled}}",
        "data: {path: bundled, path: x}",
        "--- \ndata: {path: bundled}\n---\nx: 1",
    ),
    *(
        "data: {path: bundled}\n? [a, b]\n: 3",
        "data: {path: bundled}\n{a: b}: c",
        "data: {path: bundled}\n1: 2",
        "data: {path: bundled}\nnull: 2",
    ),
    *(
        'data: {path: "a\\0b"}',
        'data: {path: bundled}\noutput: "a\\0b"',
        'data: {path: bundled}\noutput: "\\ud800"',
        "data: {path: " + "x" * 5000 + "}",
    ),
    *(
        'data: {path: bundled, encoding: "a\\0b"}',
        "data: {path: ''}",
        "!!python/object/apply:os.system ['true']",
        "data: !!python/name:os.system {}",
    ),
    *(
        "x" * 1_000_000,
        "a: '" + "x" * 1_000_000,
        "#" * 1_000_000,
        "a: !!binary ====",
        "data: {path: bundled}\nseed: !!int ''",
        "\ufeffdata: {path: bundled}",
    ),
    "\n".join(
        ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]", *(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9))]
    ),
    "data: {path: bundled}\nfeatures: &f [magpie, *f]",
    "a: &a\n  b: *a\n",
)


def certain(scalar):
    """Return the numbers that every reading of YAML takes a scalar for, and those that none takes otherwise."""
    if scalar and scalar[0] in "'\"":
        return ()
    known = {
        "0x10": (16,),
        "0o17": (15,),
        "0b11": (3,),
        "1_000": (1000,),
        "1e3": (1000, 1000.0),
        "12.0": (12, 12.0),
        "+5": (5,),
        "-0": (0,),
        "5.": (5.0,),
    }
    known |= {"!!int '5'": (5,), "&a 3": (3,), "5 # c": (5,), "~": (None, 0, 64, 2e-3), "": (None, 0, 64, 2e-3)}
    return known.get(scalar, ())


def random_raw(rng):
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


def yaml_text(rng, raw) -> str:
    draw = rng.random()
    if draw < 0.2:
        return json.dumps(raw)
    flow = rng.choice([None, False, True])
    text = yaml.safe_dump(
        raw,
        default_flow_style=flow,
        allow_unicode=rng.random() < 0.5,
        indent=rng.choice([2, 4]),
        sort_keys=rng.random() < 0.5,
    )
    if draw < 0.4:
        text = "# a comment\n---\n" + text + "\n# the end\n"
    elif draw < 0.5:
        text = text.replace("\n", "\r\n")
    elif draw < 0.6:
        text = "\ufeff" + text
    return text


def flat(raw, prefix=""):
    found = {}
    for key, value in raw.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return found
