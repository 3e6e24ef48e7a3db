"""Links an account that somebody signed in to, in one transaction: its person, its credentials, the event."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from services.linker.people import ownership
from services.linker.people.domain import Key
from services.linker.people.ownership import OwnershipProof
from services.linker.signins import due_times
from services.linker.signins.account_tokens import AccountTokens
from services.linker.signins.domain import Asker, Authorization
from services.linker.signins.store import connections
from services.linker.signins.store.connections import LinkedAccount
from services.linker.signins.unlink_account import AccountUnlinker
from shared.bus.work import Work
from shared.schemas.events import AccountLinked
from shared.schemas.identifiers import derived_id
from shared.schemas.media import Account
from shared.schemas.people import Person
from shared.vault import Vault

IDENTITIES: Final = ("discord", "usher")
"""Kinds of askers that become identities of the person."""


class AccountLinker:
    """Links accounts that people signed in to."""

    def __init__(
        self, vault: Vault, unlinker: AccountUnlinker, *, now: Callable[[], datetime], new_id: Callable[[], str]
    ) -> None:
        self._vault = vault
        self._unlinker = unlinker
        self._now = now
        self._new_id = new_id

    async def link(self, work: Work, asker: Asker, authorized: Authorization, *, cause: str) -> LinkedAccount:
        """Link the account to its person; raises `ProvenByAnotherError`, and `InvalidError` for what cannot be stored.

        `cause` is the sign-in; ids of everything that follows derive from it.
        """
        now, proven = self._now(), authorized.proven
        proof = OwnershipProof(
            account=Account(proven.provider, proven.server, proven.account_id, proven.username),
            email=proven.email,
            asker=Key(asker.kind, "", asker.id) if asker.kind in IDENTITIES else None,
            asker_name=asker.name,
            person_id=asker.id if asker.kind == "person" else None,
            cause=cause,
            at=now,
        )
        person = await ownership.prove(work, proof, new_id=self._new_id)
        linked = LinkedAccount(
            provider=proven.provider,
            server=proven.server,
            account_id=proven.account_id,
            person_id=person.id,
            username=proven.username,
            linked_at=now,
            checked_at=now,
        )
        await connections.remember(
            work.connection,
            linked,
            check_at=due_times.first_check_at(proven.account_id, now=now),
            expires_at=authorized.expires_at,
            renew_at=due_times.renew_at(authorized.expires_at, now=now),
        )
        await self._unlinker.revoke_replaced(work, authorized, cause=cause)
        account_tokens = AccountTokens(self._vault, proven.provider, server=proven.server, account_id=proven.account_id)
        await account_tokens.write(work.connection, authorized.token, authorized.refresh_token)
        work.publish(_event(linked, person, email=proven.email, asker=asker, cause=cause))
        return linked


def discord_id_of(person: Person, *, asker: Asker | None = None) -> str | None:
    """Return a person's Discord user: the one who asks, else the one linked last."""
    if asker is not None and asker.kind == "discord":
        return asker.id
    known = [(identity.linked_at, identity.id) for identity in person.identities if identity.provider == "discord"]
    return max(known)[1] if known else None


def _event(linked: LinkedAccount, person: Person, *, email: str | None, asker: Asker, cause: str) -> AccountLinked:
    return AccountLinked(
        id=derived_id("account.linked", *linked.key, cause),
        occurred_at=linked.linked_at,
        person_id=person.id,
        person_name=person.name,
        provider=linked.provider,
        account_id=linked.account_id,
        username=linked.username,
        server=linked.server,
        email=email,
        discord_id=discord_id_of(person, asker=asker),
    )
