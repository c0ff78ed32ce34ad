"""Convex hulls of formation energies: decomposition energies of compounds, exactly; of the rows of a table, too."""
