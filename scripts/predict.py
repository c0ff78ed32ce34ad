"""``python scripts/predict.py ...`` is ``formation-mlp predict ...``."""

import sys

from formation_mlp.cli import main

sys.argv.insert(1, "predict")
main()
