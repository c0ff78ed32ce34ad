"""Networks of the user's own classes."""

from __future__ import annotations

from inspect import Parameter, signature
from typing import Any

from torch import Tensor, nn

from formation_mlp.config.own_code import Architectures, not_given
from formation_mlp.config.schema import ModelConfig
from formation_mlp.errors import ConfigError


class OwnNetwork(nn.Module):
    """A module of the user's own, whose output is held to its shape.

    **Shape**: input ``[n, d_in]``, scaled features; output ``[n]``, or ``[n, n_outputs]`` if there is more than one.

    Parameters
    ----------
    network : maps ``[n, d_in]`` to ``[n, n_outputs]``
    name : of its class, for messages
    n_outputs : numbers per row
    """

    def __init__(self, network: nn.Module, name: str, n_outputs: int) -> None:
        super().__init__()
        self.network, self._name, self._n_outputs = network, name, n_outputs

    def forward(self, X: Tensor) -> Tensor:
        """Return one number per row, ``[n]``, or ``[n, n_outputs]``.

        Raises
        ------
        ConfigError
            If the network answers in another shape.
        """
        output: Any = self.network(X)
        if not isinstance(output, Tensor) or output.shape != (len(X), self._n_outputs):
            found = list(output.shape) if isinstance(output, Tensor) else type(output).__name__
            raise ConfigError(
                f"model.architecture: {self._name} turned {list(X.shape)} into {found}, but [n, d_in] must become "
                f"[n, d_out], here {[len(X), self._n_outputs]}."
            )
        return output.squeeze(-1) if self._n_outputs == 1 else output


def build_own(d_in: int, model: ModelConfig, n_outputs: int, architectures: Architectures) -> OwnNetwork:
    """Return an untrained network of a class of the user's own, ``MyNet(d_in, d_out, ...)``.

    Of the other keys of the section `model`, those are given, by name, that the constructor of the class names.

    Raises
    ------
    ConfigError
        If the class is not among ``architectures``, is no module of torch, or cannot be built so.
    """
    name = model.architecture
    if name not in architectures:
        raise ConfigError(f"model.architecture: {not_given(name)}")
    found = architectures[name]
    if not (isinstance(found, type) and issubclass(found, nn.Module)):
        raise ConfigError(f"model.architecture: {name} is no class of torch modules: derive it from torch.nn.Module.")
    parameters = signature(found).parameters
    named = [key for key, value in parameters.items() if value.kind is not Parameter.VAR_KEYWORD]
    options = {key: value for key, value in model.model_dump(exclude={"architecture"}).items() if key in named}
    try:
        signature(found).bind(d_in, n_outputs, **options)
    except TypeError as error:
        raise ConfigError(
            f"model.architecture: {name} cannot be built as {found.__name__}(d_in, d_out): {error}. Further arguments "
            f"need defaults, unless they are keys of the section model: {', '.join(type(model).model_fields)}."
        ) from error
    return OwnNetwork(found(d_in, n_outputs, **options), name, n_outputs)
