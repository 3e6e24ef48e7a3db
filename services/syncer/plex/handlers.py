"""Answers questions about a Plex server: its libraries and their titles, what is new, what is being watched."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final, TypeVar

from services.syncer.plex import domain
from services.syncer.plex.access import AccessFinder
from services.syncer.plex.cache import ResourceCache
from shared.clients.errors import CredentialRefusedError
from shared.clients.plex_server import PlexServer
from shared.errors import ConflictError, ForbiddenError, NotFoundError
from shared.http.calls import FailingError, RefusedError
from shared.runtime import Service
from shared.schemas.directory import LookUpServer
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
from shared.upstreams.clients import Clients
from shared.upstreams.directory import Directory, Server

MOST_FOUND: Final = 500
"""The most search results of each kind: servers have no second page of them."""

T = TypeVar("T")


class Handlers:
    """Reads servers on request; stores nothing."""

    def __init__(self, *, directory: Directory, clients: Clients, cache: ResourceCache) -> None:
        self._directory = directory
        self._clients = clients
        self._finder = AccessFinder(directory=directory, clients=clients, cache=cache)

    def add_to(self, service: Service) -> None:
        """Have a service answer questions about Plex servers."""
        service.answer(
            ListLibraries.answered_by(self.list_libraries),
            ListSessions.answered_by(self.list_sessions),
            ListRecentlyAdded.answered_by(self.list_recently_added),
            SearchItems.answered_by(self.search),
            ListItems.answered_by(self.list_items),
        )

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
            raise ForbiddenError(f"{question.server} shows only its owner what is being watched") from exc
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
        if question.person is None:
            server = LookUpServer(type="plex", name=question.server)
            return await self._directory.servers.use(server, lambda found: read(self._as_owner(found)))
        return await self._read_as(question.person, question.server, read)

    def _as_owner(self, server: Server) -> PlexServer:
        if server.credential is None:
            name = server.address.name
            raise ConflictError(f"{name} is configured without a token: give it one, or read as a person")
        return self._clients.plex_server(server.address, token=server.credential)

    async def _read_as(self, person_id: str, server: str, read: Callable[[PlexServer], Awaitable[T]]) -> T:
        """Read a server; if the cached access no longer works, find it again and retry."""
        access = await self._finder.find(server, person_id=person_id)
        try:
            return await read(self._clients.plex_server(access.address, token=access.token))
        except FailingError:
            self._finder.forget(access)
            raise
        except CredentialRefusedError:
            if not access.is_remembered:
                raise
        self._finder.forget(access)
        again = await self._finder.find(server, person_id=person_id)
        return await read(self._clients.plex_server(again.address, token=again.token))
