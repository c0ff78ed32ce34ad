"""Measure how fast networks are trained: examples per second of this package beside others, in one process.

python scripts/bench/throughput.py [--threads 1] [--device cpu] [--rounds 5]

The network is 256 -> 512 x 3 -> 1 with ReLU and AdamW on 16,384 random rows. All contenders are timed in turn,
round after round; medians are printed. The share of the peak counts the multiplications and additions of forward
and backward pass, and the peak is the best bfloat16 matrix product measured in the same run.
"""

import argparse
import statistics
import time
import warnings
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from formation_mlp.config.schema import ModelConfig, TaskConfig, TrainingConfig
from formation_mlp.targets.scaler import FeatureScaler
from formation_mlp.targets.task import Task
from formation_mlp.training.loop import train_epoch
from formation_mlp.training.network import Examples, NetworkTraining
from formation_mlp.training.precision import autocast, has_bfloat16

ROWS, D, WIDTHS = 16_384, 256, (512, 512, 512)
SIZES = [D, *WIDTHS, 1]
FLOPS = sum(6 * a * b for a, b in pairwise(SIZES)) - 2 * D * WIDTHS[0]
"""Of one example: 2 a multiplication and addition, forward, and twice that backward but for the first layer's input."""


def own(X: np.ndarray, y: np.ndarray, batch: int, precision: str, device: str) -> Callable[[], None]:
    """Return a function that runs an epoch of this package's loop."""
    scaler = FeatureScaler.fit(X, [str(i) for i in range(D)])
    task = Task.fit(TaskConfig(), y)
    training = TrainingConfig(batch_size=batch, max_epochs=1000, precision=precision, device=device)
    rows = Examples(X, y)
    job = NetworkTraining(rows, rows, scaler, task, ModelConfig(hidden=list(WIDTHS)), training, 0)

    def epoch() -> None:
        train_epoch(job.model, job.train, job.loss, job.optimizers, job.state, job.generators.batches, job.limits)

    return epoch


def data_loader(X: np.ndarray, y: np.ndarray, batch: int, precision: str, device: str) -> Callable[[], None]:
    """Return the same as tutorials write it: a DataLoader over a TensorDataset, the same network and optimizer."""
    layers: list[nn.Module] = []
    for a, b in pairwise(SIZES[:-1]):
        layers += [nn.Linear(a, b), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Linear(WIDTHS[-1], 1)).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    tensors = TensorDataset(torch.as_tensor(X, dtype=torch.float32), torch.as_tensor(y, dtype=torch.float32))
    loader = DataLoader(tensors, batch_size=batch, shuffle=True)
    dtype = getattr(torch, precision)

    def epoch() -> None:
        for x, target in loader:
            x, target = x.to(device), target.to(device)
            optimizer.zero_grad(set_to_none=True)
            with autocast(torch.device(device), dtype):
                output = model(x).squeeze(-1)
            nn.functional.l1_loss(output.float(), target).backward()
            optimizer.step()

    return epoch


def scikit_learn(X: np.ndarray, y: np.ndarray, batch: int) -> Callable[[], None]:
    """Return the same with scikit-learn's MLPRegressor on single-precision numbers."""
    model = MLPRegressor(hidden_layer_sizes=WIDTHS, batch_size=batch, max_iter=1, warm_start=True)
    X32, y32 = X.astype(np.float32), y.astype(np.float32)

    def epoch() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(X32, y32)

    return epoch


def peak(device: str) -> float:
    """Return the best rate of a square bfloat16 matrix product, in FLOP/s."""
    sizes = (512, 1024, 2048) if device == "cpu" else (4096, 8192)
    return max(2 * n**3 / min(product_seconds(n, device) for _ in range(5)) for n in sizes)


def product_seconds(n: int, device: str) -> float:
    a = torch.randn(n, n, device=device, dtype=torch.bfloat16)
    return timed(lambda: torch.mm(a, a), device)


def timed(function: Callable[[], object], device: str) -> float:
    function()
    start = time.perf_counter()
    for _ in range(3):
        function()
    if device == "cuda":
        torch.cuda.synchronize()
    return (time.perf_counter() - start) / 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device = arguments.device
    fast = "bfloat16" if has_bfloat16(torch.device(device)) else "float32"
    generator = np.random.default_rng(0)
    X = generator.normal(size=(ROWS, D))
    y = np.sin(X[:, 0]) + 0.1 * X[:, 1] * X[:, 2]
    print("| loop | batch | examples/s | against this package | share of the bfloat16 peak |")
    print("|---|---:|---:|---:|---:|")
    for batch in (256, 1024):
        contenders = {
            f"formation_mlp, {fast}": own(X, y, batch, fast, device),
            "formation_mlp, float32": own(X, y, batch, "float32", device),
            f"DataLoader, {fast}": data_loader(X, y, batch, fast, device),
            "DataLoader, float32": data_loader(X, y, batch, "float32", device),
            "scikit-learn, float32": scikit_learn(X, y, batch),
        }
        seconds: dict[str, list[float]] = {name: [] for name in contenders}
        peaks = []
        for _ in range(arguments.rounds):
            peaks.append(peak(device))
            for name, epoch in contenders.items():
                start = time.perf_counter()
                epoch()
                seconds[name].append(time.perf_counter() - start)
        rate = {name: ROWS / statistics.median(values) for name, values in seconds.items()}
        first = next(iter(rate.values()))
        for name, value in rate.items():
            share = value * FLOPS / max(peaks)
            print(f"| {name} | {batch} | {value:,.0f} | {value / first:.2f} | {share:.0%} |")
        print(f"| peak: {max(peaks) / 1e9:,.0f} GFLOP/s | | | | |")


if __name__ == "__main__":
    main()
