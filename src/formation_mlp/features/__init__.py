"""Descriptors: materials in, one row of numbers per material out."""
