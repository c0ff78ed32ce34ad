"""``python scripts/benchmark.py ...`` is ``formation-mlp benchmark ...``."""

import sys

from formation_mlp.cli import main

sys.argv.insert(1, "benchmark")
main()
