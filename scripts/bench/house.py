"""How large and how tangled the package is, and how much of it a command runs through.

    python scripts/bench/house.py [--src DIR ...] [--starts N] [--top N]

Each DIR is a checkout of this repository, such as ``git worktree add /tmp/before dccb568`` makes one; the checkout of
this script is counted after them, so that before and after stand side by side. The environment that runs the script
must have the dependencies of all of them.

Lines are those of ``.py`` files. Floors are the packages and root modules on the longest chain of imports, each of
which imports the next. A command is run in a fresh process; counted are the functions of the package that are called
from the start of the process on, without the bodies of modules and classes. A comprehension that is called like a
function (before Python 3.12) counts, and so does each value that a generator is asked for. Calls inside worker
processes are not seen. Seconds are the best of ``--starts`` processes that do not count. ``--top`` names the functions
that are called most in the last checkout.
"""

import argparse
import ast
import json
import os
import subprocess
import sys
import tempfile
import time
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

TARGET = "formation_energy_per_atom"
COMPOUNDS = ["NaCl", "KCl", "LiF", "MgO", "CaO", "NaF", "KF", "LiCl", "BaO", "SrO", "KBr", "NaBr", "LiI", "NaI", "CsCl"]
CIF = """data_NaCl
_cell_length_a 5.64
_cell_length_b 5.64
_cell_length_c 5.64
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'F m -3 m'
loop_
 _atom_site_label
 _atom_site_fract_x
 _atom_site_fract_y
 _atom_site_fract_z
 Na 0 0 0
 Cl 0.5 0.5 0.5
"""
TRAINING = """data: {path: table.csv}
features: [stoichiometry, element_fraction]
split: {val: 0.2, test: 0.2}
model: {hidden: [8]}
training: {max_epochs: 2, batch_size: 16, device: cpu}
benchmark: {baselines: [mean, ridge]}
output: run
"""
COMMANDS = {
    "predict Fe2O3": ["predict", "Fe2O3"],
    "predict NaCl.cif": ["predict", "NaCl.cif"],
    "train, tiny": ["train", "job.yaml", "--overwrite", "-q"],
}

COUNT = """
import collections, json, os, sys, threading
package, result = sys.argv[1:3]
sys.argv = ["formation-mlp", *sys.argv[3:]]
counts = collections.Counter()
def count(frame, event, _):
    if event == "call":
        counts[frame.f_code] += 1
threading.setprofile(count)
sys.setprofile(count)
from formation_mlp.cli import main
try:
    main()
except SystemExit as end:
    status = end.code or 0
sys.setprofile(None)
calls = [
    [os.path.relpath(code.co_filename, package), code.co_qualname, n]
    for code, n in counts.items()
    if code.co_filename.startswith(package + os.sep) and code.co_name != "<module>" and code.co_flags & 2  # not classes
]
with open(result, "w") as file:
    json.dump(calls, file)
sys.exit(status)
"""


