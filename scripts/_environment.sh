# shellcheck shell=bash
# Sourced by the other scripts: go to the repository, and make or reuse its virtual environment.
# Usage: . scripts/_environment.sh; prepare_environment [EXTRAS]
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

stamp() { cat pyproject.toml constraints.txt | cksum; }   # what an environment is made from

prepare_environment() {
  local extras="${1:-}" python="${PYTHON:-python3}" wanted
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "error: Python 3.11 or newer is needed; '$python' is $("$python" --version 2>&1). Set PYTHON=/path/to/python3." >&2
    exit 2
  }
  # A finished installation leaves a stamp of what it was made from; one with the dev extras serves without them.
  wanted="$(stamp) $extras"
  if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then   # absent, or left half-made by an interrupt
    "$python" -m venv --clear .venv
  fi
  if ! grep -qF "$wanted" .venv/.installed 2>/dev/null; then
    echo "installing into .venv (once; a few minutes) ..."
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".$extras"
    echo "$wanted" >> .venv/.installed
  fi
}
