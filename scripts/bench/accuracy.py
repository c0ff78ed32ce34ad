"""Train the configurations of the accuracy table and print what they reach and cost.

python scripts/bench/accuracy.py --data ../shared/data [quick best matbench ...] [--out runs/accuracy] [--workers 2]

Every training is a run folder of its own; finished ones are read, interrupted ones are continued (their
cost is then not known). `training` is the time in the loop, summed over the members of an ensemble. Choices were made
on validation parts only; a test part is read where the table says so (folds 0 to 3 of matbench, the bundled table).
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Work:
    """A row of the table: a configuration, trained with several seeds or on several folds."""

    config: str
    variants: tuple[tuple[str, ...], ...]
    part: str = "val"
    scores: tuple[str, ...] = ("MAE", "RMSE")


def seeds(n: int) -> tuple[tuple[str, ...], ...]:
    return tuple((f"seed={seed}",) for seed in range(n))


def folds(n: int) -> tuple[tuple[str, ...], ...]:
    return tuple((f"split.fold={fold}",) for fold in range(n))


CLASSES = ("ROC-AUC", "F1", "accuracy")
WORKS = {
    "quick": Work("configs/quick.yaml", seeds(3)),
    "best": Work("configs/best.yaml", seeds(1)),
    "matbench": Work("configs/matbench.yaml", folds(4), part="test"),
    "structure": Work("configs/structure.yaml", seeds(1)),
    "stability": Work("configs/stability.yaml", seeds(1), scores=CLASSES),
    "measured": Work("configs/measured.yaml", folds(5), part="test"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("works", nargs="*", metavar="WORK", help=f"some of: {', '.join(WORKS)}; all if none is given")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the tables")
    parser.add_argument("--out", type=Path, default=Path("runs/accuracy"), help="folder of the runs")
    parser.add_argument("--workers", type=int, default=1, help="members of an ensemble trained side by side")
    arguments = parser.parse_args()
    print("| work | part | scores, mean ± spread | runs | training (s) | wall (s) | CPU (s) | memory (MB) | weights |")
    print("|---|---|---|---:|---:|---:|---:|---:|---:|")
    for name in arguments.works or WORKS:
        work = WORKS[name]
        reports = [
            trained(work, variant, arguments.out / name / "-".join(variant).replace("=", ""), arguments)
            for variant in work.variants
        ]
        print(row(name, work, reports), flush=True)


def trained(work: Work, variant: tuple[str, ...], folder: Path, arguments: argparse.Namespace) -> dict[str, object]:
    """Return the report of a run and its cost; train what is missing."""
    cost = folder.parent / f"{folder.name}.cost.json"
    if not (folder / "DONE").exists():
        command = [sys.executable, "-m", "formation_mlp", "train", work.config, "--workers", str(arguments.workers)]
        changes = [*variant, f"output={folder}", *relocated(work.config, arguments.data)]
        for change in changes:
            command += ["--set", change]
        begun = (folder / "config.yaml").exists()
        command += ["--resume"] if begun else []
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, check=True, env=os.environ)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        numbers = {"wall": time.perf_counter() - start, "cpu": cpu, "memory": after.ru_maxrss / 1024}
        if not begun:
            cost.write_text(json.dumps(numbers), encoding="utf-8")
    report: dict[str, object] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return report | {"cost": json.loads(cost.read_text(encoding="utf-8")) if cost.exists() else {}}


def relocated(config: str, data: Path) -> list[str]:
    """Return the override that lets a configuration find its table in another folder."""
    for line in Path(config).read_text(encoding="utf-8").splitlines():
        key, _, value = line.strip().partition(": ")
        if key == "path" and value.startswith("../shared/data/"):
            return [f"data.path={data / value.removeprefix('../shared/data/')}"]
    return []


def row(name: str, work: Work, reports: list[dict[str, object]]) -> str:
    cells = []
    for score in work.scores:
        values = [report["scores"][work.part][score] for report in reports]  # type: ignore[index]
        spread = f" ± {statistics.stdev(values):.4f}" if len(values) > 1 else ""
        cells.append(f"{score} {statistics.mean(values):.4f}{spread}")
    training = statistics.mean(report["fit_seconds"] for report in reports)  # type: ignore[type-var]
    cells = [name, work.part, ", ".join(cells), str(len(reports)), f"{training:.0f}"]
    for key in ("wall", "cpu", "memory"):
        known = [report["cost"][key] for report in reports if report["cost"]]  # type: ignore[index]
        cells.append(f"{statistics.mean(known):.0f}" if known else "-")
    return "| " + " | ".join([*cells, f"{reports[0]['parameters']:,}"]) + " |"


if __name__ == "__main__":
    main()
