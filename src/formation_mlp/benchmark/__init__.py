"""Many models on the same rows: protocols, cells, tables, curves."""
