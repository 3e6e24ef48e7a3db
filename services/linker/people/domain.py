"""Whose account is it? Pure decisions, failing closed: what is not certain belongs to nobody.

Plex calls the owner of a server 1 on that server and by his plex.tv id elsewhere, so an owner has two keys. An account
that is not said to be the owner's never gets the owner's keys, whatever its id (facts: a naive reader credits the
owner with what his guests watch).
"""

from typing import Final

import msgspec

from shared.schemas.media import Account

PLEX_OWNER: Final = "1"


class Key(msgspec.Struct, frozen=True, order=True):
    """What an identity is stored under; `server` is empty for an account that is one on all servers."""

    provider: str
    server: str
    id: str


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


def person_of(keys: list[Key], identities: dict[Key, str]) -> str | None:
    """Return the person that the keys belong to, or None where it is nobody or more than one."""
    persons = {identities[key] for key in keys if key in identities}
    return persons.pop() if len(persons) == 1 else None
