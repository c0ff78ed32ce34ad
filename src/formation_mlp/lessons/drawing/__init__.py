"""Figures of the lessons, so that a lesson shows its science and not how a figure is laid out.

There is one module for each lesson. A function takes what the lesson computed and returns the figure; it computes
nothing that the lesson tells.
"""
