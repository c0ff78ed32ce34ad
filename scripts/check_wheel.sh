#!/usr/bin/env bash
# Install a wheel into an empty environment, outside of the repository, and use it as a stranger would.
# bash scripts/check_wheel.sh dist/formation_mlp-0.2.0-py3-none-any.whl
set -euo pipefail
wheel="$(cd "$(dirname "$1")" && pwd)/$(basename "$1")"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check "$wheel"
PATH="$folder/venv/bin:$PATH"

formation-mlp --version
formation-mlp predict Fe2O3 NaCl
formation-mlp models
formation-mlp configs
formation-mlp train quickstart -q --set training.max_epochs=2
formation-mlp predict runs/quickstart NaCl
formation-mlp cite runs/quickstart | grep -c '^@'
formation-mlp lesson > lessons.txt
python -c "from formation_mlp import load; print(load('composition').predict(['NaCl']))"
echo "the wheel works"
