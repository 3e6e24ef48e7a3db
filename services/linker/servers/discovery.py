"""Finds the Plex servers that a token reaches, and which of their addresses work from here.

No address is given the token: each is only asked which server answers. plex.tv lists what servers report about
themselves, and an old address may belong to somebody else by now.
"""

import asyncio
import itertools
import time
from datetime import timedelta
from typing import Final

import msgspec

from services.linker.servers import rules
from services.linker.servers.linked_token import linked_plex_token
from shared.clients.errors import CredentialRefusedError
from shared.clients.lists import PartialList
from shared.clients.plex_accounts import Server
from shared.clients.plex_connections import Connection, unusable, usable
from shared.errors import ConflictError, InvalidError, TransientError
from shared.http.calls import RefusedError
from shared.http.egress import EgressError
from shared.postgres.pool import Pool
from shared.schemas.directory import ServerAddress
from shared.schemas.secret import Secret
from shared.schemas.servers import PLEX_TOKEN, DiscoveredServer, DiscoveredServers, DiscoverPlex, PlexConnection
from shared.sealing import Sealer
from shared.upstreams.clients import Clients
from shared.upstreams.rate_limit import RateLimit
from shared.vault import Vault

DEADLINE: Final = timedelta(seconds=3)
ALL_WITHIN: Final = timedelta(seconds=6.5)
"""For everything: plex.tv, then the addresses."""
AT_ONCE: Final = 32
MOST_ADDRESSES: Final = 200

_NOT_TESTED: Final = "not tested: there were too many addresses for the time"
_NO_TOKEN: Final = Secret("")


class _Candidate(msgspec.Struct, frozen=True):
    """An address to test; `rank` is its place in the server's order of preference."""

    server: Server
    connection: Connection
    rank: int


class Discovery:
    """Answers `GET /api/plex/servers`."""

    def __init__(self, clients: Clients, *, vault: Vault, sealer: Sealer, pool: Pool) -> None:
        self._clients = clients
        self._vault = vault
        self._sealer = sealer
        self._pool = pool

    async def discover(self, question: DiscoverPlex) -> DiscoveredServers:
        """Ask plex.tv for the servers, then test all their addresses side by side."""
        ends_at = time.monotonic() + ALL_WITHIN.total_seconds()
        found = await self._servers(question)
        servers = sorted(found.rows, key=lambda server: (not server.owned, server.name.lower(), server.machine_id))
        tested = await self._test_all(_candidates(servers), within_s=ends_at - time.monotonic())
        items = [_describe(server, tested) for server in servers]
        return DiscoveredServers(items, len(items), problems=list(found.problems))

    async def _servers(self, question: DiscoverPlex) -> PartialList[Server]:
        token = await self._token(question)
        plex_tv = self._clients.for_test(deadline=DEADLINE).plex_tv(RateLimit.acquire_at_once)
        try:
            return await plex_tv.resources(token)
        except CredentialRefusedError as exc:
            raise _token_error(question) from exc

    async def _token(self, question: DiscoverPlex) -> Secret:
        if question.token is not None:
            return self._sealer.unseal(question.token, purpose=PLEX_TOKEN)
        if question.person_id is None:
            raise InvalidError("send a Plex token in the header X-Plex-Token, or name a person who has linked Plex")
        return await linked_plex_token(self._pool, self._vault, question.person_id)

    async def _test_all(self, candidates: list[_Candidate], *, within_s: float) -> dict[_Candidate, PlexConnection]:
        room = asyncio.Semaphore(AT_ONCE)
        tested: dict[_Candidate, PlexConnection] = {}

        async def test(candidate: _Candidate) -> None:
            async with room:
                tested[candidate] = await self._test(candidate)

        try:
            async with asyncio.timeout(max(within_s, 0.0)), asyncio.TaskGroup() as tasks:
                for candidate in candidates[:MOST_ADDRESSES]:
                    tasks.create_task(test(candidate))
        except TimeoutError:
            pass  # addresses that were not tested in time are reported as such
        return {
            candidate: tested.get(candidate) or _result(candidate.connection, reason=_NOT_TESTED)
            for candidate in candidates
        }

    async def _test(self, candidate: _Candidate) -> PlexConnection:
        address = ServerAddress(candidate.server.name, candidate.connection.uri)
        server = self._clients.for_test(deadline=DEADLINE).plex_server(address, token=_NO_TOKEN)
        began = time.perf_counter()
        try:
            identity = await server.identity()
        except EgressError as exc:
            return _result(candidate.connection, reason=exc.detail)
        except RefusedError:
            return _result(candidate.connection, reason="what answers there is no Plex server")
        except TransientError:
            return _result(candidate.connection, reason=f"no answer within {DEADLINE.total_seconds():g} s")
        if identity.machine_id != candidate.server.machine_id:
            return _result(candidate.connection, reason="another Plex server answers there")
        took = time.perf_counter() - began
        return _result(candidate.connection, reason=None, latency_ms=max(1, round(took * 1000)))


def _candidates(servers: list[Server]) -> list[_Candidate]:
    """Return all addresses, the best one of every server before the second best of any."""
    ranked = [
        [_Candidate(server, connection, rank) for rank, connection in enumerate(_addresses(server))]
        for server in servers
    ]
    rounds = itertools.zip_longest(*ranked)
    return [candidate for each in rounds for candidate in each if candidate is not None]


def _addresses(server: Server) -> list[Connection]:
    return usable(server.connections, https_required=server.https_required)


def _result(connection: Connection, *, reason: str | None, latency_ms: int | None = None) -> PlexConnection:
    return PlexConnection(
        uri=connection.shown,
        local=connection.local,
        relay=connection.relay,
        reachable=reason is None,
        latency_ms=latency_ms,
        reason=reason,
    )


def _describe(server: Server, tested: dict[_Candidate, PlexConnection]) -> DiscoveredServer:
    own = sorted(
        (candidate for candidate in tested if candidate.server is server), key=lambda candidate: candidate.rank
    )
    odd = [_result(each, reason=each.problem) for each in unusable(server.connections)]
    connections = [*(tested[candidate] for candidate in own), *odd]
    return DiscoveredServer(
        name=server.name,
        machine_identifier=server.machine_id,
        owned=server.owned,
        version=server.version,
        connections=connections,
        best=next((each.uri for each in connections if each.reachable), None),
    )


def _token_error(question: DiscoverPlex) -> InvalidError | ConflictError:
    if question.token is not None:
        return rules.field_error("token", "plex.tv does not accept this token")
    return ConflictError("plex.tv does not accept this person's token any more: the account must be linked again")
