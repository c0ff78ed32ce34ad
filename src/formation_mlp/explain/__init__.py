"""Why a model answers as it does: what it needs, what moved one prediction, and what it learned from."""
