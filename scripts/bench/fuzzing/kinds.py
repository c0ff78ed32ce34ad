"""The kinds of inputs: share of all, and what makes and judges them."""

from fuzzing.command_lines import CommandLines
from fuzzing.compositions import Objects
from fuzzing.configurations import Configurations
from fuzzing.formulas import Formulas
from fuzzing.models import Models
from fuzzing.run_folders import RunFolders
from fuzzing.structures import Crystals
from fuzzing.tables import Tables

KINDS = {
    "formulas": (30, Formulas),
    "compositions": (8, Objects),
    "structures": (24, Crystals),
    "tables": (12, Tables),
    "configurations": (12, Configurations),
    "models": (8, Models),
    "run folders": (3, RunFolders),
    "command lines": (3, CommandLines),
}
