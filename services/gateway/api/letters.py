"""`/api/deadletters`: what services gave up, trying it again, and giving it up for good."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from services.gateway.access.caller import Caller
from services.gateway.api import describe
from services.gateway.api.guards import needs
from services.gateway.api.handlers import free
from services.gateway.events import payload
from services.gateway.events.shapes import LetterFilter, LetterItem, LetterPage, LetterStatus, Replayed
from services.gateway.page import Full, Id, Limit, Offset, Search, Since, Until, Word, moment
from services.gateway.store import audit, letters
from shared.bus import dead_letters
from shared.bus.work import Worker
from shared.errors import NotFoundError
from shared.postgres.pool import Pool, transaction
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


class LetterRoutes:
    """Dead letters."""

    def __init__(self, pool: Pool, worker: Worker, *, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._worker = worker
        self._now = now

    async def page(
        self,
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
        return await letters.page_of_letters(self._pool, wanted)

    async def one(self, letter_id: Id, full: Full = "false") -> LetterItem:
        """Show one, with `full=true` with the message that was given up."""
        found = await letters.find_letter(self._pool, letter_id)
        if found is None:
            raise _unknown(letter_id)
        item, letter = found
        if full != "true":
            return item
        return msgspec.structs.replace(item, payload=payload.shown(dead_letters.payload_of(letter)))

    async def replay(self, caller: NamedDependency[Caller], letter_id: Id) -> Replayed:
        """Give the message back to the consumer that gave it up."""
        async with self._worker.on_request() as work:
            found = await letters.next_replay(work.connection, letter_id)
            if found is None:
                raise _unknown(letter_id)
            count, letter = found
            replay_id = f"{letter.id}:replay:{count}"
            work.give(Replay(letter=letter), cause=letter.id, queue=letter.service, message_id=replay_id)
            entry = caller.did("letter.replayed", f"dead letter {letter_id}", at=self._now())
            await audit.note(work.connection, entry)
        return Replayed(letter_id, count)

    async def drop(self, caller: NamedDependency[Caller], letter_id: Id) -> None:
        """Give it up for good."""
        async with transaction(self._pool) as connection:
            if not await letters.drop_letter(connection, letter_id):
                raise _unknown(letter_id)
            entry = caller.did("letter.dropped", f"dead letter {letter_id}", at=self._now())
            await audit.note(connection, entry)


def _unknown(letter_id: str) -> NotFoundError:
    return NotFoundError(f"there is no dead letter {letter_id!r}: they are kept for 90 days")


def router(routes: LetterRoutes) -> Router:
    """Return the routes."""
    page = get("/", summary="List dead letters", opt=needs("read"), responses=_PAGE)
    one = get("/{letter_id:str}", summary="Show a dead letter", opt=needs("read"), responses=_FULL)
    replay = post(
        "/{letter_id:str}/replay",
        status_code=202,
        summary="Replay a dead letter",
        opt=needs("write"),
        responses=_REPLAYED,
    )
    drop = delete("/{letter_id:str}", summary="Drop a dead letter", opt=needs("write"), responses=describe.WITH_ID)
    handlers = [
        page(free(routes.page)),
        one(free(routes.one)),
        replay(free(routes.replay)),
        drop(free(routes.drop)),
    ]
    return Router("/deadletters", route_handlers=handlers, tags=["dead letters"])
