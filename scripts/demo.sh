#!/usr/bin/env bash
# Train on the bundled measurements, compare with a random forest, predict. Everything lands in runs/.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/_environment.sh"
prepare_environment
PATH="$PWD/.venv/bin:$PATH"

echo
echo "== Formation enthalpy (eV/atom) from the composition: 2,135 measured compounds =="
formation-mlp benchmark configs/quickstart.yaml --overwrite -q

echo
echo "== Strongly bound (below -1 eV/atom), or not =="
formation-mlp benchmark configs/quickstart_classifier.yaml --overwrite -q

echo
echo "== Predictions =="
formation-mlp predict runs/quickstart NaCl Fe2O3 "Ca(OH)2" Li7La3Zr2O12
echo
echo "Tables, plots and models: runs/quickstart and runs/quickstart_classifier"
