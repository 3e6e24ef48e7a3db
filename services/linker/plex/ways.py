"""Finds the way to a Plex server for whoever reads: with the server's own token, or as a person with a linked account.

A person comes with the token that plex.tv names for him and this server: he sees what is shared with him, and no more.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

import msgspec
import structlog

from services.linker.people.ownership import UnknownPersonError
from services.linker.people.store import people
from services.linker.plex import domain, store
from services.linker.plex.memory import Memory, Reach
from services.linker.plex.store import Linked
from services.linker.servers.store import ServerRow, servers_of
from shared import owners
from shared.clients.errors import CredentialRefusedError
from shared.clients.lists import PartialList
from shared.clients.plex_accounts import Server
from shared.clients.plex_server import PlexServer
from shared.errors import ConflictError, NotFoundError, UnknownServerError, UsherError
from shared.http.calls import FailingError, RefusedError, out_of_reach
from shared.postgres.pool import Pool, snapshot, transaction
from shared.schemas.directory import ServerAddress
from shared.schemas.people import Person
from shared.schemas.secret import Secret
from shared.upstreams.clients import Clients
from shared.vault import Vault

_NO_TOKEN: Final = Secret("")
_MOST_PROBLEMS: Final = 3

log = structlog.get_logger()


class NotReachedError(NotFoundError):
    """The account does not reach the server."""

    def __init__(self, person: Person, server: str, *, problems: Sequence[str] = ()) -> None:
        odd = f"; of plex.tv's list, {problems[0]}" if problems else ""
        super().__init__(f"the Plex account of {person.name} does not reach a server {server!r}{odd}")


class NotLinkedError(ConflictError):
    """The person has not signed in to Plex, or must do so again."""

    title = "No linked Plex account"


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """Where a server is read, and as whom: `account_id` is None with the server's own token."""

    place: ServerAddress
    token: Secret
    account_id: str | None = None
    is_remembered: bool = False
    """It was found a while ago, and may be out of date."""


class Ways:
    """Asks Postgres who may read, plex.tv what he reaches, and the server's addresses which of them answers."""

    def __init__(self, *, pool: Pool, vault: Vault, clients: Clients, memory: Memory) -> None:
        self._pool = pool
        self._vault = vault
        self._clients = clients
        self._memory = memory

    async def find(self, server: str, *, person_id: str | None) -> Way:
        """Return the way; raise what the caller is to be told where there is none."""
        if person_id is None:
            return await self._as_configured(server)
        async with transaction(self._pool) as connection:
            row = domain.configured(await servers_of(connection, "plex"), server)
            person = await people.find_person(connection, person_id)
            accounts = [] if person is None else await store.accounts_of(connection, person.id)
        if person is None:
            raise UnknownPersonError(person_id)
        return await self._as_person(person, accounts, row, server)

    def walk(self, way: Way) -> PlexServer:
        """Return the server at the end of a way."""
        return self._clients.plex_server(way.place, token=way.token)

    def forget(self, way: Way) -> None:
        """Look for a way anew next time."""
        if way.account_id is not None:
            self._memory.forget(way.account_id)

    async def _as_configured(self, wanted: str) -> Way:
        async with snapshot(self._pool) as connection:  # a new token is not for the old address
            row = domain.configured(await servers_of(connection, "plex"), wanted)
            if row is None:
                raise UnknownServerError(wanted, kind="plex")
            token = await self._vault.get(owners.server_token(row.name, type="plex"), on=connection)
        if token is None:
            raise ConflictError(f"{row.name} is configured without a token: give it one, or read as a person")
        return Way(place=row.address, token=token)

    async def _as_person(self, person: Person, accounts: list[Linked], row: ServerRow | None, wanted: str) -> Way:
        if not accounts:
            raise NotLinkedError(f"{person.name} has no linked Plex account: it is linked by signing in to Plex")
        machine_id = wanted if row is None else await self._machine_id(row)
        alive = [account for account in accounts if not account.is_dead]
        if not alive:
            raise _ended(person)
        problems: list[str] = []
        for account in alive:
            reach, is_remembered = await self._memory.of(account.account_id, partial(self._read, person, account))
            if (server := domain.reached(reach.servers.rows, machine_id)) is not None:
                way = await self._way(account, reach, server, row)
                return msgspec.structs.replace(way, is_remembered=is_remembered)
            problems += reach.servers.problems
        raise NotReachedError(person, wanted, problems=problems)

    async def _machine_id(self, row: ServerRow) -> str:
        if row.machine_id is not None:
            return row.machine_id
        return (await self._clients.plex_server(row.address, token=_NO_TOKEN).identity()).machine_id

    async def _read(self, person: Person, account: Linked) -> PartialList[Server]:
        token = await self._vault.get(owners.account_token("plex", server="", account_id=account.account_id))
        if token is None:
            raise NotLinkedError(f"{person.name} has no linked Plex account any more")
        try:
            found = await self._clients.plex_tv().resources(token)
        except CredentialRefusedError as exc:
            raise _ended(person) from exc
        problems = [*found.problems, *(problem for server in found.rows for problem in domain.problems(server))]
        if problems:
            log.warning("plex_tv_lists_oddities", account=account.account_id, problems=problems[:_MOST_PROBLEMS])
        return found

    async def _way(self, account: Linked, reach: Reach, server: Server, row: ServerRow | None) -> Way:
        name = f"the Plex server {server.machine_id}" if row is None else row.name
        if server.access_token is None:
            raise RefusedError(f"plex.tv gives {account.username} no token for {name}")
        if (address := reach.addresses.get(server.machine_id)) is None:
            address = await self._answering(name, server, first=None if row is None else row.url)
            reach.addresses[server.machine_id] = address
        return Way(place=ServerAddress(name, address), token=server.access_token, account_id=account.account_id)

    async def _answering(self, name: str, server: Server, *, first: str | None) -> str:
        """Return the best address that leads to the server, all being asked at once."""
        addresses = domain.addresses(server, first=first)
        if not addresses:
            reason = "; ".join(domain.problems(server)[:_MOST_PROBLEMS]) or "it lists none"
            raise RefusedError(f"plex.tv names no address of {name} that can be dialled ({reason})")
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(self._leads(address, server.machine_id)) for address in addresses]
            found = None
            for address, task in zip(addresses, asked, strict=True):
                if await task:
                    found = address
                    break
            for task in asked:
                task.cancel()
        if found is None:
            raise FailingError(out_of_reach(name))
        return found

    async def _leads(self, address: str, machine_id: str) -> bool:
        try:
            identity = await self._clients.plex_candidate(address).identity()
        except UsherError:
            return False
        return identity.machine_id == machine_id


def _ended(person: Person) -> NotLinkedError:
    return NotLinkedError(f"Plex does not accept the sign-in of {person.name} any more: it must be linked again")
