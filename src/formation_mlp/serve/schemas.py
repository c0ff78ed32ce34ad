"""What the service is asked, in the words of the command line; pydantic checks it, and OpenAPI tells it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Formula = Annotated[str, Field(max_length=2000, description="A chemical formula, such as Fe2O3.")]
Name = Annotated[str, Field(max_length=200)]
Scale = Annotated[
    Name | None,
    Field(description="Energy scale: mp2020, mp2019, mp2018, oqmd, measured or all; by default that of the model."),
]
Level = Annotated[
    float | None,
    Field(gt=0, lt=1, description="Of the intervals, such as 0.95; by default 0.9 if the model has them."),
]
Unit = Annotated[Name | None, Field(description="eV/atom (the default), meV/atom, kJ/mol or kcal/mol (of atoms).")]
Energy = Annotated[float, Field(allow_inf_nan=False, description="Formation energy.")]


class Asked(BaseModel):
    """A request; a word that it does not know is an error, since it would be ignored."""

    model_config = ConfigDict(extra="forbid")


class Words(Asked):
    """What is asked of every material."""

    model: Name | None = Field(default=None, description="A name of GET /api/v1/models.")
    scale: Scale = None
    level: Level = None
    unit: Unit = None
    population: Literal["known", "hypothetical", "own"] | None = Field(
        default=None, description="For which the intervals are meant."
    )
    strict: bool = Field(default=False, description="Refuse rows that the model knows too little about.")


class PredictRequest(Words):
    """Formulas that are to be predicted, by the model 'composition' if none is named."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"formulas": ["Fe2O3", "LiFePO4"], "scale": "mp2020", "details": True}]}
    )

    formulas: list[Formula] = Field(min_length=1, description="One row of the answer each, in this order.")
    details: bool = Field(
        default=False,
        description="Tell of each row why it is trusted, what the database has, and what is nearest to it.",
    )


class ExplainRequest(Asked):
    """A formula whose prediction is to be explained."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"formula": "Fe2O3", "by": "property"}]})

    formula: Formula
    model: Name | None = Field(default=None, description="As for predict.")
    scale: Scale = None
    by: Literal["property", "preset"] = Field(default="property", description="How features are added up.")
    tolerance: float = Field(
        default=1e-5,
        ge=1e-6,
        le=0.1,
        description="Share of the difference from the baseline that the contributions may lack. A network of "
        "rectifiers is followed exactly and fast, whatever it is; of other activations a larger one is faster.",
    )


class Compound(Asked):
    """A compound of the user."""

    formula: Formula
    energy: Energy | None = None


class Predicted(Compound):
    """A compound with the interval of its energy, if it was predicted."""

    lo90: Energy | None = Field(default=None, description="Lower end of the 90 % interval, as predict gives it.")
    hi90: Energy | None = Field(default=None, description="Upper end.")


class ScreenRequest(Asked):
    """A chemical system whose compositions are to be ranked."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"elements": ["Li", "Fe", "O"], "max_atoms": 12}]})

    elements: list[Annotated[str, Field(max_length=3)]] = Field(
        min_length=2, max_length=4, description="Symbols, in the order of the axes."
    )
    max_atoms: int = Field(default=12, ge=2, le=1000, description="Atoms of the largest reduced formula of the system.")
    all: bool = Field(default=False, description="Also compositions that cannot be charge-balanced.")
    all_states: bool = Field(
        default=False, description="Also compositions with an oxidation state that no known compound has."
    )
    model: Name | None = Field(default=None, description="As for predict.")
    scale: Scale = None
    level: Level = None
    competing: Literal["known", "none"] | list[Compound] = Field(
        default="known",
        description="'known': the known phases that come with the package compete; 'none': only the predictions do; or "
        "compounds with energies that compete instead of known phases and predictions.",
    )
    compounds: list[Compound] = Field(
        default=[],
        description="Further compounds of these elements: predicted, too, where no energy is given; else their "
        "energies, on the scale of the answer, take the place of known ones and of predictions.",
    )
    unit: Unit = Field(default=None, description="Of the energies of compounds here.")
    top: int = Field(default=1000, ge=1, description="Rows of the answer, the most stable first.")


class StabilityRequest(Asked):
    """Compounds with formation energies, whose distances from the hull are asked for."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"compounds": [{"formula": "NaCl", "energy": -2.1}], "scale": "mp2020"}]}
    )

    compounds: list[Predicted] = Field(
        min_length=1,
        description="All compete with one another. Those with lo90 and hi90 have chances to be stable in the answer.",
    )
    unit: Unit = None
    scale: Name | None = Field(default=None, description="Energy scale of the energies; mp2020 if not given.")
    competing: Literal["known", "none"] | list[Compound] = Field(
        default="known", description="As for screen; a list competes in place of the known phases but is not judged."
    )
