"""Structures: files and objects in, checked lattices, elements and sites out."""
