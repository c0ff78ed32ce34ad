"""Formulas: text in, elements and amounts out, or the reason why a text has no single meaning."""
