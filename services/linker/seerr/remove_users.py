"""Removes people's users once Seerr is no longer set up."""

from datetime import datetime
from typing import Final

from services.linker.seerr import store
from services.linker.seerr.configured_seerr import ConfiguredSeerr
from services.linker.seerr.jobs import Forget
from services.linker.servers.store import servers_of
from shared.bus.work import Work
from shared.postgres.pool import Connection
from shared.schemas.events import AccountUnlinked
from shared.schemas.identifiers import derived_id

PERSONS_AT_ONCE: Final = 200


async def remove_users(work: Work, job: Forget, *, cause: str, at: datetime) -> None:
    """Remove the users of the next persons, unless Seerr is set up again.

    Whoever matches a person at the same time either holds the lock until the match is stored, or comes after this and
    finds Seerr gone.
    """
    await store.lock_to_match(work.connection)
    if await servers_of(work.connection, "seerr", only_enabled=False):
        return
    found = await store.searched_persons(work.connection, job.after, limit=PERSONS_AT_ONCE)
    for person_id, number in found.items():
        await store.remove_user(work.connection, person_id)
        if number is not None:
            publish_unlinked(work, person_id, number, "Seerr was removed", cause=cause, at=at)
    if found:
        work.give(Forget(after=[*found][-1]), cause=cause)
    else:
        await store.forget_discord_ids(work.connection, before=at)


async def is_still_configured(connection: Connection, seerr: ConfiguredSeerr) -> bool:
    """Return whether Seerr is still configured at the address that it had when it was looked up, be it switched off."""
    return any(row.url == seerr.row.url for row in await servers_of(connection, "seerr", only_enabled=False))


def publish_unlinked(work: Work, person_id: str, number: int, reason: str, *, cause: str, at: datetime) -> None:
    """Publish that a person no longer has a user in Seerr."""
    work.publish(
        AccountUnlinked(
            id=derived_id("account.unlinked", "seerr", person_id, number, cause),
            occurred_at=at,
            person_id=person_id,
            provider="seerr",
            account_id=str(number),
            reason=reason,
        )
    )
