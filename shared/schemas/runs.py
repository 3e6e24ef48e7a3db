"""Runs (work that takes minutes or hours) as they are shown, with the questions and jobs of services that have them."""

from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from shared.schemas.job import Job
from shared.schemas.question import Question

OWNERS: Final = ("linker",)
"""The services that have runs."""

Status = Literal["queued", "running", "success", "partial", "error", "cancelled"]
"""`partial`: all pages were done, and something in them failed. `error`: a page could not be done at all."""


class Progress(msgspec.Struct, frozen=True):
    """How much is done; `total` is null until it is known."""

    done: int
    total: int | None = None


class RunError(msgspec.Struct, frozen=True):
    """What failed, and why."""

    what: str
    why: str


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run. `errors` holds only the first ones; `counts` has their number."""

    id: str
    service: str
    kind: str
    subject: str
    status: Status
    requested_by: str
    requested_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    duration_ms: int | None = None
    progress: Progress = Progress(0)
    counts: dict[str, int] = {}
    errors: tuple[RunError, ...] = ()
    sequence: int = 0
    """Counts the changes: of two states of a run, the one with the higher sequence is newer."""

    @property
    def is_over(self) -> bool:
        """Whether the run has ended."""
        return self.finished_at is not None


class BeginRun(Question[Run], frozen=True, kw_only=True, tag="run.begin"):
    """Begin a run of a kind by hand; several services answer, each for its kinds.

    The answer is the run: a new one, or the one that is open. `options` are what the kind knows: `full`,
    `remove_missing`, `person`.
    """

    kind: str
    requested_by: str
    options: dict[str, Any] = msgspec.field(default_factory=dict)


class RunKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of run; `next_at` is when its schedule begins the next one."""

    kind: str
    next_at: datetime | None = None


class KindList(msgspec.Struct, frozen=True):
    """The kinds of run that a service has."""

    kinds: tuple[RunKind, ...]


class ListKinds(Question[KindList], frozen=True, kw_only=True, tag="run.kinds"):
    """List the kinds of run that a service has."""


class DoPage(Job, name="page", frozen=True, kw_only=True):
    """Do the next page of a run, on the queue of its kind; a page that is already done is skipped."""

    run_id: str
    page: int


class CancelRun(Job, name="cancel_run", frozen=True, kw_only=True):
    """Cancel an open run; a job of the run's service."""

    run_id: str
    cancelled_by: str = ""
