"""Answers services that call other systems: a server's address and credential, or a person's accounts and tokens.

Credentials leave sealed, together with the address or the account that they are for.
"""

from services.linker.directory import store
from services.linker.directory.store import LinkedAccount
from services.linker.people import ownership
from services.linker.servers.store import ServerRow, servers_of
from services.linker.signins.flows.trakt_application import NoApplicationError, client_id_of
from shared.errors import NotFoundError, UnknownServerError
from shared.keyring import Owner
from shared.owners import account_token, server_token
from shared.postgres.pool import Connection, Pool, snapshot
from shared.runtime import Service
from shared.schemas.directory import (
    ACCOUNT_TOKEN,
    SERVER_CREDENTIAL,
    LookUpAccounts,
    LookUpServer,
    SealedAccount,
    SealedAccounts,
    SealedServer,
)
from shared.schemas.sealed_secret import SealedSecret
from shared.sealing import Sealer
from shared.vault import Vault


class Handlers:
    """The linker's answers for `shared.upstreams.directory`."""

    def __init__(self, *, pool: Pool, vault: Vault, sealer: Sealer) -> None:
        self._pool = pool
        self._vault = vault
        self._sealer = sealer

    def add_to(self, service: Service) -> None:
        """Have a service answer questions about servers, accounts and their credentials."""
        service.answer(
            LookUpServer.answered_by(self.look_up_server),
            LookUpAccounts.answered_by(self.look_up_accounts),
        )

    async def look_up_server(self, question: LookUpServer) -> SealedServer:
        """Return a server; raise `NotFoundError` or `NoApplicationError` where none is configured and enabled."""
        async with snapshot(self._pool) as connection:  # a new token is not for the old address
            row = _find_server(await servers_of(connection, question.type), question)
            owner = server_token(row.name, type=row.type)
            credential = await self._find_and_seal(connection, owner, purpose=SERVER_CREDENTIAL)
        return SealedServer(
            address=row.address,
            type=row.type,
            machine_id=client_id_of(row) if row.type == "trakt" else row.machine_id,
            credential=credential,
        )

    async def look_up_accounts(self, question: LookUpAccounts) -> SealedAccounts:
        """Return a person's accounts; raise `UnknownPersonError`."""
        async with snapshot(self._pool) as connection:
            person = await ownership.load_person(connection, question.person_id)
            linked = await store.accounts_of(connection, person.id, question.type, machine_id=question.machine_id)
            accounts = [await self._account(connection, question, account) for account in linked]
        return SealedAccounts(person_id=person.id, person_name=person.name, accounts=accounts)

    async def _account(self, connection: Connection, question: LookUpAccounts, account: LinkedAccount) -> SealedAccount:
        owner = account_token(question.type, server=question.machine_id, account_id=account.id)
        return SealedAccount(
            id=account.id,
            username=account.username,
            is_dead=account.is_dead,
            expires_at=account.expires_at,
            token=None if account.is_dead else await self._find_and_seal(connection, owner, purpose=ACCOUNT_TOKEN),
        )

    async def _find_and_seal(self, connection: Connection, owner: Owner, *, purpose: str) -> SealedSecret | None:
        secret = await self._vault.get(owner, on=connection)
        return None if secret is None else self._sealer.seal(secret, purpose=purpose)


def _find_server(servers: list[ServerRow], question: LookUpServer) -> ServerRow:
    """Return the server of this name, else of this machine id."""
    wanted = question.name
    named = (row for row in servers if row.name == wanted or not wanted)
    known = (row for row in servers if row.machine_id == wanted)
    if (found := next(named, None) or next(known, None)) is not None:
        return found
    match question.type:
        case "seerr":
            raise NotFoundError("no Seerr is set up")
        case "trakt":
            raise NoApplicationError
        case kind:
            raise UnknownServerError(wanted, kind=kind)
