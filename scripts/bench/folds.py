"""Benchmark a configuration on the five grouped folds and print mean and spread of the test MAE.

python scripts/bench/folds.py configs/quickstart.yaml
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from formation_mlp import run
from formation_mlp.choices import CHOICES
from formation_mlp.config_file import load_config
from formation_mlp.progress import Reporter


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    arguments = parser.parse_args()
    scores: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for fold in range(5):
            changes = ("split.method=k_fold", f"split.fold={fold}", f"output={folder}/{fold}")
            config = load_config(arguments.config, changes, CHOICES)
            for result in run.benchmark(config, Reporter(-1))[1]:
                scores.setdefault(result.name, []).append((result.scores["test"]["MAE"], result.scores["test"]["RMSE"]))
    print("| model | test MAE | test RMSE |\n|---|---:|---:|")
    for name, folds in scores.items():
        mae, rmse = zip(*folds, strict=True)
        print(f"| {name} | {_spread(mae)} | {_spread(rmse)} |")


def _spread(values: tuple[float, ...]) -> str:
    return f"{statistics.mean(values):.3f} ± {statistics.stdev(values):.3f}"


if __name__ == "__main__":
    main()
