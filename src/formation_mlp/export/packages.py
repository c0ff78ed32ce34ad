"""The packages of the extra `onnx`, imported where they are needed only."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from formation_mlp.errors import ConfigError


def onnx_package(name: str) -> Any:
    """Return ``onnx``, a module of it, or ``onnxruntime``.

    Raises
    ------
    ConfigError
        If it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise ConfigError(
            f"export: ONNX files need {name.partition('.')[0]}. Install it with: pip install 'formation-mlp[onnx]'."
        ) from error
