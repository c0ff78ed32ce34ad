"""Many models on the same rows: protocols, fits, tables, curves."""
