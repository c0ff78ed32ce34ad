"""A trained model as one ONNX graph: from raw features to the mean of its members, in the unit of the target.

Scaling is part of the graph, so that nobody needs to know medians, means and deviations, and so is the mean of the
members, which is what a model answers. Features are taken, and answers given, in float64, as NumPy and pandas hold
them; the networks compute in float32, as they were trained.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from formation_mlp.config.own_code import is_own
from formation_mlp.errors import CheckpointError
from formation_mlp.export.activations import ACTIVATIONS
from formation_mlp.export.graph import Graph, Shape, Value
from formation_mlp.export.networks import Inputs, add_network
from formation_mlp.models.architectures import IN_NUMPY, sees_elements
from formation_mlp.saved_model.columns import PROBABILITY
from formation_mlp.saved_model.members import Member, NetworkMember
from formation_mlp.saved_model.named import NamedModel
from formation_mlp.saved_model.predictor import Predictor
from formation_mlp.units import EV_PER_ATOM

FEATURES, ATOMIC_NUMBERS, FRACTIONS = "features", "atomic_numbers", "fractions"
"""Names of the inputs."""

PREDICTION, STD, MEMBERS = "prediction", "std", "members"
"""Names of the outputs; the last two of several members only."""

FORMAT = "1"
"""Of the names above and of the metadata."""


def onnx_model(model: NamedModel) -> Any:
    """Return a model as an ONNX ``ModelProto``.

    **Shape**: inputs ``features`` (float64 ``[n, d]``, as `featurize` gives them, NaN where one is missing) and, if a
    member looks at elements, ``atomic_numbers`` (int64 ``[n, k]``, 0 after the last element of a row) and ``fractions``
    (float64 ``[n, k]``, 0 there); outputs ``prediction`` (float64 ``[n, s]``, one column for each energy scale, in
    eV/atom, or the probability of the positive class) and, of several members, their standard deviation ``std``
    ``[n, s]`` and ``members`` ``[n, m, s]``.

    Raises
    ------
    CheckpointError
        If a member is no network of this package.
    ConfigError
        If ONNX is not installed.
    """
    predictor = model.predictor
    checkpoint = predictor.checkpoint
    networks = [_network(member, model.name) for member in checkpoint.members]
    graph, n_scales = Graph(), max(1, len(predictor.scales))
    inputs = _add_inputs(graph, predictor, any(sees_elements(network.config) for network in networks))
    answers = []
    for network in networks:
        with graph.scope(network.name):
            output = add_network(graph, network.config, _of_answers(network, n_scales), inputs)
            answers.append(_add_answer(graph, predictor, output))
    outputs = _add_outputs(graph, predictor, answers)
    shapes: dict[str, Shape] = {
        PREDICTION: ["n", n_scales],
        STD: ["n", n_scales],
        MEMBERS: ["n", len(answers), n_scales],
    }
    taken: dict[str, tuple[type[np.generic], Shape]] = {FEATURES: (np.float64, ["n", len(checkpoint.scaler.names)])}
    if inputs.z:
        taken |= {ATOMIC_NUMBERS: (np.int64, ["n", "k"]), FRACTIONS: (np.float64, ["n", "k"])}
    meaning = f"{model.heading(_unit(predictor))}; columns of {PREDICTION}: {columns_of(predictor)}"
    return graph.model(taken, {name: (np.float64, shapes[name]) for name in outputs}, meaning, metadata(model))


def metadata(model: NamedModel) -> dict[str, str]:
    """Return the texts that the file carries: what the numbers are, and all names that a caller needs.

    Lists and tables are JSON texts: ``feature_names``, ``features`` (the presets), ``scales``, ``members`` (name to
    share), ``training_elements`` and ``not_for``.
    """
    predictor = model.predictor
    checkpoint, described = predictor.checkpoint, model.description(_unit(predictor))
    texts: dict[str, str] = {
        "format": FORMAT,
        **{name: described[name] for name in ("name", "prediction", "source", "sha256") if described[name]},
        "unit": _unit(predictor),
    }
    tables: dict[str, Any] = {
        "scales": list(predictor.scales),
        "feature_names": list(checkpoint.scaler.names),
        "features": predictor.features,
        "members": {member.name: member.share for member in checkpoint.members},
        "training_elements": checkpoint.training_elements,
        **({"labels": predictor.task.config.labels} if predictor.task.is_classification else {}),
        **{name: described[name] for name in ("made_with", "not_for", "calibrated_on") if name in described},
    }
    texts |= {name: described[name] for name in ("licence", "attribution") if name in described}
    return texts | {name: json.dumps(table, ensure_ascii=False) for name, table in tables.items()}


def columns_of(predictor: Predictor) -> str:
    """Return what the columns of the prediction are, in words."""
    several = f" on the scales {', '.join(predictor.scales)}" if len(predictor.scales) > 1 else ""
    return f"{_unit(predictor)}{several}"


def _unit(predictor: Predictor) -> str:
    return PROBABILITY if predictor.task.is_classification else EV_PER_ATOM


def _network(member: Member, model: str) -> NetworkMember:
    """Return a member that is a network of this package.

    Raises
    ------
    CheckpointError
        If it is something else.
    """
    if not isinstance(member, NetworkMember):
        what = next(iter(member.model)).replace("_", " ")
        raise CheckpointError(
            f"export: the member {member.name!r} of {model} is no network ({what}), and only networks are exported. "
            "Train without it: leave it out under ensemble.members."
        )
    config = member.config
    if is_own(config.architecture) or config.architecture not in IN_NUMPY or config.activation not in ACTIVATIONS:
        raise CheckpointError(
            f"export: the member {member.name!r} of {model} has the architecture {config.architecture!r}, which is not "
            f"one of {', '.join(IN_NUMPY)}. Export the module with torch.onnx.export, on scaled features."
        )
    return member


def _of_answers(network: NetworkMember, n_scales: int) -> dict[str, Any]:
    """Return the weights without the outputs for auxiliary targets, which no answer uses."""
    weights = {name: np.asarray(value) for name, value in network.weights.items()}
    head = "mlp.head" if sees_elements(network.config) else "head"
    return weights | {f"{head}.{key}": weights[f"{head}.{key}"][:n_scales] for key in ("weight", "bias")}


def _add_inputs(graph: Graph, predictor: Predictor, with_elements: bool) -> Inputs:
    scaler, add = predictor.checkpoint.scaler, graph.add
    with graph.scope("scaler"):
        kept = add("Gather", FEATURES, graph.constant(scaler.kept, "kept"), axis=1)
        filled = add("Where", add("IsNaN", kept), graph.constant(scaler.median, "median"), kept)
        centred = add("Sub", filled, graph.constant(scaler.centre, "centre"))
        scaled = add("Div", centred, graph.constant(scaler.scale, "scale"))
        singles = add("Cast", scaled, to=_FLOAT)
        if not with_elements:
            return Inputs(singles)
        return Inputs(singles, ATOMIC_NUMBERS, add("Cast", FRACTIONS, to=_FLOAT))


def _add_answer(graph: Graph, predictor: Predictor, output: Value) -> Value:
    """Add what `formation_mlp.targets.task.Task.decode` does, and a shift towards rows of the user's own."""
    doubles = graph.add("Cast", output, to=_DOUBLE)
    if predictor.task.is_classification:
        return graph.add("Sigmoid", doubles, name="probability")
    scaler, own = predictor.checkpoint.target_scaler, predictor.checkpoint.own
    centre = np.full(max(1, len(predictor.scales)), scaler.centre)
    if own is not None:
        centre[predictor.place_of(own.scale or None)] += own.shift
    return graph.add("Add", graph.add("Mul", doubles, np.float64(scaler.scale)), centre, name="energy")


def _add_outputs(graph: Graph, predictor: Predictor, answers: list[Value]) -> list[str]:
    """Add the mean of the members by their shares, ``[n, s]``, their deviation and their own answers."""
    if len(answers) == 1:
        return [graph.output(answers[0], PREDICTION)]
    add, member_axis = graph.add, np.array([1])
    shares = np.array([member.share for member in predictor.checkpoint.members])[None, :, None]
    with graph.scope("mean"):
        stacked = add("Concat", *(add("Unsqueeze", answer, member_axis) for answer in answers), axis=1)
        mean = add("ReduceSum", add("Mul", stacked, shares), member_axis, keepdims=1)
        distance = add("Sub", stacked, mean)
        variance = add("ReduceSum", add("Mul", add("Mul", distance, distance), shares), member_axis, keepdims=0)
        squeezed, std = add("Squeeze", mean, member_axis), add("Sqrt", variance)
    return [graph.output(value, name) for name, value in ((PREDICTION, squeezed), (STD, std), (MEMBERS, stacked))]


_FLOAT, _DOUBLE = 1, 11
"""Numbers of the types in ONNX, ``TensorProto.FLOAT`` and ``TensorProto.DOUBLE``."""
