"""The linker's SQL for merges that can be undone: what each moved, and moving it back."""

from datetime import datetime
from typing import Final

import msgspec

from services.linker.people.domain import Key
from shared.postgres.pool import Connection
from shared.schemas.media import Account
from shared.schemas.people import MergedPerson

_MOST: Final = 200


class Merge(msgspec.Struct, frozen=True, kw_only=True):
    """How a person stands who may have been merged; `is_remembered`: what the merge moved is known."""

    merged_into: str | None
    is_remembered: bool
    was_into: str | None
    """Into whom they were merged before that was undone."""


async def remember(connection: Connection, *, person_id: str, merged_id: str, at: datetime) -> int:
    """Store what a person has who is about to be merged; return the revision of the merge."""
    await connection.execute("delete from merges where merged_id = $1", merged_id)
    await connection.execute(
        "insert into merges (merged_id, person_id, merged_at) values ($1, $2, $3)", merged_id, person_id, at
    )
    await connection.execute(
        """insert into merged_identities (merged_id, provider, server, id)
        select person_id, provider, server, id from identities where person_id = $1""",
        merged_id,
    )
    await connection.execute(
        """insert into merged_accounts (merged_id, source, server, id)
        select person_id, source, server, id from seen_accounts where person_id = $1""",
        merged_id,
    )
    return await next_revision(connection)


async def next_revision(connection: Connection) -> int:
    """Return the number of a change of owners; the later has the higher."""
    revision: int = await connection.fetchval("select nextval('ownership_revisions')")
    return revision


async def find(connection: Connection, merged_id: str) -> Merge | None:
    """Return how a person stands; None where nobody has this id."""
    row = await connection.fetchrow(
        """select persons.merged_into, merges.merged_id is not null and undone_at is null as is_remembered,
            case when undone_at is not null then merges.person_id end as was_into
        from persons left join merges on merges.merged_id = persons.id where persons.id = $1""",
        merged_id,
    )
    return None if row is None else Merge(**dict(row))


async def merged_into(connection: Connection, person_id: str) -> list[MergedPerson]:
    """Return who is part of a person, the last merged first."""
    rows = await connection.fetch(
        f"""with recursive ids (id) as (
            select $1::text union select persons.id from persons join ids on persons.merged_into = ids.id)
        select persons.id, persons.name, merges.merged_at from ids join persons using (id)
        left join merges on merges.merged_id = persons.id and merges.undone_at is null
        where persons.id <> $1 order by merges.merged_at desc nulls last, persons.id limit {_MOST}""",  # noqa: S608 (a constant)
        person_id,
    )
    return [MergedPerson(**dict(row)) for row in rows]


async def moved_accounts(connection: Connection, merged_id: str, *, person_id: str) -> list[Account]:
    """Return the seen accounts that a merge moved, or its identities brought since, if they are still the person's."""
    rows = await connection.fetch(
        """select source, server, id, name, is_owner from seen_accounts as seen where person_id = $2 and (exists (
            select from merged_accounts where merged_id = $1
            and (source, server, id) = (seen.source, seen.server, seen.id))
        or exists (select from merged_identities where merged_id = $1
            and (provider, id) = (seen.source, seen.id) and server in (seen.server, '')))
        order by source, server, id""",
        merged_id,
        person_id,
    )
    return [Account(**dict(row)) for row in rows]


async def forget_moved(connection: Connection, keys: list[Key], seen: list[Account]) -> None:
    """Have no undoing of a merge bring these back: they were given back since."""
    await connection.execute(
        """delete from merged_identities
        where (provider, server, id) in (select * from unnest($1::text[], $2::text[], $3::text[]))""",
        [key.provider for key in keys],
        [key.server for key in keys],
        [key.id for key in keys],
    )
    await connection.execute(
        """delete from merged_accounts
        where (source, server, id) in (select * from unnest($1::text[], $2::text[], $3::text[]))""",
        [one.source for one in seen],
        [one.server for one in seen],
        [one.id for one in seen],
    )


async def take_apart(connection: Connection, merged_id: str, *, person_id: str, at: datetime) -> None:
    """Make a merged person one of their own, with the identities that the merge moved and the person still has."""
    await connection.execute("update persons set merged_into = null where id = $1", merged_id)
    for table, account in (("identities", "id"), ("connections", "account_id")):
        await connection.execute(
            f"""update {table} set person_id = $1 where person_id = $2 and (provider, server, {account}) in (
                select provider, server, id from merged_identities where merged_id = $1)""",  # noqa: S608 (constants)
            merged_id,
            person_id,
        )
    await connection.execute("update merges set undone_at = $2 where merged_id = $1", merged_id, at)


async def take_back_seerr_user(connection: Connection, merged_id: str, *, person_id: str) -> None:
    """Give the merged person's user in Seerr back to them, unless the user is a third person's by now."""
    await connection.execute(
        """update persons set seerr_user_id = null where id = $2
        and seerr_user_id = (select seerr_user_id from persons where id = $1)""",
        merged_id,
        person_id,
    )
    await connection.execute(
        """update persons set seerr_user_id = null where id = $1 and exists (select from persons others
            where others.id <> $1 and others.merged_into is null and others.seerr_user_id = persons.seerr_user_id)""",
        merged_id,
    )
    await connection.execute(
        """update seerr_proofs set person_id = $1 where person_id = $2 and not exists (
            select from seerr_proofs theirs where theirs.person_id = $1
            and (theirs.seerr_user_id, theirs.created_at) = (seerr_proofs.seerr_user_id, seerr_proofs.created_at))
        and seerr_user_id = (select seerr_user_id from persons where id = $1)""",
        merged_id,
        person_id,
    )
