"""Train, val and test: the ways to divide rows, and what counts as the same group."""
