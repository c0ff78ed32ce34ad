"""Training: rows are prepared, networks trained in a run folder, models assembled, results written."""
