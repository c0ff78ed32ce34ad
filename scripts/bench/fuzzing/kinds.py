"""The kinds of inputs: share of all, and what makes and judges them."""

from fuzzing.compositions import Objects
from fuzzing.configurations import Configurations
from fuzzing.formulas import Formulas
from fuzzing.structures import Crystals
from fuzzing.tables import Tables

KINDS = {
    "formulas": (30, Formulas),
    "compositions": (8, Objects),
    "structures": (24, Crystals),
    "tables": (12, Tables),
    "configurations": (12, Configurations),
}
