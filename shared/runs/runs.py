"""The runs of a service: a chain of jobs, each of which does one page and queues the next in one transaction.

A killed process costs a page: its job is delivered again, and what the earlier pages stored is there. A job that is
delivered twice finds that its page is done. If a page becomes a dead letter, its run ends as an error. If a job is
lost, it is queued again after half an hour.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import structlog

from shared.bus.message import Message
from shared.bus.work import Work, Worker
from shared.errors import NotFoundError
from shared.runs import store
from shared.runs.kinds import C, Kind, Page
from shared.runs.store import RunRow
from shared.schedules import next_slot
from shared.schemas.dead import DeadLetter
from shared.schemas.events import RunChanged
from shared.schemas.identifiers import derived_id, random_id
from shared.schemas.job import JobHandler, subject
from shared.schemas.question import Answer
from shared.schemas.runs import (
    BeginRun,
    CancelRun,
    DoPage,
    KindList,
    ListKinds,
    Run,
    RunError,
    RunKind,
    Status,
)

LOST_AFTER: Final = timedelta(minutes=30)
"""More than a page takes with its short retries; longer ones wait in the table `retries`."""
CHECKS_EVERY: Final = timedelta(minutes=1)
KEPT: Final = timedelta(days=90)
_PUBLISH_EVERY: Final = timedelta(seconds=1)

log = structlog.get_logger()


class Runs:
    """One per service process."""

    def __init__(self, service: str, worker: Worker, *, now: Callable[[], datetime]) -> None:
        self._service = service
        self._worker = worker
        self._now = now
        self._kinds: dict[str, Kind[Any]] = {}

    def add(self, kind: Kind[Any]) -> JobHandler[Message]:
        """Add a kind of runs; return the handler of its pages, for the queue of the kind."""
        self._kinds[kind.name] = kind
        return DoPage.done_by(self.do_page)

    def jobs(self) -> tuple[JobHandler[Message], ...]:
        """Return the handlers of the service's own queue."""
        return (CancelRun.done_by(self.cancel),)

    def answers(self) -> tuple[Answer, ...]:
        """Return the answers to questions about runs."""
        return (BeginRun.answered_by(self.begin_on_request), ListKinds.answered_by(self.list_kinds))

    async def begin(self, work: Work, kind: Kind[C], first: C, *, requested_by: str, subject: str = "") -> Run:
        """Begin a run and return it; where one of this kind and subject is open, return that one."""
        now = self._now()
        row = RunRow(
            id=random_id(),
            kind=kind.name,
            subject=subject,
            status="queued",
            requested_by=requested_by,
            requested_at=now,
            started_at=None,
            finished_at=None,
            done=0,
            total=None,
            counts={},
            errors=(),
            checkpoint=msgspec.json.encode(first),
            page=0,
            sequence=1,
            queued_at=now,
            published_at=now,
        )
        while not await store.insert(work.connection, row):
            if known := await store.find_open(work.connection, kind.name, subject):
                return known.as_run(self._service)
        self._publish(work, row)
        self._queue_page(work, row)
        return row.as_run(self._service)

    async def begin_again(self, work: Work, kind: Kind[C], first: C, *, requested_by: str, subject: str = "") -> Run:
        """Cancel the open run, because its pages were made from what has changed since, and begin another one."""
        known = await store.find_open(work.connection, kind.name, subject)
        if known is not None:
            await self._end(work, known.id, status="cancelled", why="it was begun again")
        return await self.begin(work, kind, first, requested_by=requested_by, subject=subject)

    async def begin_on_request(self, question: BeginRun) -> Run:
        """Answer `BeginRun`; raises `NotFoundError` for a kind that this service does not have."""
        kind = self._kinds.get(question.kind)
        if kind is None:
            raise NotFoundError(f"there is no kind of run {question.kind!r} here")
        first = await kind.first(question.options)
        async with self._worker.on_request() as work:
            return await self.begin(work, kind, first, requested_by=question.requested_by)

    async def list_kinds(self, _question: ListKinds) -> KindList:
        """Answer `ListKinds`."""
        now = self._now()
        return KindList(tuple(RunKind(kind=each.name, next_at=_next_at(each, now)) for each in self._kinds.values()))

    async def do_page(self, job: DoPage, _message: Message) -> None:
        """Do a page, unless it is done or the run is over; store its result, and queue the next one."""
        row = await self._start(job)
        if row is None:
            return
        kind = self._kinds[row.kind]
        checkpoint = msgspec.json.decode(row.checkpoint, type=kind.checkpoint)
        page = await kind.step(row.as_run(self._service), checkpoint)
        async with self._worker.on_request() as work:
            held = await store.hold(work.connection, job.run_id, page=job.page)
            if held is not None:
                await page.effect(work)
                await self._save_page(work, held, page)

    async def cancel(self, job: CancelRun, _message: Message) -> None:
        """End a run where it is: a page that is being done stores nothing any more.

        Where it is over, publish once more how it ended: whoever cancels it has missed that.
        """
        why = f"cancelled by {job.cancelled_by}" if job.cancelled_by else "cancelled"
        async with self._worker.on_request() as work:
            if await self._end(work, job.run_id, status="cancelled", why=why):
                return
            if finished := await store.hold_finished(work.connection, job.run_id):
                self._publish(work, await store.save(work.connection, finished))

    async def end_run_of_dead_page(self, message: Message) -> None:
        """End the run whose page became a dead letter."""
        letter = msgspec.json.decode(message.payload, type=DeadLetter)
        if letter.subject not in {subject(DoPage, queue=kind.queue) for kind in self._kinds.values()}:
            return
        job = msgspec.json.decode(letter.payload, type=DoPage)
        async with self._worker.on_request() as work:
            await self._end(work, job.run_id, status="error", why=letter.reason, page=job.page)

    async def recover_and_forget(self) -> None:
        """Queue lost jobs again, and forget old runs."""
        now = self._now()
        async with self._worker.on_request() as work:
            for row in await store.hold_lost(work.connection, self._kinds, queued_before=now - LOST_AFTER):
                log.warning("run_page_lost", run=row.id, kind=row.kind, page=row.page)
                self._queue_page(work, await store.save(work.connection, msgspec.structs.replace(row, queued_at=now)))
            await store.delete_old(work.connection, finished_before=now - KEPT)

    async def _start(self, job: DoPage) -> RunRow | None:
        """Mark the run as running and return it; None where this page is not its next one."""
        now = self._now()
        async with self._worker.on_request() as work:
            held = await store.hold(work.connection, job.run_id, page=job.page)
            if held is None:
                return None
            started = msgspec.structs.replace(held, status="running", started_at=held.started_at or now, queued_at=now)
            saved = await store.save(work.connection, started)
            if held.status == "queued":
                self._publish(work, saved)
        return saved

    async def _save_page(self, work: Work, held: RunRow, page: Page[Any]) -> None:
        now = self._now()
        is_last, errors = page.checkpoint is None, len(page.errors)
        counts = {**held.counts}
        for name, number in {**page.counts, **({"errors": errors} if errors else {})}.items():
            counts[name] = counts.get(name, 0) + number
        is_published = is_last or now - held.published_at >= _PUBLISH_EVERY
        saved = await store.save(
            work.connection,
            msgspec.structs.replace(
                held,
                status=_status_after(counts, is_last=is_last),
                finished_at=now if is_last else None,
                done=held.done + page.done,
                total=held.total if page.total is None else page.total,
                counts=counts,
                errors=store.with_errors(held.errors, page.errors),
                checkpoint=held.checkpoint if page.checkpoint is None else msgspec.json.encode(page.checkpoint),
                page=held.page + 1,
                queued_at=now,
                published_at=now if is_published else held.published_at,
            ),
        )
        if is_published:
            self._publish(work, saved)
        if not is_last:
            self._queue_page(work, saved)

    async def _end(self, work: Work, run_id: str, *, status: Status, why: str, page: int | None = None) -> bool:
        held = await store.hold(work.connection, run_id, page=page)
        if held is None:
            return False
        errors = store.with_errors((RunError("the run", why),), held.errors)
        ended = msgspec.structs.replace(held, status=status, finished_at=self._now(), errors=errors)
        self._publish(work, await store.save(work.connection, ended))
        log.info("run_ended", run=run_id, kind=held.kind, status=status, reason=why)
        return True

    def _publish(self, work: Work, row: RunRow) -> None:
        event_id = derived_id("run.changed", row.id, row.sequence)
        work.publish(RunChanged(id=event_id, occurred_at=self._now(), run=row.as_run(self._service)))

    def _queue_page(self, work: Work, row: RunRow) -> None:
        message_id = f"{row.id}:{row.page}"
        queue = self._kinds[row.kind].queue
        work.give(DoPage(run_id=row.id, page=row.page), cause=row.id, queue=queue, message_id=message_id)


def _status_after(counts: dict[str, int], *, is_last: bool) -> Status:
    if not is_last:
        return "running"
    return "partial" if counts.get("errors") else "success"


def _next_at(kind: Kind[Any], now: datetime) -> datetime | None:
    return None if kind.begins is None else next_slot(kind.begins, now=now)
