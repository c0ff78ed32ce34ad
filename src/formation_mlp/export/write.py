"""The job of the verb export: a trained model as a file for another program."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from formation_mlp.errors import ConfigError
from formation_mlp.export.agreement import Agreement, compare
from formation_mlp.export.graph import OPSET
from formation_mlp.export.packages import onnx_package
from formation_mlp.export.whole_model import onnx_model
from formation_mlp.registry import unknown_name
from formation_mlp.saved_model.named import FOR_FORMULAS, named_model
from formation_mlp.system.files import write_bytes
from formation_mlp.system.path_text import usable_path

FORMATS = ("onnx",)
"""Names of the formats, which are the endings of their files, too."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes
    ----------
    path : of the file
    size : of the file, bytes
    inputs, outputs : name, type and shape of each array, as text
    meaning : of the numbers and columns
    agreement : how it answers in comparison with the model itself
    """

    path: Path
    size: int
    inputs: list[str]
    outputs: list[str]
    meaning: str
    agreement: Agreement

    def text(self) -> str:
        """Return the same for a reader."""
        agreement = self.agreement
        return "\n".join(
            [
                f"{self.path}: {self.size / 1e6:.1f} MB, ONNX opset {OPSET}",
                self.meaning,
                f"inputs:  {', '.join(self.inputs)}",
                f"outputs: {', '.join(self.outputs)}",
                f"checked: ONNX Runtime {agreement.runtime} and formation_mlp differ by at most "
                f"{agreement.difference:.0e} on {agreement.rows} random rows",
            ]
        )


def check_format(name: str) -> None:
    """Raise `ConfigError` if files of this format are not written."""
    if name not in FORMATS:
        raise ConfigError(unknown_name(name, FORMATS, "--to", "format"))


def default_path(model: str) -> Path:
    """Return the file that is written if none is named: in the working folder, called as the model.

    Examples
    --------
    >>> default_path("composition").name, default_path("runs/quickstart/model.safetensors").name
    ('composition.onnx', 'quickstart.onnx')
    """
    path = Path(model)
    stem = path.resolve().parent.name if path.name == "model.safetensors" else path.name.removesuffix(".safetensors")
    return Path(f"{stem or path.resolve().name}.onnx")


def export_model(model: str, out: str | Path) -> Exported:
    """Write a trained model as an ONNX file, whole or not at all, after a comparison with the model itself.

    Parameters
    ----------
    model
        A shipped model, a run folder or a model file.
    out
        The file.

    Raises
    ------
    CheckpointError
        If the model is missing or damaged, or has a member that is no network.
    ConfigError
        If ONNX or ONNX Runtime is not installed.
    """
    named = named_model(model, FOR_FORMULAS)
    proto = onnx_model(named)
    content: bytes = proto.SerializeToString()
    agreement = compare(content, named.predictor)
    path = usable_path(out, "--out")
    write_bytes(path, content)
    inputs, outputs = ([_described(value) for value in values] for values in (proto.graph.input, proto.graph.output))
    return Exported(path, len(content), inputs, outputs, proto.doc_string, agreement)


def _described(value: object) -> str:
    """Return name, type and shape of an array of a graph."""
    tensor = value.type.tensor_type  # type: ignore[attr-defined]
    kind = onnx_package("onnx.helper").tensor_dtype_to_np_dtype(tensor.elem_type).name
    shape = ", ".join(size.dim_param or str(size.dim_value) for size in tensor.shape.dim)
    return f"{value.name} {kind} [{shape}]"  # type: ignore[attr-defined]
