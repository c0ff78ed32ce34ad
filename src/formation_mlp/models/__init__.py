"""Networks that turn descriptors into formation energies or probabilities, and their parts."""
