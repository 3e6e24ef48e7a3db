"""Whose an account is: what claims, plays and proofs share when they give an account to a person."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from services.linker.people import domain
from services.linker.people.domain import Holder, Key
from services.linker.people.store import accounts, people
from shared.bus.work import Work
from shared.errors import NotFoundError
from shared.postgres.pool import Connection
from shared.schemas.events import AccountClaimed
from shared.schemas.identifiers import derived_id
from shared.schemas.media import Account
from shared.schemas.people import Person


class UnknownPersonError(NotFoundError):
    """Nobody has this id."""

    def __init__(self, person_id: str) -> None:
        super().__init__(f"there is no person {person_id!r}: GET /api/people lists them")


class OwnershipProof(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody signed in to an account.

    `asker` is the identity that asked for the sign-in, and becomes theirs too; `person_id` is who they are said to be.
    With neither, they are whoever holds the account. `cause` tells this proof from others of the same account.
    """

    account: Account
    email: str | None
    asker: Key | None
    asker_name: str
    person_id: str | None
    cause: str
    at: datetime


async def load_person(connection: Connection, person_id: str) -> Person:
    """Return a person, or the one that a merged person became part of; raises `UnknownPersonError`."""
    person = await people.find_person(connection, person_id)
    if person is None:
        raise UnknownPersonError(person_id)
    return person


async def give(work: Work, account: Account, person: Person, *, at: datetime, cause: str | None = None) -> None:
    """Give a seen account to a person, and publish that; `cause` publishes again what is theirs already."""
    revision = await accounts.assign(work.connection, account, person_id=person.id)
    causes = [account.source, account.server, account.id, person.id, str(revision), *([] if cause is None else [cause])]
    work.publish(
        AccountClaimed(
            id=derived_id("account.claimed", *causes),
            occurred_at=at,
            account=account,
            person_id=person.id,
            person_name=person.name,
            revision=revision,
        )
    )


async def prove(work: Work, proof: OwnershipProof, *, new_id: Callable[[], str]) -> Person:
    """Give a proven account, and all accounts under its keys, to its person; raises `ProvenByAnotherError`."""
    connection = work.connection
    sources = {proof.account.source, *([] if proof.asker is None else [proof.asker.provider])}
    await accounts.lock_to_prove(connection, sources)
    main = domain.key_of(proof.account)
    keys, same = await _keys_and_accounts(connection, proof.account)
    holders = await accounts.holders_of(connection, keys)
    person = await _owner_for(work, proof, domain.holder_of(main, holders), new_id)
    await accounts.store_proof(
        connection, main, person_id=person.id, username=proof.account.name, email=proof.email, at=proof.at
    )
    await accounts.move_keys(connection, keys, person_id=person.id)
    if proof.asker is not None:
        await accounts.store_proof(
            connection, proof.asker, person_id=person.id, username=proof.asker_name, email=None, at=proof.at
        )
    for account in same:
        await give(work, account, person, at=proof.at, cause=proof.cause)
    return await load_person(connection, person.id)


async def _keys_and_accounts(connection: Connection, account: Account) -> tuple[list[Key], list[Account]]:
    """Return an account's keys, and the seen accounts under them."""
    main = domain.key_of(account)
    seen = await accounts.seen_like(connection, account)
    keys = {main}
    for one in seen:
        if domain.key_of(one) == main:
            keys.update(domain.keys_of(one, await accounts.owners_of(connection, one)))
    return sorted(keys), [one for one in seen if domain.key_of(one) in keys]


async def _owner_for(work: Work, proof: OwnershipProof, holder: Holder | None, new_id: Callable[[], str]) -> Person:
    connection = work.connection
    known = await _find_prover(connection, proof)
    person_id = domain.owner_after_proof(
        proof.account.source,
        holder,
        person_id=known,
        is_for_holder=known is None and await _is_for_holder(connection, proof, holder),
        is_unproven=holder is not None and not await accounts.has_proven(connection, holder.person_id),
    )
    if person_id is None:
        person_id = new_id()
        await people.add_person(connection, person_id=person_id, name=proof.account.name)
    return await load_person(connection, person_id)


async def _is_for_holder(connection: Connection, proof: OwnershipProof, holder: Holder | None) -> bool:
    """Return whether the proof speaks for the account's holder.

    An API key speaks for the holder. So does an asker whom Usher does not know yet, if the holder has no identity of
    that kind: otherwise nobody who linked by a key or in the dashboard could ever link from Discord.
    """
    if proof.asker is None:
        return True
    if holder is None or not holder.by_proof:
        return False
    person = await load_person(connection, holder.person_id)
    return all(identity.provider != proof.asker.provider for identity in person.identities)


async def _find_prover(connection: Connection, proof: OwnershipProof) -> str | None:
    """Return who proves the account, if they are known."""
    if proof.person_id is not None:
        return (await load_person(connection, proof.person_id)).id
    if proof.asker is None:
        return None
    holder = (await accounts.holders_of(connection, [proof.asker])).get(proof.asker)
    return None if holder is None else holder.person_id
