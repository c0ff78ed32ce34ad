"""The version of the package, and the address of its public repository."""

__version__ = "0.2.0"

REPOSITORY = ""
"""Empty as long as there is none; ``scripts/set_repository.py`` writes it here and wherever else it belongs."""
