"""Make ``model_format_4.safetensors``, a tiny model in the fourth format of saved models, which states its digest.

It is the model of the third format, read and written again. The file is never made again: it stands for the models
that users keep, and every later version must load it and predict the numbers in
``tests/saved_model/test_checkpoint.py``. This script tells how it was made::

    python tests/golden/make_model_format_4.py
"""

from pathlib import Path

from formation_mlp.saved_model.checkpoint import Checkpoint

if __name__ == "__main__":
    path = Path(__file__).with_name("model_format_4.safetensors")
    Checkpoint.load(path.with_name("model_format_3.safetensors")).save(path)
    print(path.stat().st_size, "bytes")
