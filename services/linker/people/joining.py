"""Joins accounts and persons: what claims, plays and proofs have in common when they say whose an account is."""

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


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody signed in to an account.

    `asker` is who he is where he asked for it, and becomes his too; `person_id` who he was said to be. With neither, he
    is whoever holds the account. `cause` tells this proof from others of the same account.
    """

    account: Account
    email: str | None
    asker: Key | None
    asker_name: str
    person_id: str | None
    cause: str
    at: datetime


async def person_of(connection: Connection, person_id: str) -> Person:
    """Return a person, or the one that a merged person became part of; raises `UnknownPersonError`."""
    person = await people.find_person(connection, person_id)
    if person is None:
        raise UnknownPersonError(person_id)
    return person


def say_claimed(work: Work, account: Account, person: Person, *, at: datetime, cause: str | None = None) -> None:
    """Say whose an account is from now on; `cause` is needed where it may go to and fro."""
    causes = (account.source, account.server, account.id, person.id, *([] if cause is None else [cause]))
    work.publish(
        AccountClaimed(
            id=derived_id("account.claimed", *causes),
            occurred_at=at,
            account=account,
            person_id=person.id,
            person_name=person.name,
        )
    )


async def prove(work: Work, proof: Proof, *, new_id: Callable[[], str]) -> Person:
    """Make a proven account, and all that was seen on it, its person's; raises `ProvenByAnotherError`."""
    connection = work.connection
    sources = {proof.account.source, *([] if proof.asker is None else [proof.asker.provider])}
    await accounts.lock_to_prove(connection, sources)
    main = domain.key_of(proof.account)
    keys, same = await _same(connection, proof.account)
    holders = await accounts.holders_of(connection, keys)
    person = await _prover(work, proof, domain.holder_of(main, holders), new_id)
    await accounts.prove(
        connection, main, person_id=person.id, username=proof.account.name, email=proof.email, at=proof.at
    )
    await accounts.move(connection, keys, person_id=person.id)
    if proof.asker is not None:
        await accounts.prove(
            connection, proof.asker, person_id=person.id, username=proof.asker_name, email=None, at=proof.at
        )
    for account in same:
        await accounts.assign(connection, account, person_id=person.id)
        say_claimed(work, account, person, at=proof.at, cause=proof.cause)
    return await person_of(connection, person.id)


async def _same(connection: Connection, account: Account) -> tuple[list[Key], list[Account]]:
    """Return an account's keys, and all that was seen under them."""
    main = domain.key_of(account)
    seen = await accounts.seen_like(connection, account)
    keys = {main}
    for one in seen:
        if domain.key_of(one) == main:
            keys.update(domain.keys_of(one, await accounts.owners_of(connection, one)))
    return sorted(keys), [one for one in seen if domain.key_of(one) in keys]


async def _prover(work: Work, proof: Proof, holder: Holder | None, new_id: Callable[[], str]) -> Person:
    connection = work.connection
    known = await _known(connection, proof)
    person_id = domain.takes_over(
        proof.account.source,
        holder,
        person_id=known,
        is_for_holder=known is None and await _is_for_holder(connection, proof, holder),
        is_unproven=holder is not None and not await accounts.has_proven(connection, holder.person_id),
    )
    if person_id is None:
        person_id = new_id()
        await people.add_person(connection, person_id=person_id, name=proof.account.name)
    return await person_of(connection, person_id)


async def _is_for_holder(connection: Connection, proof: Proof, holder: Holder | None) -> bool:
    """Return whether who proves is whoever holds the account.

    A key speaks for him; and so does somebody whom nobody knows yet, where he would be the first of his kind: else who
    linked by a key, or in the dashboard, could never link from Discord.
    """
    if proof.asker is None:
        return True
    if holder is None or not holder.by_proof:
        return False
    person = await person_of(connection, holder.person_id)
    return all(identity.provider != proof.asker.provider for identity in person.identities)


async def _known(connection: Connection, proof: Proof) -> str | None:
    """Return who proves, where that is somebody known."""
    if proof.person_id is not None:
        return (await person_of(connection, proof.person_id)).id
    if proof.asker is None:
        return None
    holder = (await accounts.holders_of(connection, [proof.asker])).get(proof.asker)
    return None if holder is None else holder.person_id
