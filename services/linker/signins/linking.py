"""What a proof causes, in one transaction: whose the account is, its token in the vault, the fact for the others."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from services.linker.people import ownership
from services.linker.people.domain import Key
from services.linker.people.ownership import OwnershipProof
from services.linker.signins import lifetimes
from services.linker.signins.domain import Asker, Authorized
from services.linker.signins.store import connections
from services.linker.signins.store.connections import LinkedAccount
from services.linker.signins.unlinking import Unlinking
from shared.bus.work import Work
from shared.keyring import Owner
from shared.owners import account_token
from shared.schemas.events import AccountLinked
from shared.schemas.identifiers import derived_id
from shared.schemas.media import Account
from shared.schemas.people import Person
from shared.vault import Vault

IDENTITIES: Final = ("discord", "usher")
"""Kinds of askers that are somebody, and become identities of the person."""


class Linking:
    """Takes accounts that people signed in to."""

    def __init__(
        self, vault: Vault, unlinking: Unlinking, *, now: Callable[[], datetime], new_id: Callable[[], str]
    ) -> None:
        self._vault = vault
        self._unlinking = unlinking
        self._now = now
        self._new_id = new_id

    async def link(self, work: Work, asker: Asker, authorized: Authorized, *, cause: str) -> LinkedAccount:
        """Make the account its person's; raises `ProvenByAnotherError`, and `InvalidError` for what cannot be kept.

        `cause` is the sign-in: whatever else it leads to has ids that derive from it.
        """
        now, proven = self._now(), authorized.proven
        owner = account_token(proven.provider, server=proven.server, account_id=proven.account_id)
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
            check_at=lifetimes.first_check_at(proven.account_id, now=now),
            expires_at=authorized.expires_at,
            renew_at=lifetimes.renew_at(authorized.expires_at, now=now),
        )
        await self._unlinking.replace(work, authorized, cause=cause)
        await self._keep_tokens(work, owner, authorized)
        work.publish(_fact(linked, person, email=proven.email, asker=asker, cause=cause))
        return linked

    async def _keep_tokens(self, work: Work, owner: Owner, authorized: Authorized) -> None:
        refresh = msgspec.structs.replace(owner, purpose="refresh_token")
        await self._vault.put(owner, authorized.token, on=work.connection)
        if authorized.refresh_token is None:
            await self._vault.remove(refresh, on=work.connection)
        else:
            await self._vault.put(refresh, authorized.refresh_token, on=work.connection)


def discord_id_of(person: Person, *, asker: Asker | None = None) -> str | None:
    """Return the Discord user that a person is: the one who asks, else the one linked last."""
    if asker is not None and asker.kind == "discord":
        return asker.id
    known = [(identity.linked_at, identity.id) for identity in person.identities if identity.provider == "discord"]
    return max(known)[1] if known else None


def _fact(linked: LinkedAccount, person: Person, *, email: str | None, asker: Asker, cause: str) -> AccountLinked:
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
