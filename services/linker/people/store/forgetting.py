"""The linker's SQL for forgetting people."""

from collections.abc import Sequence
from datetime import datetime

from shared.postgres.pool import Connection
from shared.schemas.media import Account
from shared.schemas.people import ForgottenPerson


async def find_forgotten(connection: Connection, person_id: str) -> ForgottenPerson | None:
    """Return who was forgotten under this id."""
    row = await connection.fetchrow("select main_id, seerr_user_id from forgotten where person_id = $1", person_id)
    if row is None:
        return None
    return ForgottenPerson(person_id=row["main_id"], remaining_seerr_user_id=row["seerr_user_id"])


async def ids_of(connection: Connection, person_id: str) -> list[str]:
    """Return the ids of a person: their own, and those of who was merged into them."""
    rows = await connection.fetch(
        """with recursive ids (id) as (
            select $1::text union select persons.id from persons join ids on persons.merged_into = ids.id)
        select id from ids order by id""",
        person_id,
    )
    return [row["id"] for row in rows]


async def accounts_of(connection: Connection, ids: Sequence[str]) -> list[Account]:
    """Return the accounts of a person, without names: seen ones, and identities that are the same on all servers."""
    rows = await connection.fetch(
        """select source, server, id from seen_accounts where person_id = any($1)
        union select provider, server, id from identities where person_id = any($1) order by 1, 2, 3""",
        ids,
    )
    return [Account(row["source"], row["server"], row["id"], "") for row in rows]


async def names_of(connection: Connection, ids: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return a person's names, and all names of others."""
    rows = await connection.fetch(
        """select name, id = any($1) as is_theirs from persons
        union select username, person_id = any($1) from identities""",
        ids,
    )
    return [row["name"] for row in rows if row["is_theirs"]], [row["name"] for row in rows if not row["is_theirs"]]


async def delete_person(connection: Connection, gone: ForgottenPerson, ids: Sequence[str], *, at: datetime) -> None:
    """Delete a person's rows, and note that they were forgotten."""
    for table in ("identities", "seen_accounts", "connections", "seerr_matches", "seerr_proofs"):
        await connection.execute(f"delete from {table} where person_id = any($1)", ids)  # noqa: S608 (constants)
    await connection.execute("delete from merges where person_id = any($1) or merged_id = any($1)", ids)
    await connection.execute("delete from persons where id = any($1)", ids)
    await connection.execute(
        """insert into forgotten (person_id, main_id, seerr_user_id, forgotten_at)
        select id, $2, $3, $4 from unnest($1::text[]) as id""",
        ids,
        gone.person_id,
        gone.remaining_seerr_user_id,
        at,
    )
