"""What the linker answers of a Plex server: its libraries, what is in them, what is new, what is watched now."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final, TypeVar

from services.linker.plex import domain
from services.linker.plex.ways import Ways
from shared.clients.errors import CredentialRefusedError
from shared.clients.plex_server import PlexServer
from shared.errors import ForbiddenError, NotFoundError
from shared.http.calls import FailingError, RefusedError
from shared.schemas.plex import (
    ItemPage,
    LibraryPage,
    ListItems,
    ListLibraries,
    ListRecentlyAdded,
    ListSessions,
    PlexQuestion,
    SearchItems,
    SessionPage,
)

MOST_FOUND: Final = 500
"""Of a kind, in a search: a server gives no second page of what it found."""

T = TypeVar("T")


class Handlers:
    """Reads for whoever asks; keeps nothing of what it read."""

    def __init__(self, ways: Ways) -> None:
        self._ways = ways

    async def list_libraries(self, question: ListLibraries) -> LibraryPage:
        """Answer `GET /api/plex/{server}/libraries`."""
        found = await self._read(question, lambda plex: plex.libraries())
        page = LibraryPage(domain.part(found, question), len(found), question.limit, question.offset)
        return domain.bounded(page, server=question.server)

    async def list_sessions(self, question: ListSessions) -> SessionPage:
        """Answer `GET /api/plex/{server}/sessions`."""
        try:
            found = await self._read(question, lambda plex: plex.sessions())
        except RefusedError as exc:
            if exc.answered != HTTPStatus.FORBIDDEN:
                raise
            raise ForbiddenError(f"{question.server} tells only its owner what is watched") from exc
        page = SessionPage(domain.part(found, question), len(found), question.limit, question.offset)
        return domain.bounded(page, server=question.server)

    async def list_recently_added(self, question: ListRecentlyAdded) -> ItemPage:
        """Answer `GET /api/plex/{server}/recently-added`."""
        found = await self._read(question, lambda plex: plex.recently_added(start=question.offset, size=question.limit))
        page = ItemPage(found.items, found.total, question.limit, question.offset)
        return domain.bounded(page, server=question.server)

    async def search(self, question: SearchItems) -> ItemPage:
        """Answer `GET /api/plex/{server}/search`."""
        most = min(question.offset + question.limit, MOST_FOUND)
        found = await self._read(question, lambda plex: plex.search(question.query, limit=most))
        page = ItemPage(domain.part(found, question), len(found), question.limit, question.offset)
        return domain.bounded(page, server=question.server)

    async def list_items(self, question: ListItems) -> ItemPage:
        """Answer `GET /api/plex/{server}/libraries/{id}/items`."""
        try:
            found = await self._read(
                question,
                lambda plex: plex.items(
                    question.library_id, start=question.offset, size=question.limit, kind=question.kind
                ),
            )
        except RefusedError as exc:
            if exc.answered != HTTPStatus.NOT_FOUND:
                raise
            raise NotFoundError(f"{question.server} shows no library {question.library_id!r}") from exc
        page = ItemPage(found.items, found.total, question.limit, question.offset)
        return domain.bounded(page, server=question.server)

    async def _read(self, question: PlexQuestion[Any], read: Callable[[PlexServer], Awaitable[T]]) -> T:
        """Read; where what was remembered of the way does not hold any more, find it anew."""
        way = await self._ways.find(question.server, person_id=question.person)
        try:
            return await read(self._ways.walk(way))
        except FailingError:
            self._ways.forget(way)
            raise
        except CredentialRefusedError:
            if not way.is_remembered:
                raise
        self._ways.forget(way)
        again = await self._ways.find(question.server, person_id=question.person)
        return await read(self._ways.walk(again))
