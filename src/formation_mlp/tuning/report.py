"""What a search tells its reader: a configuration to train, all trials as a table, and a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from formation_mlp.config.schema import Config
from formation_mlp.config.search_space import Parameter, cut, short, shown
from formation_mlp.system.files import write_csv, write_text
from formation_mlp.system.text_table import aligned
from formation_mlp.tuning.folder import SearchFolder
from formation_mlp.tuning.store import Trial

SHOWN = 5
"""Trials in the printed table, beside the one that has the values of the configuration."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A finished search.

    Attributes
    ----------
    folder : with ``best.yaml``, ``trials.csv`` and ``search.png``
    score : name of the validation score, lower is better
    trials : by number; the first one has the values of the configuration
    best : the complete trial with the lowest score
    config : of its network
    """

    folder: Path
    score: str
    trials: tuple[Trial, ...]
    best: Trial
    config: Config

    @property
    def default(self) -> Trial:
        """The trial that has the values of the configuration."""
        return self.trials[0]

    def table(self) -> str:
        """Return the best trials, and the one that has the values of the configuration, as an aligned table."""
        complete = sorted((t for t in self.trials if t.state == "complete"), key=lambda t: (t.score, t.number))
        rows = complete[:SHOWN]
        if self.default not in rows:
            rows.append(self.default)
        header = ["trial", f"val {self.score}", "epochs", *(short(key) for key in self.default.values)]
        return aligned(
            header,
            [
                [
                    f"{trial.number} (default)" if trial.number == 0 else str(trial.number),
                    "" if trial.score is None else f"{trial.score:.4f}",
                    str(trial.epochs),
                    *(cut(shown(value)) for value in trial.values.values()),
                ]
                for trial in rows
            ],
        )

    def summary(self) -> str:
        """Say how many trials there were, and how much better the best is than the configuration as it was."""
        count = {state: sum(t.state == state for t in self.trials) for state in ("complete", "pruned", "failed")}
        trials = f"{len(self.trials)} trials: {count['complete']} complete, {count['pruned']} ended early"
        trials += f", {count['failed']} failed" * bool(count["failed"])
        best, default = self.best.score, self.default.score
        if best is None or default is None or self.default.state != "complete":
            return trials
        if self.best.number == 0:
            return f"{trials}. None is better than the default, val {self.score} {default:.4f}."
        return (
            f"{trials}. Best val {self.score} {best:.4f}, default {default:.4f}: {1 - best / default:.1%} lower. "
            "The best of many looks better on the val rows than it is; the test rows tell."
        )


def write_search(folder: SearchFolder, result: SearchResult, parameters: Sequence[Parameter]) -> None:
    """Write the configuration of the best trial and the figure."""
    from formation_mlp import figures
    from formation_mlp.tuning.figure import search_figure

    plain = result.config.model_dump()
    for key in ("tune", "ensemble", "output"):
        del plain[key]
    best = result.best
    note = f"# Trial {best.number} of {len(result.trials)}: val {result.score} {best.score:.6g}, the lowest.\n"
    write_text(folder.best, note + yaml.safe_dump(plain, sort_keys=False, allow_unicode=True))
    score = result.score if plain["task"]["type"] == "classification" else f"{result.score} (eV/atom)"
    figures.save_figure(search_figure(result.trials, parameters, f"validation {score}"), folder.figure)


def write_trials(path: Path, trials: Sequence[Trial], score: str) -> None:
    """Write one line per trial; there are no times in it, so that a search made again gives the same file."""
    keys = list(trials[0].values)
    header = ["number", "state", f"val {score}", "epochs", "best epoch", *keys, "error"]
    write_csv(
        path,
        header,
        (
            [
                trial.number,
                trial.state,
                None if trial.score is None else f"{trial.score:.6g}",
                trial.epochs,
                trial.best_epoch or None,
                *(shown(trial.values[key]) for key in keys),
                trial.error,
            ]
            for trial in trials
        ),
    )
