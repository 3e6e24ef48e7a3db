"""Jobs on a schedule: at an interval or a time of day, once over all replicas.

There is no leader. Each replica computes the slot that is due (the start of the current interval, or today's time of
day) and gives the job if it is the first to write `<job>:<slot>` into the inbox; the message has the same id. A slot
missed while no replica ran is made up for by the next one to start, and a slot whose job was given is never due again.
"""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Final

import msgspec

from shared.bus.judge import AlreadyDoneError
from shared.bus.work import Worker
from shared.schemas.identifiers import derived_id
from shared.schemas.job import Job

LOOKS_EVERY: Final = timedelta(seconds=30)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = timedelta(days=1)
_CONSUMER: Final = "schedule"

When = timedelta | time
"""An interval, of at most 30 days, or a time of day in UTC."""


class Schedules:
    """The schedules of one service."""

    def __init__(self, worker: Worker, *, now: Callable[[], datetime]) -> None:
        self._worker = worker
        self._now = now
        self._jobs: list[tuple[When, Job]] = []
        self._last_slots: dict[Job, datetime] = {}

    def add(self, when: When, job: Job) -> None:
        """Put a job on a schedule; an interval of zero means never."""
        if when != timedelta():
            self._jobs.append((when, job))

    async def give_due(self) -> None:
        """Give the jobs that are due and were not given yet; raises `UnavailableError`."""
        for when, job in self._jobs:
            due = slot(when, now=self._now())
            if self._last_slots.get(job) != due:
                await self._give(job, f"{_name(job)}:{due:%Y-%m-%dT%H:%M:%SZ}")
                self._last_slots[job] = due

    async def _give(self, job: Job, message_id: str) -> None:
        try:
            async with self._worker.once(consumer=_CONSUMER, message_id=message_id) as work:
                work.give(job, cause=message_id, message_id=message_id)
        except AlreadyDoneError:
            return


def _name(job: Job) -> str:
    """Return what identifies a scheduled job: its queue and name, with a digest of its fields if it has any."""
    name, payload = f"{job.queue}.{job.job_name}", msgspec.json.encode(job)
    return name if payload == b"{}" else f"{name}:{derived_id(payload.decode())}"


def slot(when: When, *, now: datetime) -> datetime:
    """Return when a schedule was last due: intervals count from 1970, in UTC."""
    if isinstance(when, timedelta):
        return now - (now - _EPOCH) % when
    today = datetime.combine(now.date(), when, UTC)
    return today if today <= now else today - _DAY


def next_slot(when: When, *, now: datetime) -> datetime | None:
    """Return when a schedule is due next, or None for never."""
    if when == timedelta():
        return None
    return slot(when, now=now) + (when if isinstance(when, timedelta) else _DAY)
