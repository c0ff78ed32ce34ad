"""The search for better hyperparameters: a space, trials in a storage, and the verb `tune`."""
