"""Inputs of all kinds with a known truth, and what the package makes of them; `scripts/bench/fuzz.py` runs them."""
