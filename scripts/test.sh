#!/usr/bin/env bash
# Install with the dev extras and check everything: lint, format, types, the site, tests.
# Arguments go to pytest: scripts/test.sh -m "not slow" is the fast lane, scripts/test.sh --cov counts the lines that run.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/_environment.sh"
prepare_environment "[dev]"
PATH="$PWD/.venv/bin:$PATH"

ruff check .
ruff format --check .
sphinx-build --quiet --fail-on-warning docs build/site & # takes one core, as mypy does
site=$!
mypy
wait "$site"
# tests/conftest.py puts the files that take longest first; pytest-xdist would put those with few tests last.
python -m pytest -n 2 --dist loadfile --no-loadscope-reorder "$@"
