"""Lessons: scripts of percent cells that are run, checked and turned into pages.

A lesson is a plain script, ``scripts/lessons/NN_name.py``. It says what it found with the functions of this module,
which print in a terminal and in a notebook, and are gathered where `formation_mlp.lessons.running` runs it.
"""

from formation_mlp.lessons.session import data_path, exercise, say, show, table

__all__ = ["data_path", "exercise", "say", "show", "table"]
