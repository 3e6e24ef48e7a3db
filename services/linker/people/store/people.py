"""The linker's SQL for persons: adding, finding, listing and merging them."""

from collections.abc import Collection
from typing import Final

import asyncpg

from shared.postgres.locks import lock_exclusive
from shared.postgres.pool import Connection
from shared.postgres.text import like_pattern
from shared.schemas.people import Identity, ListPeople, Person, PersonPage

_SEERR_REASON: Final = """(select coalesce(reason, token_reason, case when exists (
    select 1 from servers where import_problem is not null) then import_reason end)
    from seerr_matches where person_id = {}.id)"""
"""Why a user was not imported matters only until Seerr can import again."""
_FOLDED: Final = "translate(lower({}), ' ._-', '')"
_MOST_NAMESAKES: Final = 200
_IDENTITY = ("provider", "id", "username", "email", "proven", "linked_at")


async def add_person(connection: Connection, *, person_id: str, name: str) -> None:
    """Add a person; the same id again adds nothing."""
    await connection.execute(
        "insert into persons (id, name) values ($1, $2) on conflict (id) do nothing", person_id, name
    )


async def find_person(connection: Connection, person_id: str) -> Person | None:
    """Return a person, or the one that a person was merged into."""
    row = await connection.fetchrow(
        f"""with recursive chain as (
            select id, name, seerr_user_id, merged_into from persons where id = $1
            union all
            select persons.id, persons.name, persons.seerr_user_id, persons.merged_into
            from persons join chain on persons.id = chain.merged_into)
        select id, name, seerr_user_id, {_SEERR_REASON.format("chain")} as seerr_reason
        from chain where merged_into is null""",  # noqa: S608 (a constant)
        person_id,
    )
    if row is None:
        return None
    identities = await _identities(connection, [row["id"]])
    return Person(**dict(row), identities=identities.get(row["id"], []))


async def lock_to_merge(connection: Connection) -> None:
    """Block other merges, claims and plays until the transaction ends."""
    await lock_exclusive(connection, "linker", "merges")


async def merge_into(connection: Connection, *, person_id: str, merged_id: str) -> None:
    """Give everything of one person to the other."""
    await connection.execute("update identities set person_id = $1 where person_id = $2", person_id, merged_id)
    await connection.execute("update seen_accounts set person_id = $1 where person_id = $2", person_id, merged_id)
    await connection.execute("update connections set person_id = $1 where person_id = $2", person_id, merged_id)
    await connection.execute(
        """update seerr_proofs set person_id = $1 where person_id = $2 and not exists (
            select 1 from seerr_proofs theirs where theirs.person_id = $1
            and (theirs.seerr_user_id, theirs.created_at) = (seerr_proofs.seerr_user_id, seerr_proofs.created_at))""",
        person_id,
        merged_id,
    )
    await connection.execute("update persons set merged_into = $1 where id = $2", person_id, merged_id)
    await connection.execute(
        """update persons set seerr_user_id = (select seerr_user_id from persons where id = $2)
        where id = $1 and seerr_user_id is null""",
        person_id,
        merged_id,
    )


async def page_of_people(connection: Connection, wanted: ListPeople) -> PersonPage:
    """Return persons by name; a search looks in names and usernames."""
    where = """where merged_into is null and ($1::text is null or name ilike $1 or exists (
        select 1 from identities where person_id = persons.id and username ilike $1))"""
    search = like_pattern(wanted.search)
    rows = await connection.fetch(
        f"""select id, name, seerr_user_id, {_SEERR_REASON.format("persons")} as seerr_reason from persons {where}
        order by lower(name), id limit $2 offset $3""",  # noqa: S608 (a constant)
        search,
        wanted.limit,
        wanted.offset,
    )
    total = await connection.fetchval(f"select count(*) from persons {where}", search)  # noqa: S608 (a constant)
    identities = await _identities(connection, [row["id"] for row in rows])
    people = [Person(**dict(row), identities=identities.get(row["id"], [])) for row in rows]
    return PersonPage(people, total, wanted.limit, wanted.offset)


async def namesakes_of(connection: Connection, names: Collection[str]) -> list[Person]:
    """Return persons who have one of these names, as theirs, a username or an e-mail address.

    Upper and lower case do not count, nor do spaces, dots, underscores and hyphens.
    """
    rows = await connection.fetch(
        f"""with wanted as (
            select distinct {_FOLDED.format("name")} as name from unnest($1::text[]) as name),
        found as (
            select id from persons where {_FOLDED.format("name")} in (select name from wanted where name <> '')
            union select person_id from identities
            where {_FOLDED.format("username")} in (select name from wanted where name <> '')
            or {_FOLDED.format("email")} in (select name from wanted where name <> ''))
        select id, name, seerr_user_id, {_SEERR_REASON.format("persons")} as seerr_reason from persons
        where merged_into is null and id in (select id from found)
        order by lower(name), id limit {_MOST_NAMESAKES}""",  # noqa: S608 (constants)
        list(names),
    )
    identities = await _identities(connection, [row["id"] for row in rows])
    return [Person(**dict(row), identities=identities.get(row["id"], [])) for row in rows]


async def _identities(connection: Connection, person_ids: list[str]) -> dict[str, list[Identity]]:
    rows = await connection.fetch(
        """select person_id, provider, server, id, username, email, proven, linked_at from identities
        where person_id = any($1) order by provider, server, id""",
        person_ids,
    )
    found: dict[str, list[Identity]] = {}
    for row in rows:
        found.setdefault(row["person_id"], []).append(_identity(row))
    return found


def _identity(row: asyncpg.Record) -> Identity:
    return Identity(**{name: row[name] for name in _IDENTITY}, server=row["server"] or None)
