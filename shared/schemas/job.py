"""What all jobs have in common: the queue that they wait in, and their name there.

`class MatchUser(Job, queue="seerr", name="match_user", frozen=True)` travels on `jobs.seerr.match_user`; no caller
writes a subject, and mypy checks the handler's type.
"""

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Generic, NamedTuple, Self, TypeVar

import msgspec

M = TypeVar("M")


class JobHandler(NamedTuple, Generic[M]):
    """A job's type and the function that does it; made by `Job.done_by`."""

    job: "type[Job]"
    do: Callable[[Any, M], Awaitable[None]]


class _JobMeta(msgspec.StructMeta):
    """Takes the keywords `queue` and `name` of a class."""

    def __new__(
        cls,
        class_name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        *,
        name: str = "",
        queue: str = "",
        **config: Any,
    ) -> Any:
        """Make the class."""
        job: Any = super().__new__(cls, class_name, bases, namespace, **config)
        job.job_name, job.queue = name, queue
        return job


class Job(msgspec.Struct, metaclass=_JobMeta, frozen=True):
    """Work that is done later, at least once: `jobs.<queue>.<name>`."""

    queue: ClassVar[str] = ""
    """A service's name, or another queue; empty for a job that several services do, each from its own queue."""
    job_name: ClassVar[str] = ""

    def __init_subclass__(cls, *, queue: str = "", name: str = "", **config: Any) -> None:
        """Declare the keywords of the metaclass to type checkers."""
        super().__init_subclass__(**config)

    @classmethod
    def done_by(cls, do: Callable[[Self, M], Awaitable[None]]) -> JobHandler[M]:
        """Return this job with its handler, for `Service.work`; the handler gets the job and its message."""
        return JobHandler(cls, do)


def subject(job: type[Job], *, queue: str = "") -> str:
    """Return a job's subject; `queue` is for a job that several services do."""
    return f"jobs.{job.queue or queue}.{job.job_name}"
