"""Losses of the user's own: functions, or modules of torch without weights."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import TYPE_CHECKING, Any

from formation_mlp.config.own_code import Architectures, not_imported
from formation_mlp.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor

PLACE = "training.loss"


def own_loss(name: str, own: Architectures, reduction: str) -> Callable[[Tensor, Tensor], Tensor]:
    """Return a loss of the user's own, held to its shape.

    **Shape**: outputs ``[n]`` and encoded targets ``[n]``, both in scaled units, to ``[]`` with the reduction ``mean``,
    to ``[n]`` with ``none``. The user's function gives the loss of each row, ``[n]``, or already their mean, ``[]``.

    Parameters
    ----------
    name : in the configuration, ``module:function`` or ``module:Class``
    own : functions and classes by their names
    reduction : ``mean``, or ``none``, which needs the loss of each row

    Raises
    ------
    ConfigError
        If it was not given, cannot be built without arguments, has weights, or answers in another shape when called.

    Examples
    --------
    >>> import torch
    >>> def cubic(output, y):
    ...     return (output - y).abs() ** 3
    >>> loss = own_loss("my_losses:cubic", {"my_losses:cubic": cubic}, "mean")
    >>> loss(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 0.0]))
    tensor(4.)
    """
    import torch

    if name not in own:
        raise ConfigError(f"{PLACE}: {not_imported(name)}")
    function = _built(name, own[name]) if isinstance(own[name], type) else own[name]

    def loss(output: Tensor, y: Tensor) -> Tensor:
        found = function(output, y)
        if isinstance(found, torch.Tensor) and found.shape == output.shape:
            return found.mean() if reduction == "mean" else found
        if isinstance(found, torch.Tensor) and not found.ndim and reduction == "mean":
            return found
        is_tensor = isinstance(found, torch.Tensor)
        said = f"a tensor of shape {list(found.shape)}" if is_tensor else repr(type(found).__name__)
        allowed = "" if reduction == "none" else ", or their mean, []"
        raise ConfigError(
            f"{PLACE}: {name} answered with {said} for the outputs and targets of {len(y)} rows, but it must give the "
            f"loss of each row, {list(output.shape)}{allowed}{'; the rows have weights' if not allowed else ''}."
        )

    return loss


def _built(name: str, found: type) -> Callable[[Tensor, Tensor], Any]:
    from torch import nn

    if not issubclass(found, nn.Module):
        raise ConfigError(
            f"{PLACE}: {name} is no class of torch modules: derive it from torch.nn.Module, or give a function."
        )
    try:
        signature(found).bind()
    except TypeError as error:
        raise ConfigError(f"{PLACE}: {name} cannot be built as {found.__name__}(): {error}. Give defaults.") from error
    module = found()
    if any(True for _ in module.parameters()):
        raise ConfigError(
            f"{PLACE}: {name} has weights of its own, which would not be learned. Keep fixed numbers as buffers."
        )

    def loss(output: Tensor, y: Tensor) -> Any:
        return module.to(output.device)(output, y)

    return loss
