"""`/api/deadletters`: what services gave up, trying it again, and giving it up for good."""

from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from services.gateway.access.audit import Audit
from services.gateway.api import describe
from services.gateway.api.guards import needs
from services.gateway.events import payload
from services.gateway.events.shapes import (
    DeadLetterFilter,
    DeadLetterItem,
    DeadLetterPage,
    DeadLetterStatus,
    ReplayReceipt,
)
from services.gateway.page import Full, Id, Limit, Offset, Search, Since, Until, Word, moment
from services.gateway.store import dead_letters
from services.gateway.store.database import Database
from shared.bus.dead_letters import payload_of
from shared.errors import NotFoundError
from shared.schemas.dead import Replay

_ITEM: Final = DeadLetterItem(
    id="9c1b0c1f1d6b4f0a9d3c6b1e8e2a7c55",
    service="syncer",
    consumer="syncer-webhooks",
    subject="webhooks.plex.media.scrobble",
    message_id="3f6c0c1f1d6b4f0a9d3c6b1e8e2a7c55",
    reason="gave up after 10 tries: plex answered 502",
    attempts=10,
    died_at=datetime(2026, 1, 31, 18, 0, tzinfo=UTC),
    status="waiting",
    replays=0,
)
_PAGE: Final = describe.shows(DeadLetterPage([_ITEM], 1, 50, 0))
_FULL: Final = describe.shows(msgspec.structs.replace(_ITEM, payload={"event": "media.scrobble"})) | describe.WITH_ID
_REPLAY: Final = describe.shows(ReplayReceipt(_ITEM.id, 1), status=202) | describe.WITH_ID
DeadLetterStatusFilter = Annotated[
    DeadLetterStatus | None, QueryParameter(description="waiting for somebody to look, or replayed")
]


class DeadLetterController(Controller):
    """Dead letters."""

    path, tags = "/deadletters", ("dead letters",)

    @get("/", summary="List dead letters", opt=needs("read"), responses=_PAGE)
    async def list_dead_letters(
        self,
        database: NamedDependency[Database],
        service: Word = None,
        status: DeadLetterStatusFilter = None,
        since: Since = None,
        until: Until = None,
        search: Search = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> DeadLetterPage:
        """List dead letters, newest first. `search` looks in subject, message id and reason."""
        wanted = DeadLetterFilter(
            service=service,
            status=status,
            since=moment(since, name="since"),
            until=moment(until, name="until"),
            search=search,
            limit=limit,
            offset=offset,
        )
        return await dead_letters.page_of_dead_letters(database.pool, wanted)

    @get("/{letter_id:str}", summary="Show a dead letter", opt=needs("read"), responses=_FULL)
    async def show_dead_letter(
        self, database: NamedDependency[Database], letter_id: Id, full: Full = "false"
    ) -> DeadLetterItem:
        """Show one, with `full=true` with the message that was given up."""
        found = await dead_letters.find_dead_letter(database.pool, letter_id)
        if found is None:
            raise _not_found(letter_id)
        item, letter = found
        if full != "true":
            return item
        return msgspec.structs.replace(item, payload=payload.redact(payload_of(letter)))

    @post(
        "/{letter_id:str}/replay",
        status_code=202,
        summary="Replay a dead letter",
        opt=needs("write", audits="letter.replayed"),
        responses=_REPLAY,
    )
    async def replay(
        self, database: NamedDependency[Database], audit: NamedDependency[Audit], letter_id: Id
    ) -> ReplayReceipt:
        """Give the message back to the consumer that gave it up."""
        async with database.change() as work:
            found = await dead_letters.next_replay(work.connection, letter_id)
            if found is None:
                raise _not_found(letter_id)
            count, letter = found
            replay_id = f"{letter.id}:replay:{count}"
            work.give(Replay(letter=letter), cause=letter.id, queue=letter.service, message_id=replay_id)
            await audit(f"dead letter {letter_id}", on=work)
        return ReplayReceipt(letter_id, count)

    @delete(
        "/{letter_id:str}",
        summary="Drop a dead letter",
        opt=needs("write", audits="letter.dropped"),
        responses=describe.WITH_ID,
    )
    async def drop(self, database: NamedDependency[Database], audit: NamedDependency[Audit], letter_id: Id) -> None:
        """Give it up for good."""
        async with database.change() as work:
            if not await dead_letters.drop_dead_letter(work.connection, letter_id):
                raise _not_found(letter_id)
            await audit(f"dead letter {letter_id}", on=work)


def _not_found(letter_id: str) -> NotFoundError:
    return NotFoundError(f"there is no dead letter {letter_id!r}: they are kept for 90 days")
