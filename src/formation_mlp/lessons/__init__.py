"""Lessons: scripts of percent cells that are run, checked and turned into pages and notebooks.

A lesson is a plain script, ``scripts/lessons/NN_name.py``. It says what it found with the functions of this module,
which print in a terminal, show in a notebook, and are gathered where `formation_mlp.lessons.running` runs it.
"""

from formation_mlp.lessons.exercises.collection import check
from formation_mlp.lessons.session import data_path, exercise, say, show, table
from formation_mlp.lessons.threads import limit_threads

__all__ = ["check", "data_path", "exercise", "limit_threads", "say", "show", "table"]
