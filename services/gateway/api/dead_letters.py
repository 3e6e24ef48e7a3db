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
from services.gateway.events.shapes import LetterFilter, LetterItem, LetterPage, LetterStatus, Replayed
from services.gateway.page import Full, Id, Limit, Offset, Search, Since, Until, Word, moment
from services.gateway.store import letters
from services.gateway.store.database import Database
from shared.bus import dead_letters
from shared.errors import NotFoundError
from shared.schemas.dead import Replay

_ITEM: Final = LetterItem(
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
_PAGE: Final = describe.shows(LetterPage([_ITEM], 1, 50, 0))
_FULL: Final = describe.shows(msgspec.structs.replace(_ITEM, payload={"event": "media.scrobble"})) | describe.WITH_ID
_REPLAYED: Final = describe.shows(Replayed(_ITEM.id, 1), status=202) | describe.WITH_ID
LetterStatusFilter = Annotated[
    LetterStatus | None, QueryParameter(description="waiting for somebody to look, or replayed")
]


class DeadLetterController(Controller):
    """Dead letters."""

    path, tags = "/deadletters", ("dead letters",)

    @get("/", summary="List dead letters", opt=needs("read"), responses=_PAGE)
    async def list_dead_letters(
        self,
        database: NamedDependency[Database],
        service: Word = None,
        status: LetterStatusFilter = None,
        since: Since = None,
        until: Until = None,
        search: Search = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> LetterPage:
        """List dead letters, newest first. `search` looks in subject, message id and reason."""
        wanted = LetterFilter(
            service=service,
            status=status,
            since=moment(since, name="since"),
            until=moment(until, name="until"),
            search=search,
            limit=limit,
            offset=offset,
        )
        return await letters.page_of_letters(database.pool, wanted)

    @get("/{letter_id:str}", summary="Show a dead letter", opt=needs("read"), responses=_FULL)
    async def show_dead_letter(
        self, database: NamedDependency[Database], letter_id: Id, full: Full = "false"
    ) -> LetterItem:
        """Show one, with `full=true` with the message that was given up."""
        found = await letters.find_letter(database.pool, letter_id)
        if found is None:
            raise _unknown(letter_id)
        item, letter = found
        if full != "true":
            return item
        return msgspec.structs.replace(item, payload=payload.shown(dead_letters.payload_of(letter)))

    @post(
        "/{letter_id:str}/replay",
        status_code=202,
        summary="Replay a dead letter",
        opt=needs("write", audits="letter.replayed"),
        responses=_REPLAYED,
    )
    async def replay(
        self, database: NamedDependency[Database], audit: NamedDependency[Audit], letter_id: Id
    ) -> Replayed:
        """Give the message back to the consumer that gave it up."""
        async with database.change() as work:
            found = await letters.next_replay(work.connection, letter_id)
            if found is None:
                raise _unknown(letter_id)
            count, letter = found
            replay_id = f"{letter.id}:replay:{count}"
            work.give(Replay(letter=letter), cause=letter.id, queue=letter.service, message_id=replay_id)
            await audit(f"dead letter {letter_id}", on=work)
        return Replayed(letter_id, count)

    @delete(
        "/{letter_id:str}",
        summary="Drop a dead letter",
        opt=needs("write", audits="letter.dropped"),
        responses=describe.WITH_ID,
    )
    async def drop(self, database: NamedDependency[Database], audit: NamedDependency[Audit], letter_id: Id) -> None:
        """Give it up for good."""
        async with database.change() as work:
            if not await letters.drop_letter(work.connection, letter_id):
                raise _unknown(letter_id)
            await audit(f"dead letter {letter_id}", on=work)


def _unknown(letter_id: str) -> NotFoundError:
    return NotFoundError(f"there is no dead letter {letter_id!r}: they are kept for 90 days")
