"""``python scripts/train.py ...`` is ``formation-mlp train ...``."""

import sys

from formation_mlp.cli import main

sys.argv.insert(1, "train")
main()
