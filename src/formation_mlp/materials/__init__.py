"""Materials as plain arrays: how formulas and structure files are read, and what is refused."""
