"""Every error a user can cause, as one small family.

The command line prints the message of a `FormationMLPError` and exits with code 2; anything else is a
defect of this package and keeps its traceback. A message says where, what was found, what is allowed and
what to try.
"""


class FormationMLPError(Exception):
    """Root of all errors that bad input can cause."""


class ConfigError(FormationMLPError):
    """A configuration key, type or name is wrong."""


class DataError(FormationMLPError):
    """A table, a column, a formula or a target is wrong."""


class FeatureError(FormationMLPError):
    """A feature cannot be computed, or a feature table does not fit."""


class SplitError(FormationMLPError):
    """The rows cannot be divided as asked."""


class TrainingError(FormationMLPError):
    """Training cannot start or go on."""


class ComputeError(FormationMLPError):
    """A process or a cluster that is to do some work cannot be had, differs from this one, or was lost."""


class CheckpointError(FormationMLPError):
    """A saved model or run folder is missing, damaged, foreign or of another format."""


class InUseError(FormationMLPError):
    """Another process works on the same output."""
