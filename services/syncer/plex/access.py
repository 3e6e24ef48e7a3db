"""Finds a Plex server's address and token: the server's own, or a person's for this server.

plex.tv names a token for each server that an account reaches: a person sees what is shared with them, and no more.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

import msgspec
import structlog

from services.syncer.plex import domain
from services.syncer.plex.cache import ResourceCache, Resources
from shared.clients.errors import CredentialRefusedError
from shared.clients.lists import PartialList
from shared.clients.plex_accounts import Server as ReachedServer
from shared.errors import ConflictError, NotFoundError, UsherError
from shared.http.calls import FailingError, RefusedError, out_of_reach
from shared.schemas.directory import LookUpAccounts, LookUpServer, ServerAddress
from shared.schemas.secret import Secret
from shared.upstreams.clients import Clients
from shared.upstreams.directory import Account, Accounts, Directory, Server

_NO_TOKEN: Final = Secret("")
_MOST_PROBLEMS: Final = 3

log = structlog.get_logger()


class NotReachedError(NotFoundError):
    """The account does not reach the server."""

    def __init__(self, person: str, server: str, *, problems: Sequence[str] = ()) -> None:
        odd = f"; of plex.tv's list, {problems[0]}" if problems else ""
        super().__init__(f"the Plex account of {person} does not reach a server {server!r}{odd}")


class NotLinkedError(ConflictError):
    """The person has not signed in to Plex, or must do so again."""

    title = "No linked Plex account"


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Where a server is read, and with which token: one that plex.tv gives `account_id`."""

    address: ServerAddress
    token: Secret
    account_id: str
    is_remembered: bool = False
    """It was found a while ago, and may be out of date."""


class AccessFinder:
    """Asks the directory whose accounts are linked, plex.tv what they reach, and addresses which server answers."""

    def __init__(self, *, directory: Directory, clients: Clients, cache: ResourceCache) -> None:
        self._directory = directory
        self._clients = clients
        self._cache = cache

    async def find(self, wanted: str, *, person_id: str) -> Access:
        """Return how a person reads a server; if they cannot, raise an error that tells the caller why."""
        question = LookUpAccounts(person_id=person_id, type="plex")
        person = await self._directory.accounts.get(question)
        _living_accounts(person)
        server = await self._find_configured(wanted)
        machine_id = wanted if server is None else await self._machine_id(server)
        try:
            return await self._directory.accounts.use(
                question, lambda linked: self._find_as(linked, machine_id, server, wanted)
            )
        except CredentialRefusedError as exc:
            raise _sign_in_again(person) from exc

    def forget(self, access: Access) -> None:
        """Ask plex.tv again next time."""
        self._cache.forget(access.account_id)

    async def _find_configured(self, wanted: str) -> Server | None:
        try:
            return await self._directory.servers.get(LookUpServer(type="plex", name=wanted))
        except NotFoundError:  # the person may reach a server that is not configured
            return None

    async def _find_as(self, person: Accounts, machine_id: str, server: Server | None, wanted: str) -> Access:
        problems: list[str] = []
        for account in _living_accounts(person):
            resources, is_remembered = await self._cache.get(account.id, partial(self._read, person, account))
            if (reached := domain.reached(resources.servers.rows, machine_id)) is not None:
                access = await self._access(account, resources, reached, server)
                return msgspec.structs.replace(access, is_remembered=is_remembered)
            problems += resources.servers.problems
        raise NotReachedError(person.person_name, wanted, problems=problems)

    async def _machine_id(self, server: Server) -> str:
        if server.machine_id is not None:
            return server.machine_id
        return (await self._clients.plex_server(server.address, token=_NO_TOKEN).identity()).machine_id

    async def _read(self, person: Accounts, account: Account) -> PartialList[ReachedServer]:
        if account.token is None:
            raise NotLinkedError(f"{person.person_name} has no linked Plex account any more")
        found = await self._clients.plex_tv().resources(account.token)
        problems = [*found.problems, *(problem for server in found.rows for problem in domain.problems(server))]
        if problems:
            log.warning("plex_tv_lists_oddities", account=account.id, problems=problems[:_MOST_PROBLEMS])
        return found

    async def _access(
        self, account: Account, resources: Resources, reached: ReachedServer, server: Server | None
    ) -> Access:
        name = f"the Plex server {reached.machine_id}" if server is None else server.address.name
        if reached.access_token is None:
            raise RefusedError(f"plex.tv has no token of {account.username} for {name}")
        if (url := resources.addresses.get(reached.machine_id)) is None:
            url = await self._best_address(name, reached, first=None if server is None else server.address.url)
            resources.addresses[reached.machine_id] = url
        return Access(address=ServerAddress(name, url), token=reached.access_token, account_id=account.id)

    async def _best_address(self, name: str, server: ReachedServer, *, first: str | None) -> str:
        """Return the best address that reaches the server, trying all at once."""
        addresses = domain.addresses(server, first=first)
        if not addresses:
            reason = "; ".join(domain.problems(server)[:_MOST_PROBLEMS]) or "it lists none"
            raise RefusedError(f"plex.tv has no usable address of {name} ({reason})")
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


def _living_accounts(person: Accounts) -> list[Account]:
    """Return the accounts whose tokens are valid; raise `NotLinkedError` if there are none."""
    if not person.accounts:
        raise NotLinkedError(f"{person.person_name} has no linked Plex account: sign in to Plex to link one")
    alive = [account for account in person.accounts if not account.is_dead]
    if not alive:
        raise _sign_in_again(person)
    return alive


def _sign_in_again(person: Accounts) -> NotLinkedError:
    return NotLinkedError(
        f"Plex no longer accepts the sign-in of {person.person_name}: the account must be linked again"
    )
