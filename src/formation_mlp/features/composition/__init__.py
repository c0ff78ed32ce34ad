"""Features of the composition alone."""
