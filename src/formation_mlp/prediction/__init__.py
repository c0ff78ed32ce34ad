"""From formulas, structures and tables in to a table of predictions out, row by row or as a stream."""
