"""The linker's SQL for its messages in Discord."""

from services.linker.discord.domain import LinkedAccountState
from shared.postgres.pool import Connection


async def person_of(connection: Connection, discord_id: str) -> str | None:
    """Return the person whose identity a Discord user is."""
    found: str | None = await connection.fetchval(
        "select person_id from identities where provider = 'discord' and server = '' and id = $1", discord_id
    )
    return found


async def account_states_of(connection: Connection, person_id: str) -> list[LinkedAccountState]:
    """Return the state of the accounts that Usher holds a person's credentials for."""
    rows = await connection.fetch(
        """select provider, server, account_id, state = 'dead' as is_dead from connections
        where person_id = $1 order by provider, server, account_id""",
        person_id,
    )
    return [LinkedAccountState(**dict(row)) for row in rows]


async def is_token_at_seerr(connection: Connection, discord_id: str) -> bool:
    """Return whether Seerr was given the Plex token of the person who is this Discord user."""
    found: bool = await connection.fetchval(
        """select exists (select 1 from seerr_matches join identities using (person_id)
        where provider = 'discord' and server = '' and id = $1 and token_given_at is not null)""",
        discord_id,
    )
    return found


async def server_names(connection: Connection) -> dict[str, str]:
    """Return the configured servers' names by machine id."""
    rows = await connection.fetch("select machine_id, name from servers where machine_id is not null order by name")
    return {row["machine_id"]: row["name"] for row in rows}
