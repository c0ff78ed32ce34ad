"""Run all notebooks of the lecture as a student would who has an empty computer, and tell how long each takes.

    python scripts/bench/notebooks.py [--python PYTHON] [--lessons 1 4] [--out DIR]

Without ``--python`` an empty environment is made and the repository is installed into it with the extra ``lecture``, at
the versions of ``constraints.txt``. The notebooks and the solutions are written by ``formation-mlp lesson``, and run by
nbclient with one kernel each, from the top. A student's notebook must run to its end with unanswered exercises; in the
solutions every verdict must be right. Seconds are those on the clock and those of the processor, kernel included; for
``--out`` the notebooks are kept there with their results.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]

RUN = """
import json, resource, sys, time
from pathlib import Path
import nbformat
from nbclient import NotebookClient

path, out = map(Path, sys.argv[1:3])
notebook = nbformat.read(path, as_version=4)
began = time.perf_counter()
NotebookClient(notebook, timeout=3600, resources={"metadata": {"path": str(path.parent)}}).execute()
wall = time.perf_counter() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
nbformat.write(notebook, out)
outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
verdicts = [o["data"]["text/plain"] for o in outputs if o["output_type"] == "execute_result"]
verdicts = [text for text in verdicts if ": right." in text or ": not yet." in text]
code = [cell.source.splitlines() for cell in notebook.cells if cell.cell_type == "code"]
print(json.dumps({
    "wall": wall,
    "cpu": used.ru_utime + used.ru_stime,
    "figures": sum("image/png" in o.get("data", {}) for o in outputs),
    "tables": sum("<table" in o.get("data", {}).get("text/html", "") for o in outputs),
    "right": sum(": right." in text for text in verdicts),
    "open": sum(": not yet." in text for text in verdicts),
    "longest": max(map(len, code)),
}))
"""


def empty_environment(folder: Path) -> tuple[Path, float]:
    """Make an environment with the package and the extra ``lecture``; return its Python and the seconds it took."""
    began = time.perf_counter()
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "--constraint", ROOT / "constraints.txt", f"{ROOT}[lecture]"], check=True)
    return python, time.perf_counter() - began


def run(python: Path, path: Path, out: Path) -> dict[str, float]:
    """Run a notebook; return what it took and what it showed."""
    done = subprocess.run(
        [python, "-c", RUN, path, out / path.name], check=True, stdout=subprocess.PIPE, text=True, cwd=path.parent
    )
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, help="of an environment that has the package and the extra lecture")
    parser.add_argument("--lessons", type=int, nargs="*", help="numbers; all by default")
    parser.add_argument("--out", type=Path, help="folder for the notebooks with their results")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        out = arguments.out or folder / "out"
        out.mkdir(parents=True, exist_ok=True)
        python = arguments.python and arguments.python.absolute()
        if python is None:
            python, took = empty_environment(folder / "venv")
            print(f"an empty environment with formation-mlp[lecture]: {took:.0f} s", flush=True)
        wanted = [str(folder / "students"), "--solutions", str(folder / "teachers")]
        subprocess.run([python, "-m", "formation_mlp", "lesson", "--notebooks", *wanted], check=True, stdout=sys.stderr)
        tell(python, folder, out, set(arguments.lessons or range(1, 100)))


def tell(python: Path, folder: Path, out: Path, lessons: set[int]) -> None:
    """Run the notebooks and print a table."""
    print("| notebook | s | s of the processor | figures | tables | exercises | longest cell |")
    print("|---|---|---|---|---|---|---|")
    total = 0.0
    for path in sorted((folder / "students").glob("*.ipynb")):
        if int(path.name[:2]) not in lessons:
            continue
        found = run(python, path, out)
        solved = run(python, folder / "teachers" / f"{path.stem}_solutions.ipynb", out)
        assert solved["right"] == found["open"] > 0, (path, solved, found)
        total += found["cpu"]
        cells = [f"{found[key]:.0f}" for key in ("wall", "cpu", "figures", "tables", "open", "longest")]
        print(f"| {path.stem} | {' | '.join(cells)} |", flush=True)
    print(f"\nAll: {total:.0f} s of the processor. Every solution is judged right.")


if __name__ == "__main__":
    main()
