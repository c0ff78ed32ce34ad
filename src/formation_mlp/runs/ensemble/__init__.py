"""Ensembles: which members there are, how each is trained here or on a cluster, and how they are weighted."""
