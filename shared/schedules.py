"""Jobs that begin by themselves, after each interval or at a time of day, once however many replicas there are.

There is no leader. Each replica computes the slot that is due: the start of the present interval, or the moment of the
day. The first to write `<job>:<slot>` into the inbox queues the job, with that as the message id. If no service ran at
that moment, the next one that starts queues the job of the newest slot.
"""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Final

import msgspec

from shared.bus.judge import AlreadyDoneError
from shared.bus.work import Worker
from shared.schemas.identifiers import derived_id
from shared.schemas.job import Job

CHECKS_EVERY: Final = timedelta(seconds=30)
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
        """Queue the jobs that are due and were not queued; raises `UnavailableError`."""
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
    """Return a name that no other scheduled job has: queue and job name, and a hash of the fields if there are any."""
    name, payload = f"{job.queue}.{job.job_name}", msgspec.json.encode(job)
    return name if payload == b"{}" else f"{name}:{derived_id(payload.decode())}"


def slot(when: When, *, now: datetime) -> datetime:
    """Return the newest moment at which a schedule was due; intervals are counted from 1970 on, all in UTC."""
    if isinstance(when, timedelta):
        return now - (now - _EPOCH) % when
    today = datetime.combine(now.date(), when, UTC)
    return today if today <= now else today - _DAY


def next_slot(when: When, *, now: datetime) -> datetime | None:
    """Return when a schedule is due next, or None for never."""
    if when == timedelta():
        return None
    return slot(when, now=now) + (when if isinstance(when, timedelta) else _DAY)
