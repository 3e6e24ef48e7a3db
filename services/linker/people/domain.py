"""Whose account is it? Pure decisions, failing closed: what is not certain belongs to nobody.

Plex gives the owner of a server the id 1 on that server and their plex.tv id elsewhere, so an owner has two keys. An
account that is not marked as the owner's never gets the owner's keys, whatever its id: otherwise the owner would be
credited with what their guests watch.
"""

from typing import Final

import msgspec

from shared.errors import ConflictError
from shared.schemas.media import Account

PLEX_OWNER: Final = "1"


class Key(msgspec.Struct, frozen=True, order=True):
    """What an identity is stored under; `server` is empty for an account that is the same on all servers."""

    provider: str
    server: str
    id: str


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a key, by proof or by a claim."""

    person_id: str
    by_proof: bool


class ProvenByAnotherError(ConflictError):
    """Somebody else signed in to this account before. The message does not say who."""

    def __init__(self, provider: str) -> None:
        super().__init__(
            f"this {provider.capitalize()} account was proven by somebody else: if that was you too, "
            "ask whoever runs Usher to merge the two persons"
        )


class Owner(msgspec.Struct, frozen=True):
    """An account that was seen as a server's owner."""

    server: str
    id: str


def key_of(account: Account) -> Key:
    """Return the key that an account's identity is stored under."""
    if account.source == "plex" and account.id.isdecimal() and account.id != PLEX_OWNER:
        return Key("plex", "", account.id)
    return Key(account.source, account.server, account.id)


def keys_of(account: Account, owners: list[Owner]) -> list[Key]:
    """Return all keys of an account: its own, and a Plex owner's others on the same server."""
    keys = {key_of(account)}
    if account.source == "plex" and account.is_owner and account.server:
        aliases = {owner.id for owner in owners if owner.server == account.server} | {account.id}
        if len(aliases - {PLEX_OWNER}) <= 1:  # two plex.tv accounts that both own one server contradict each other
            same = (Account("plex", account.server, alias, "", is_owner=True) for alias in aliases | {PLEX_OWNER})
            keys.update(key_of(one) for one in same)
    return sorted(keys)


def sole_owner(keys: list[Key], holders: dict[Key, Holder]) -> str | None:
    """Return the person who holds these keys; None where nobody does, or more than one person."""
    persons = {holders[key].person_id for key in keys if key in holders}
    return persons.pop() if len(persons) == 1 else None


def holder_of(main: Key, holders: dict[Key, Holder]) -> Holder | None:
    """Return who holds an account: the holder of its own key, else the only holder of its other keys."""
    if main in holders:
        return holders[main]
    persons = {holder.person_id for holder in holders.values()}
    return Holder(person_id=persons.pop(), by_proof=False) if len(persons) == 1 else None


def owner_after_proof(
    provider: str, holder: Holder | None, *, person_id: str | None, is_for_holder: bool, is_unproven: bool
) -> str | None:
    """Return who owns an account that somebody has just proven; None for a new person.

    `person_id` is who proved it, if they are known already; with `is_for_holder`, the proof speaks for the present
    holder. Proof outweighs claims: an account that nobody has proven goes to whoever proves it, together with its
    person where nothing else of that person is proven (`is_unproven`). Raises `ProvenByAnotherError`.
    """
    if holder is None or holder.person_id == person_id:
        return person_id
    if is_for_holder:
        return holder.person_id
    if holder.by_proof:
        raise ProvenByAnotherError(provider)
    return holder.person_id if person_id is None and is_unproven else person_id
