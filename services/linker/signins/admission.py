"""Whom a sign-in lets in that anybody may begin: people whom Usher knows, and whoever reaches an enabled server."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from services.linker.people import domain as people
from services.linker.people.store import accounts
from services.linker.servers.store import servers_of
from services.linker.signins.domain import Asker, Authorization, Refused
from services.linker.signins.flows.plex import ReachedServer
from shared.postgres.pool import Pool, transaction
from shared.schemas.media import Account
from shared.schemas.secret import Secret

NOT_ADMITTED: Final = (
    "This Plex account reaches none of the servers here, and nobody here is known by it. "
    "Ask whoever runs them to share a server with you"
)
ReachedServers = Callable[[Secret], Awaitable[Sequence[ReachedServer]]]


class Admission:
    """Decides before anything is linked or stored; `reached_servers` asks plex.tv."""

    def __init__(self, pool: Pool, reached_servers: ReachedServers) -> None:
        self._pool = pool
        self._reached_servers = reached_servers

    async def decide(self, asker: Asker, authorized: Authorization) -> Authorization | Refused:
        """Return how the sign-in ends; raises what plex.tv's client raises."""
        if asker.kind != "visitor" or await self._is_known(authorized):
            return authorized
        reached = {each.machine_id for each in await self._reached_servers(authorized.token)}
        return authorized if reached & await self._enabled_servers() else Refused(NOT_ADMITTED)

    async def _is_known(self, authorized: Authorization) -> bool:
        proven = authorized.proven
        key = people.key_of(Account(proven.provider, proven.server, proven.account_id, proven.username))
        async with transaction(self._pool) as connection:
            return bool(await accounts.holders_of(connection, [key]))

    async def _enabled_servers(self) -> set[str]:
        async with transaction(self._pool) as connection:
            found = await servers_of(connection, "plex")
        return {each.machine_id for each in found if each.machine_id}
