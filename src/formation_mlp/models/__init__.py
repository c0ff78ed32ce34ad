"""Networks that turn features into formation energies or probabilities, and their parts."""
