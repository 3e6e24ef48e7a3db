"""The linker's SQL for what this installation made up for itself once."""

from shared.postgres.pool import Connection


async def remember(connection: Connection, name: str, value: str) -> None:
    """Keep a value in the place of what there was."""
    await connection.execute(
        """insert into installation (name, value) values ($1, $2)
        on conflict (name) do update set value = excluded.value""",
        name,
        value,
    )


async def is_first(connection: Connection, name: str) -> bool:
    """Return whether nobody has asked this before, for things that are done once for an installation."""
    done = await connection.execute(
        "insert into installation (name, value) values ($1, 'done') on conflict (name) do nothing", name
    )
    return done != "INSERT 0 0"
