"""Find matminer's featurizers by name and make them, or say why they may not be used.

This runs in a child process; see `formation_mlp.features.external.matminer_rows`.
"""

from __future__ import annotations

from inspect import isclass, signature
from typing import Any

from formation_mlp.errors import ConfigError
from formation_mlp.registry import did_you_mean

ADVICE = {
    "BondFractions": "Compute it for your rows, and give its columns as {table: FILE}.",
    "SineCoulombMatrix": "Use the preset 'sine_coulomb'.",
    "StructureComposition": "Name the featurizer of compositions itself.",
}
"""What to take instead of featurizers that learn."""

ASKS_A_SERVER = ("CohesiveEnergy", "CohesiveEnergyMP")


def featurizer_class(name: str) -> tuple[type, bool]:
    """Return a featurizer class of matminer, and whether it featurizes structures."""
    from importlib import import_module

    known: dict[str, list[str]] = {}
    for module in ("composition", "structure", "site"):
        classes = _featurizers(import_module(f"matminer.featurizers.{module}"))
        if name in classes and module == "site":
            raise ConfigError(
                f"features.matminer: {name!r} featurizes a site. Take its statistics over the sites of a structure: "
                "{matminer: {featurizer: SiteStatsFingerprint, preset: ...}}."
            )
        if name in classes:
            return classes[name], module == "structure"
        known[module] = sorted(classes)
    raise ConfigError(
        f"features.matminer: matminer has no featurizer {name!r}. Of compositions: {', '.join(known['composition'])}. "
        f"Of structures: {', '.join(known['structure'])}."
        + did_you_mean(name, known["composition"] + known["structure"])
    )


def _featurizers(module: Any) -> dict[str, type]:
    from matminer.featurizers.base import BaseFeaturizer

    found = {name: value for name, value in vars(module).items() if isclass(value)}
    return {name: value for name, value in found.items() if issubclass(value, BaseFeaturizer)}


def make_featurizer(kind: type, preset: str | None, arguments: dict[str, Any], where: str) -> Any:
    """Make the featurizer, and refuse one that may not be used."""
    if kind.__name__ in ASKS_A_SERVER:
        raise ConfigError(f"{where}: it asks the Materials Project's server for each row; nothing here uses a network.")
    if preset is not None and not hasattr(kind, "from_preset"):
        raise ConfigError(f"{where}: it has no presets. Leave out 'preset' and give the arguments of the class.")
    make: Any = kind if preset is None else kind.from_preset  # type: ignore[attr-defined]
    if "impute_nan" in signature(make).parameters:
        arguments = {"impute_nan": False} | arguments
    try:
        featurizer = make(**arguments) if preset is None else make(preset, **arguments)
    except Exception as error:  # the classes raise whatever comes
        allowed = [name for name in signature(make).parameters if name != "kwargs"]
        raise ConfigError(
            f"{where}: it cannot be made from {arguments or 'no arguments'}"
            f"{'' if preset is None else f' and the preset {preset!r}'}: {type(error).__name__}: {error}. "
            f"Its arguments: {', '.join(allowed) or 'none'}"
            f"{', or preset' if preset is None and hasattr(kind, 'from_preset') else ''}."
        ) from error
    if _learns(featurizer):
        raise ConfigError(
            f"{where}: it learns from the rows before it featurizes them, so it would see the test rows. "
            + ADVICE.get(kind.__name__, "Use another featurizer.")
        )
    return featurizer


def _learns(featurizer: Any) -> bool:
    """Tell whether a featurizer must be fitted; statistics over sites hand that on to the featurizer of a site."""
    from matminer.featurizers.base import BaseFeaturizer

    inner = getattr(featurizer, "site_featurizer", None)
    return type(featurizer).fit is not BaseFeaturizer.fit if inner is None else _learns(inner)
