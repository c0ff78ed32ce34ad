"""The training loop and its parts; nothing here knows of formulas, files or units."""
