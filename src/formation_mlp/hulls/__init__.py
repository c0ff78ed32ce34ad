"""Convex hulls of formation energies: decomposition energies of compounds, exactly."""
