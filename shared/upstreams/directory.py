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
from shared.errors import UnavailableError
from shared.keyring import MissingKeyError
from shared.schemas.directory import (
    ACCOUNT_TOKEN,
    SERVER_CREDENTIAL,
    LookUpAccounts,
    LookUpServer,
    SealedAccount,
    ServerAddress,
)
from shared.schemas.events import (
    AccountLinked,
    AccountUnlinked,
    CredentialDied,
    PersonMerged,
    PersonUnmerged,
    ServerChanged,
    subject,
)
from shared.schemas.media import Provider
from shared.schemas.sealed_secret import SealedSecret
from shared.schemas.secret import Secret
from shared.sealing import Sealer
from shared.upstreams.answer_cache import AnswerCache

AccountFact = AccountLinked | AccountUnlinked | CredentialDied | PersonMerged | PersonUnmerged
_FACTS: Final = (AccountLinked, AccountUnlinked, CredentialDied, PersonMerged, PersonUnmerged)


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A configured server; for a Trakt application, `machine_id` is the client id."""

    address: ServerAddress
    type: Provider
    machine_id: str | None
    credential: Secret | None


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account that a person linked. If it `is_dead`, the other system no longer accepts its token."""

    id: str
    username: str
    is_dead: bool
    expires_at: datetime | None
    token: Secret | None


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    """A person's accounts, in the order in which they were linked."""

    person_id: str
    person_name: str
    accounts: tuple[Account, ...]


class Directory:
    """One per process. Add `listener()` to its `Bus`: without it, nothing would be forgotten."""

    def __init__(self, bus: Bus, sealer: Sealer, *, now: Callable[[], datetime]) -> None:
        self._bus = bus
        self._sealer = sealer
        self.servers: Final = AnswerCache(self._look_up_server, expiry_of=lambda _server: None, now=now)
        self.accounts: Final = AnswerCache(self._look_up_accounts, expiry_of=_end_of_tokens, now=now)

    def listener(self) -> Listener:
        """Return the part of a `Bus` that forgets answers when something changes."""
        return Listener(
            [subject(ServerChanged), *(subject(kind) for kind in _FACTS)], self._on_change, on_missed=self._expire
        )

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
        if sealed is None:
            return None
        try:
            return self._sealer.unseal(sealed, purpose=purpose)
        except MissingKeyError as exc:  # the linker has a new key already
            raise UnavailableError(exc.detail) from exc

    def _on_change(self, received: str, payload: bytes) -> None:
        if received == subject(ServerChanged):
            self.servers.forget(lambda _question, _server: True)
            return
        try:
            fact: AccountFact = msgspec.json.decode(payload, type=AccountFact)
        except (msgspec.MsgspecError, UnicodeDecodeError):  # of a newer version
            self.accounts.forget(lambda _question, _accounts: True)
        else:
            self.accounts.forget(lambda question, known: _concerns(fact, question, known))

    def _expire(self) -> None:
        self.servers.expire()
        self.accounts.expire()


def _end_of_tokens(accounts: Accounts) -> datetime | None:
    return min((account.expires_at for account in accounts.accounts if account.expires_at is not None), default=None)


def _concerns(fact: AccountFact, question: LookUpAccounts, known: Accounts) -> bool:
    """Tell whether a fact is about a person or an account of an answer."""
    people = {question.person_id, known.person_id}
    if isinstance(fact, PersonMerged | PersonUnmerged):
        return bool(people & {fact.person_id, fact.merged_id})
    return fact.person_id in people or fact.account_id in {account.id for account in known.accounts}
