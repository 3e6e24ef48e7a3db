"""Servers from settings: created at the first start, then updated with the settings until a person edits them."""

import asyncio
from typing import Final
from urllib.parse import quote

import msgspec
import structlog

from services.linker.servers import rules, store
from services.linker.servers.registry import Registry, Secrets
from services.linker.servers.seerr_handlers import NAME as SEERR
from services.linker.servers.store import ServerRow
from services.linker.store import installation
from shared.bus.work import Work, Worker
from shared.error_boundary import ErrorBoundary
from shared.errors import ConflictError, InvalidError, UnavailableError
from shared.http.egress import Egress
from shared.schemas.secret import Secret
from shared.settings import UpstreamSettings

PLEX: Final = "Plex"
TRAKT: Final = "Trakt"
_CREATED: Final = "server made from settings: {}"
_PAUSE_S: Final = 5.0

log = structlog.get_logger()


class ServerFromSettings(msgspec.Struct, frozen=True):
    """A server as the settings describe it."""

    row: ServerRow
    token: Secret


def servers_in(config: UpstreamSettings, egress: Egress) -> list[ServerFromSettings]:
    """Return the servers that the settings describe completely, with addresses that Usher may connect to."""
    found = [
        (ServerRow(name=SEERR, type="seerr", url=config.seerr_url), config.seerr_api_key),
        (ServerRow(name=PLEX, type="plex", url=config.plex_host), config.plex_token),
        (ServerRow(name=TRAKT, type="trakt", url=_trakt_url(config)), config.trakt_client_secret),
    ]
    return [
        server for row, token in found if row.url and token and (server := _validate(row, token, egress)) is not None
    ]


def _validate(row: ServerRow, token: Secret, egress: Egress) -> ServerFromSettings | None:
    try:
        url = rules.url_of(row.url.rstrip("/").removesuffix("/api/v1"), egress)
    except InvalidError as exc:
        log.warning("server_of_the_settings_refused", server=row.name, reason=exc.detail)
        return None
    return ServerFromSettings(msgspec.structs.replace(row, url=url, from_settings=True), token)


def _trakt_url(config: UpstreamSettings) -> str:
    if not config.trakt_client_id:
        return ""
    return f"{config.trakt_auth_url.rstrip('/')}/oauth/applications/{quote(config.trakt_client_id, safe='')}"


class ServersFromSettings:
    """Creates each server once for an installation, so that one that somebody removed does not come back.

    None is created where a server of the same type exists under any name: it may be the same one.
    """

    def __init__(self, worker: Worker, registry: Registry, servers: list[ServerFromSettings]) -> None:
        self._worker = worker
        self._registry = registry
        self._servers = servers

    async def run(self) -> None:
        """Apply the settings as soon as Postgres answers."""
        while True:
            try:
                await self.apply()
            except UnavailableError as exc:
                log.warning("servers_of_the_settings_wait", reason=exc.detail)
                await asyncio.sleep(_PAUSE_S)
            else:
                return

    async def apply(self) -> None:
        """Create the servers, or update those that nobody has edited; doing it again changes nothing."""
        for server in self._servers:
            with ErrorBoundary("server_of_the_settings_failed", server=server.row.name, only_bugs=True):
                await self._create_or_update(server)

    async def _create_or_update(self, server: ServerFromSettings) -> None:
        async with self._worker.on_request() as work:
            await store.lock_servers(work.connection)
            if await installation.is_first(work.connection, _CREATED.format(server.row.name)):
                await self._create(work, server)
            else:
                await self._update(work, server)

    async def _create(self, work: Work, server: ServerFromSettings) -> None:
        row = server.row
        if there := await store.servers_of(work.connection, row.type, only_enabled=False):
            log.info("server_of_the_settings_is_there", server=row.name, reason=f"as {there[0].name!r}")
            return
        try:
            await self._registry.require_new(work.connection, row)
        except ConflictError as exc:
            log.info("server_of_the_settings_is_there", server=row.name, reason=exc.detail)
            return
        await self._registry.store_new(work, row, Secrets(token=server.token))
        log.info("server_of_the_settings_made", server=row.name)

    async def _update(self, work: Work, server: ServerFromSettings) -> None:
        row = await store.find_server(work.connection, server.row.name)
        if row is None or not row.from_settings:
            return
        is_moved = row.url != server.row.url
        if not is_moved and await self._registry.token_of(work.connection, row) == server.token:
            return
        changed = msgspec.structs.replace(row, url=server.row.url, machine_id=None if is_moved else row.machine_id)
        await self._registry.store_changed(work, changed, Secrets(token=server.token))
        log.info("server_of_the_settings_changed", server=row.name)