def describe_source(src):
    """Return the measures of the source files below the folder of the package."""
    paths = sorted(src.rglob("*.py"))
    texts = {path: path.read_text(encoding="utf-8") for path in paths}
    trees = {path: ast.parse(text) for path, text in texts.items()}
    functions = [
        (node.end_lineno - node.lineno + 1, f"{path.relative_to(src)}: {node.name}")
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    chain = longest_chain(imports_between(src, trees))
    return {
        "files": len(paths),
        "source lines": sum(text.count("\n") for text in texts.values()),
        "root modules": len([path for path in src.glob("*.py") if path.stem != "__init__"]),
        "packages": len([path for path in src.iterdir() if (path / "__init__.py").exists()]),
        "floors": len(chain),
        "longest function": max(functions)[0],
    }


def imports_between(src, trees):
    """Return, for each package or module of the root, those that it imports anywhere."""
    graph = {path.relative_to(src).parts[0].removesuffix(".py"): set() for path in trees}
    graph.pop("__init__", None)
    for path, tree in trees.items():
        own = path.relative_to(src).parts[0].removesuffix(".py")
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            others = {name.split(".")[1] for name in names if name.startswith("formation_mlp.")}
            if own in graph:
                graph[own] |= (others & graph.keys()) - {own}
    return graph


def longest_chain(graph):
    """Return the longest chain of a graph; packages that import each other in a circle count as one."""
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = set(error.args[1])
        whole = " = ".join(sorted(circle))
        merged = {whole: set().union(*(graph[name] for name in circle)) - circle}
        others = {name: below for name, below in graph.items() if name not in circle}
        merged |= {name: below - circle | ({whole} if below & circle else set()) for name, below in others.items()}
        return longest_chain(merged)
    chains = {}
    for name in order:
        chains[name] = (name, *max((chains[other] for other in sorted(graph[name])), key=len, default=()))
    return max(chains.values(), key=len)


def run(checkout, folder, arguments):
    """Run Python with a checkout's package in a folder of small inputs; return the seconds."""
    environment = os.environ | {
        "PYTHONPATH": str(checkout / "src"),
        "FORMATION_MLP_CACHE": str(folder / "cache"),
        "OMP_NUM_THREADS": "1",
    }
    start = time.perf_counter()
    done = subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{checkout}: {' '.join(arguments[-4:])}: ended with {done.returncode}\n{done.stderr[-2000:]}")
    return seconds


def describe_command(checkout, folder, words, starts):
    """Return modules entered, calls made, seconds, and the calls by function."""
    package, result = str(checkout / "src" / "formation_mlp"), folder / "calls.json"
    run(checkout, folder, ["-m", "formation_mlp", *words])  # fills the cache of features and of compiled functions
    run(checkout, folder, ["-c", COUNT, package, str(result), *words])
    calls = json.loads(result.read_text(encoding="utf-8"))
    seconds = min(run(checkout, folder, ["-m", "formation_mlp", *words]) for _ in range(starts))
    return len({path for path, _, _ in calls}), sum(n for *_, n in calls), seconds, calls


def write_inputs(folder):
    rows = [f"{formula},{-2 - i / 20}\n" for i, formula in enumerate(COMPOUNDS)]
    (folder / "table.csv").write_text(f"formula,{TARGET}\n" + "".join(rows), encoding="utf-8")
    (folder / "job.yaml").write_text(TRAINING, encoding="utf-8")
    (folder / "NaCl.cif").write_text(CIF, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--src", type=Path, nargs="*", default=[], metavar="DIR", help="other checkouts")
    parser.add_argument("--starts", type=int, default=3, metavar="N", help="processes that are timed")
    parser.add_argument("--top", type=int, default=0, metavar="N", help="name the functions called most")
    asked = parser.parse_args()
    checkouts = [*(path.resolve() for path in asked.src), Path(__file__).resolve().parents[2]]
    columns = []
    for checkout in checkouts:
        column = describe_source(checkout / "src" / "formation_mlp")
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name).resolve()
            write_inputs(folder)
            column["--help: seconds"] = f"{min(run(checkout, folder, HELP) for _ in range(asked.starts)):.2f}"
            for title, words in COMMANDS.items():
                modules, n_calls, seconds, calls = describe_command(checkout, folder, words, asked.starts)
                column |= {f"{title}: modules": modules, f"{title}: calls": n_calls}
                column[f"{title}: seconds"] = f"{seconds:.2f}"
                if asked.top and checkout == checkouts[-1]:
                    print(title)
                    for path, function, n in sorted(calls, key=lambda call: -call[2])[: asked.top]:
                        print(f"{n:>7}  {path}: {function}")
        columns.append(column)
    print(f"Python {sys.version.split()[0]}")
    print(f"{'':<28}" + "".join(f"{checkout.name:>14}" for checkout in checkouts))
    for row in columns[-1]:
        print(f"{row:<28}" + "".join(f"{column[row]:>14}" for column in columns))


HELP = ["-m", "formation_mlp", "--help"]

if __name__ == "__main__":
    main()
