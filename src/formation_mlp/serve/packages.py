"""The packages of the extra ``serve``, without which there is no service."""

from __future__ import annotations

from importlib.util import find_spec

from formation_mlp.errors import FormationMLPError

NEEDED = ("fastapi", "uvicorn", "python_multipart", "prometheus_client")


def check_packages() -> None:
    """Raise `FormationMLPError` if one is missing."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise FormationMLPError(
            f"serve: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed. Install the extra "
            "'serve': pip install 'formation-mlp[serve]'"
        )
