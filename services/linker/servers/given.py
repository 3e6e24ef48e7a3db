"""The servers that the settings name: made at the first start, and kept as the settings say while nobody else does."""

import asyncio
from typing import Final
from urllib.parse import quote

import msgspec
import structlog

from services.linker.servers import rules, store
from services.linker.servers.registry import Registry, Secrets
from services.linker.servers.seerr import NAME as SEERR
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
_MADE: Final = "server made from settings: {}"
_PAUSE_S: Final = 5.0

log = structlog.get_logger()


class Given(msgspec.Struct, frozen=True):
    """A server as the settings name it."""

    row: ServerRow
    token: Secret


def given(config: UpstreamSettings, egress: Egress) -> list[Given]:
    """Return the servers that the settings name completely, with addresses that Usher connects to."""
    found = [
        (ServerRow(name=SEERR, type="seerr", url=config.seerr_url), config.seerr_api_key),
        (ServerRow(name=PLEX, type="plex", url=config.plex_host), config.plex_token),
        (ServerRow(name=TRAKT, type="trakt", url=_trakt_url(config)), config.trakt_client_secret),
    ]
    return [made for row, token in found if row.url and token and (made := _checked(row, token, egress)) is not None]


def _checked(row: ServerRow, token: Secret, egress: Egress) -> Given | None:
    try:
        url = rules.url_of(row.url.rstrip("/").removesuffix("/api/v1"), egress)
    except InvalidError as exc:
        log.warning("server_of_the_settings_refused", server=row.name, reason=exc.detail)
        return None
    return Given(msgspec.structs.replace(row, url=url, from_settings=True), token)


def _trakt_url(config: UpstreamSettings) -> str:
    if not config.trakt_client_id:
        return ""
    return f"{config.trakt_auth_url.rstrip('/')}/oauth/applications/{quote(config.trakt_client_id, safe='')}"


class FirstServers:
    """Makes them, once for an installation, where there is none of the kind: what somebody removed does not come back.

    A kind that somebody has set up by himself, under whatever name, is his: the settings' server may be the same one.
    """

    def __init__(self, worker: Worker, registry: Registry, servers: list[Given]) -> None:
        self._worker = worker
        self._registry = registry
        self._servers = servers

    async def run(self) -> None:
        """Make what is to be made, as soon as Postgres lets us."""
        while True:
            try:
                await self.make()
            except UnavailableError as exc:
                log.warning("servers_of_the_settings_wait", reason=exc.detail)
                await asyncio.sleep(_PAUSE_S)
            else:
                return

    async def make(self) -> None:
        """Make them now, or bring those up to date that nobody has changed; doing it again changes nothing."""
        for server in self._servers:
            with ErrorBoundary("server_of_the_settings_failed", server=server.row.name, only_bugs=True):
                await self._settle(server)

    async def _settle(self, server: Given) -> None:
        async with self._worker.on_request() as work:
            await store.lock_servers(work.connection)
            if await installation.is_first(work.connection, _MADE.format(server.row.name)):
                await self._make(work, server)
            else:
                await self._update(work, server)

    async def _make(self, work: Work, server: Given) -> None:
        row = server.row
        if there := await store.servers_of(work.connection, row.type, only_enabled=False):
            log.info("server_of_the_settings_is_there", server=row.name, reason=f"as {there[0].name!r}")
            return
        try:
            await self._registry.must_be_new(work.connection, row)
        except ConflictError as exc:
            log.info("server_of_the_settings_is_there", server=row.name, reason=exc.detail)
            return
        await self._registry.keep_new(work, row, Secrets(token=server.token))
        log.info("server_of_the_settings_made", server=row.name)

    async def _update(self, work: Work, server: Given) -> None:
        row = await store.find_server(work.connection, server.row.name)
        if row is None or not row.from_settings:
            return
        is_moved = row.url != server.row.url
        if not is_moved and await self._registry.token_of(work.connection, row) == server.token:
            return
        changed = msgspec.structs.replace(row, url=server.row.url, machine_id=None if is_moved else row.machine_id)
        await self._registry.keep_changed(work, changed, Secrets(token=server.token))
        log.info("server_of_the_settings_changed", server=row.name)
