"""The verb init: the configuration for a table, as a file that a person reads and changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from formation_mlp.fitting.job import Asked, FitJob, default_output, job_for
from formation_mlp.fitting.recipes import model_to_try
from formation_mlp.runs.progress import Reporter
from formation_mlp.saved_model.shipped import model_in_words
from formation_mlp.system.files import write_text
from formation_mlp.system.outputs import claimed


class _Lines(yaml.SafeDumper):
    """YAML with one line for a list of plain values."""

    def represent_list(self, data: Any) -> Any:
        is_plain = all(not isinstance(item, dict | list) for item in data)
        return self.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=is_plain)


_Lines.add_representer(list, _Lines.represent_list)


def write_configuration(asked: Asked, path: Path | None, reporter: Reporter, *, overwrite: bool = False) -> Path:
    """Write the configuration of a fit, with what was found in the table as comments; return its file.

    Parameters
    ----------
    asked
        The table, and what the user says of it.
    path
        The file; by default the name of the table, ending in ``.yaml``, in the working folder.
    reporter
        Told of what is found.
    overwrite
        Whether a file that exists is replaced.

    Raises
    ------
    DataError
        If anything about the table is unsure, or the file exists and is not to be replaced.
    """
    file = path or Path(f"{Path(default_output(asked.path)).name}.yaml")
    with claimed(file, [Path(asked.path)], overwrite=overwrite):  # before a table is read that comes through a pipe
        job = job_for(asked)
        for note in job.notes:
            reporter.say(note)
        write_text(file, configuration_text(job))
    return file


def configuration_text(job: FitJob) -> str:
    """Return the configuration of a job as YAML: comments, and the keys that are not as usual."""
    comments = [
        f"What was found in {job.config.data.path}:",
        *(f"- {note}".replace("\n", "\n#   ") for note in job.notes),
    ]
    start = model_to_try(job, None)
    if start is not None:
        comments += [
            f"formation-mlp fit also tries a training that starts from {model_in_words(start)},",
            "and takes it where it does better on formulas new to that model.",
        ]
    body = yaml.dump(job.raw, Dumper=_Lines, sort_keys=False, allow_unicode=True, width=110)
    return "".join(f"# {line}\n" for line in comments) + body
