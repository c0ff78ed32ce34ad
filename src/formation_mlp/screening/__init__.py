"""Which compositions of a chemical system, or of a list, are worth a closer look: predicted, and set against a hull."""
