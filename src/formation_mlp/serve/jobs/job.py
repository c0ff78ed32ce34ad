"""One table that is to be predicted: a folder, whose files say what state it is in.

Any process of the service can look at it, and a service that is started again finds it as it was. Each file is written
by one hand: ``job.json`` when the table arrives, ``running.json`` by who starts the work, ``progress.json``,
``done.json`` and ``failed.json`` by the process that does it; empty files ``cancel`` and ``delete`` are wishes of the
user.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from formation_mlp.prediction.inputs import Request
from formation_mlp.system.files import write_json
from formation_mlp.system.outputs import about_path

State = Literal["waiting", "running", "done", "failed", "cancelled"]

JOB, RUNNING, PROGRESS, DONE, FAILED = (f"{name}.json" for name in ("job", "running", "progress", "done", "failed"))
CANCEL, DELETE = "cancel", "delete"


@dataclass(frozen=True, slots=True)
class Job:
    """A job in its folder, whose name is its id.

    Attributes
    ----------
    folder : of all its files
    """

    folder: Path

    @property
    def id(self) -> str:
        """By which it is asked for."""
        return self.folder.name

    @property
    def asked(self) -> dict[str, Any]:
        """What was asked when the table arrived."""
        return self._read(JOB) or {}

    @property
    def table(self) -> Path:
        """The uploaded table."""
        return self.folder / str(self.asked["file"])

    @property
    def result(self) -> Path:
        """The file of predictions, once it is done."""
        return self.folder / f"result.{self.asked['out']}"

    @property
    def about(self) -> Path:
        """What the columns of the result mean, in JSON."""
        return about_path(self.result)

    @property
    def is_whole(self) -> bool:
        """Whether the table has arrived, and the job is not to be deleted."""
        return (self.folder / JOB).exists() and not (self.folder / DELETE).exists()

    @property
    def state(self) -> State:
        """What has become of it."""
        found: tuple[tuple[str, State], ...] = (
            (DONE, "done"),
            (FAILED, "failed"),
            (CANCEL, "cancelled"),
            (RUNNING, "running"),
        )
        return next((state for file, state in found if (self.folder / file).exists()), "waiting")

    def request(self, model: str | None) -> Request:
        """Return what is asked of every row; ``model`` is the file of the model, or the name of a shipped one."""
        asked = self.asked["words"]
        return Request(**{name: asked.get(name) for name in Request.__slots__ if name != "model"}, model=model)

    def expires(self, keep: timedelta) -> datetime:
        """Return when it is deleted: so long after it has ended, or after it has arrived."""
        ended = self._read(DONE) or self._read(FAILED) or {}
        since = datetime.fromisoformat(ended.get("ended") or self.asked["created"])
        return since + keep

    def told(self, keep: timedelta) -> dict[str, Any]:
        """Return what the user is told of it, in JSON."""
        asked, progress, done = self.asked, self._read(PROGRESS) or {}, self._read(DONE) or {}
        state = self.state
        return {
            "id": self.id,
            "name": asked["name"],
            "state": state,
            "n_rows": done.get("n_rows") or progress.get("n_rows") or None,
            "n_done": done.get("n_rows") or progress.get("n_done", 0),
            "n_failed": done.get("n_failed"),
            "seconds_left": self._seconds_left(progress) if state == "running" else None,
            "error": (self._read(FAILED) or {}).get("error"),
            "prediction": done.get("meaning"),
            "created": asked["created"],
            "expires": self.expires(keep).isoformat(timespec="seconds"),
            "folder": str(self.folder),
            "result": self._told_result(state),
            "request": asked["words"],
        }

    def _told_result(self, state: State) -> dict[str, Any] | None:
        if state != "done" or not self.result.exists():
            return None
        stem = Path(str(self.asked["name"])).name.partition(".")[0] or "table"
        return {"name": f"{stem}.predicted{self.result.suffix}", "bytes": self.result.stat().st_size}

    def _seconds_left(self, progress: dict[str, Any]) -> float | None:
        """Return how long the rest takes at the speed so far; None before a part is done."""
        rest, speed = progress.get("n_rows", 0) - progress.get("n_done", 0), progress.get("rows_per_second")
        if not speed or rest < 0:
            return None
        age = datetime.now(UTC).timestamp() - (self.folder / PROGRESS).stat().st_mtime
        return float(round(max(rest / speed - age, 0.0), 1))

    def wish(self, what: Literal["cancel", "delete"]) -> None:
        """Say what the user wants; who runs the jobs follows within a second."""
        (self.folder / what).touch()

    def clear(self, *files: str) -> None:
        """Remove files that say a state."""
        for file in files:
            (self.folder / file).unlink(missing_ok=True)

    def write(self, file: str, content: dict[str, Any]) -> None:
        """Write one of the files that say a state, whole or not at all."""
        write_json(self.folder / file, content)

    def _read(self, file: str) -> dict[str, Any] | None:
        try:
            content = json.loads((self.folder / file).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return content if isinstance(content, dict) else None


def now() -> str:
    """Return the time in UTC, as it is written into files."""
    return datetime.now(UTC).isoformat(timespec="seconds")
