"""The Plex account of the server's owner, its webhooks, and a person who has linked it."""

import msgspec

from shared.owners import account_token
from shared.schemas.secret import Secret
from simulators.plex_tv.accounts import PlexAccount
from tests.integration.gateway.house import WEBHOOK_SECRET
from tests.integration.linker.servers.stand_ins import Street
from tests.integration.linker.servers.surroundings import Estate

OURS = f"http://usher.test/webhooks/plex?token={WEBHOOK_SECRET}"


def martha(street: Street, *, has_pass: bool = True) -> PlexAccount:
    """Return the owner of the server, with or without Plex Pass."""
    accounts = street.plex_tv.accounts
    owner = msgspec.structs.replace(accounts.by_id[street.device.owner_id], has_pass=has_pass)
    accounts.by_id[owner.id] = owner
    return owner


def webhooks(street: Street) -> list[str]:
    return street.plex_tv.webhooks.of.get(street.device.owner_id, [])


def have(street: Street, *urls: str) -> None:
    street.plex_tv.webhooks.of[martha(street).id] = list(urls)


async def link(usher: Estate, token: str) -> None:
    async with usher.parts.pool.acquire() as connection:
        await connection.execute("insert into persons (id, name) values ('p1', 'Ada'), ('p2', 'Ben')")
        await connection.execute(
            """insert into connections (provider, account_id, person_id, username, linked_at, check_at)
            values ('plex', '7', 'p1', 'ada', now(), now())"""
        )
    await usher.vault.put(account_token("plex", server="", account_id="7"), Secret(token))
