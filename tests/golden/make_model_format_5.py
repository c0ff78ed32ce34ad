"""Make ``model_format_5.safetensors``, a tiny model in the fifth format of saved models, which names its energy scale.

It is the model of the fourth format, read and written again with a scale. The file is never made again: it stands for
the models that users keep, and every later version must load it and predict the numbers in
``tests/saved_model/test_checkpoint.py``. This script tells how it was made::

    python tests/golden/make_model_format_5.py
"""

from dataclasses import replace
from pathlib import Path

from formation_mlp.saved_model.checkpoint import Checkpoint

if __name__ == "__main__":
    path = Path(__file__).with_name("model_format_5.safetensors")
    model = Checkpoint.load(path.with_name("model_format_4.safetensors"))
    replace(model, target=replace(model.target, scales=("mp2019",))).save(path)
    print(path.stat().st_size, "bytes")
