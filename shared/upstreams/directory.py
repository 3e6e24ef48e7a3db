"""Finds servers and people's accounts with what opens them, for any service: asks the linker, and remembers.

What was answered is forgotten as soon as the linker says that it changed. Credentials cross the bus sealed, and are
opened here; they are in no log and no event.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from shared.bus.connection import Bus
from shared.bus.listening import Listener
from shared.bus.questions import ask
from shared.schemas.directory import (
    ACCOUNT_TOKEN,
    SERVER_CREDENTIAL,
    LookUpAccounts,
    LookUpServer,
    SealedAccount,
    ServerAddress,
)
from shared.schemas.events import AccountLinked, AccountUnlinked, CredentialDied, PersonMerged, ServerChanged, subject
from shared.schemas.media import Provider
from shared.schemas.sealed_secret import SealedSecret
from shared.schemas.secret import Secret
from shared.sealing import Sealer
from shared.upstreams.answer_cache import AnswerCache

AccountFact = AccountLinked | AccountUnlinked | CredentialDied | PersonMerged
_FACTS: Final = (AccountLinked, AccountUnlinked, CredentialDied, PersonMerged)


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A configured server; of a Trakt application, `machine_id` is the client id."""

    address: ServerAddress
    type: Provider
    machine_id: str | None
    credential: Secret | None


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account that a person linked. The other system does not accept the token of a dead one any more."""

    id: str
    username: str
    is_dead: bool
    expires_at: datetime | None
    token: Secret | None


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    """A person's accounts, in the order of their linking."""

    person_id: str
    person_name: str
    accounts: tuple[Account, ...]


class Directory:
    """One for a process. `listener` is a part of its `Bus`, without which it would never forget."""

    def __init__(self, bus: Bus, sealer: Sealer, *, now: Callable[[], datetime]) -> None:
        self._bus = bus
        self._sealer = sealer
        self.servers: Final = AnswerCache(self._look_up_server, lapses_at=lambda _server: None, now=now)
        self.accounts: Final = AnswerCache(self._look_up_accounts, lapses_at=_end_of_tokens, now=now)

    def listener(self) -> Listener:
        """Return the part of a `Bus` that forgets what changed."""
        return Listener([subject(ServerChanged), *(subject(kind) for kind in _FACTS)], self._hear, missed=self._miss)

    async def _look_up_server(self, question: LookUpServer) -> Server:
        found = await ask(self._bus, question)
        return Server(
            address=found.address,
            type=found.type,
            machine_id=found.machine_id,
            credential=self._unseal(found.credential, purpose=SERVER_CREDENTIAL),
        )

    async def _look_up_accounts(self, question: LookUpAccounts) -> Accounts:
        found = await ask(self._bus, question)
        accounts = tuple(self._account(account) for account in found.accounts)
        return Accounts(person_id=found.person_id, person_name=found.person_name, accounts=accounts)

    def _account(self, account: SealedAccount) -> Account:
        return Account(
            id=account.id,
            username=account.username,
            is_dead=account.is_dead,
            expires_at=account.expires_at,
            token=self._unseal(account.token, purpose=ACCOUNT_TOKEN),
        )

    def _unseal(self, sealed: SealedSecret | None, *, purpose: str) -> Secret | None:
        return None if sealed is None else self._sealer.unseal(sealed, purpose=purpose)

    def _hear(self, heard: str, news: bytes) -> None:
        if heard == subject(ServerChanged):
            self.servers.forget(lambda _question, _server: True)
            return
        try:
            fact: AccountFact = msgspec.json.decode(news, type=AccountFact)
        except (msgspec.MsgspecError, UnicodeDecodeError):  # of a newer version
            self.accounts.forget(lambda _question, _accounts: True)
        else:
            self.accounts.forget(lambda question, known: _concerns(fact, question, known))

    def _miss(self) -> None:
        self.servers.expire()
        self.accounts.expire()


def _end_of_tokens(accounts: Accounts) -> datetime | None:
    return min((account.expires_at for account in accounts.accounts if account.expires_at is not None), default=None)


def _concerns(fact: AccountFact, question: LookUpAccounts, known: Accounts) -> bool:
    """Return whether a fact is about a person or an account of an answer."""
    people = {fact.person_id, fact.merged_id} if isinstance(fact, PersonMerged) else {fact.person_id}
    if people & {question.person_id, known.person_id}:
        return True
    return not isinstance(fact, PersonMerged) and fact.account_id in {account.id for account in known.accounts}
