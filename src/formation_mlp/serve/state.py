"""What the answers of a service share: its models, and how many may compute at once."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Annotated, TypeVar

import anyio
from anyio import to_thread
from fastapi import Depends, Request

from formation_mlp.errors import DataError
from formation_mlp.explain.explanation import Explainer
from formation_mlp.hulls.known_phases import known_phases
from formation_mlp.saved_model.named import FOR_FORMULAS, NamedModel
from formation_mlp.serve.cache import Last
from formation_mlp.serve.jobs.store import Jobs
from formation_mlp.serve.models import Models
from formation_mlp.serve.nearest import Neighbourhood
from formation_mlp.serve.problems import ProblemError
from formation_mlp.serve.settings import Settings

T = TypeVar("T")

MOST_EXPLAINERS = 4
"""Models whose networks stay ready to be explained, some 10 MB each."""

MOST_NEIGHBOURHOODS = 2
"""Models whose known compounds stay described, some 5 MB each."""


class Service:
    """One process of the service.

    Parameters
    ----------
    settings
        With which it was started.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.models = Models(settings.runs)
        self.jobs = Jobs(settings)
        self.explainers = Last[Explainer](MOST_EXPLAINERS)
        self._neighbourhoods: dict[str, Neighbourhood] = {}
        self._lock = Lock()
        self._slots: anyio.CapacityLimiter | None = None
        self._n_waiting = 0

    def describe_known(self) -> None:
        """Describe all known compounds, among which the nearest are looked for."""
        model = self.models.get(FOR_FORMULAS)
        near = self.neighbourhood(model)
        if near is not None:
            near.ready(known_phases(model.predictor.scale))

    def neighbourhood(self, model: NamedModel) -> Neighbourhood | None:
        """Return what finds the known compounds nearest to a material; None if the model does not know its domain."""
        digest = model.predictor.checkpoint.digest
        if model.predictor.checkpoint.domain is None or model.predictor.columns:
            return None
        with self._lock:
            near = self._neighbourhoods.pop(digest, None) or Neighbourhood(model.predictor)
            self._neighbourhoods[digest] = near
            for old in list(self._neighbourhoods)[:-MOST_NEIGHBOURHOODS]:
                del self._neighbourhoods[old]
            return near

    def check_rows(self, n: int) -> None:
        """Raise `DataError` if a request has more rows than are answered at once."""
        most = self.settings.limits.rows
        if n > most:
            raise DataError(
                f"formulas: found {n:,}, but a request may have {most:,}. Send several requests, or ask predict for "
                "lines (Accept: application/x-ndjson), or send a table as a job: POST /api/v1/jobs."
            )

    async def compute(self, function: Callable[..., T], *arguments: object) -> T:
        """Run a function beside the event loop, as soon as there is room for it.

        Raises
        ------
        ProblemError
            If too many wait already, or it takes longer than the limit; what has begun ends by itself.
        """
        limits = self.settings.limits
        if self._slots is None:  # belongs to the event loop, which is not there before
            self._slots = anyio.CapacityLimiter(limits.at_once)
        if self._n_waiting >= limits.waiting:
            raise ProblemError(503, f"{limits.waiting} requests wait already. Try again soon.", {"Retry-After": "2"})
        self._n_waiting += 1
        try:
            with anyio.fail_after(limits.seconds):
                return await to_thread.run_sync(
                    lambda: function(*arguments), limiter=self._slots, abandon_on_cancel=True
                )
        except TimeoutError as error:
            raise ProblemError(
                503, f"The answer takes longer than {limits.seconds:g} s, the limit of a request. Ask for less at once."
            ) from error
        finally:
            self._n_waiting -= 1


def _of_request(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Shared = Annotated[Service, Depends(_of_request)]
"""The service that a request was sent to."""
