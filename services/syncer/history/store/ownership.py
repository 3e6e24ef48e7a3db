"""The syncer's SQL for whose plays are whose, as the linker says it. Its facts can arrive in any order."""

from services.syncer.history.store import plays
from shared.postgres.locks import lock_exclusive
from shared.postgres.pool import Connection
from shared.schemas.events import AccountClaimed, AccountReturned, PersonForgotten, PersonMerged, PersonUnmerged
from shared.schemas.history import PersonRef
from shared.schemas.media import Account

_PLAYS_OF_ACCOUNT = "where (source, server, account_id) = ($1, $2, $3)"


async def give_account(connection: Connection, claimed: AccountClaimed) -> PersonRef | None:
    """Give an account and its plays to a person, or to the one they were merged into; return that person, locked.

    Return None where a later fact about the account is known, or the person is forgotten.
    """
    named = PersonRef(claimed.person_id, claimed.person_name)
    person = await _survivor(connection, named)
    await plays.lock_person(connection, person)
    if await _is_forgotten(connection, (named.id, person.id)):
        return None
    if not await _note_owner(connection, claimed.account, named, person, revision=claimed.revision):
        return None
    await _move_plays(connection, claimed.account, person)
    return person


async def return_account(connection: Connection, returned: AccountReturned) -> None:
    """Make an account and its plays nobody's, unless a later fact about the account is known."""
    if await _note_owner(connection, returned.account, None, None, revision=returned.revision):
        await _move_plays(connection, returned.account, None)


async def merge_people(connection: Connection, merged: PersonMerged) -> PersonRef | None:
    """Move all of one person to another, now and for facts that arrive late; return the one who remains.

    Return None where the merge was undone already. Takes the exclusive lock, so that nothing is missed.
    """
    person = PersonRef(merged.person_id, merged.person_name)
    if not await _note_merge(connection, merged.merged_id, person, revision=merged.revision):
        return None
    return await _move_accounts(connection, PersonRef(merged.merged_id, ""))


async def unmerge_people(connection: Connection, unmerged: PersonUnmerged) -> None:
    """Bring what was claimed for a merged person back to them, unless they were merged again."""
    if await _note_merge(connection, unmerged.merged_id, None, revision=unmerged.revision):
        await _move_accounts(connection, PersonRef(unmerged.merged_id, unmerged.merged_name))


async def forget_person(connection: Connection, forgotten: PersonForgotten) -> None:
    """Delete all plays of a person, and take nothing more for them. Takes the exclusive lock, so nothing is missed."""
    await lock_exclusive(connection, "syncer", "merges")
    ids = list(forgotten.person_ids)
    await connection.execute(
        "insert into forgotten (person_id, forgotten_at) select id, $2 from unnest($1::text[]) as id "
        "on conflict do nothing",
        ids,
        forgotten.occurred_at,
    )
    accounts = (
        [account.source for account in forgotten.accounts],
        [account.server for account in forgotten.accounts],
        [account.id for account in forgotten.accounts],
    )
    for table, account_id in (("plays", "account_id"), ("unwatched", "account_id"), ("accounts", "id")):
        await connection.execute(
            f"""delete from {table} where person_id = any($1) or (person_id is null
            and (source, server, {account_id}) in (select * from unnest($2::text[], $3::text[], $4::text[])))""",  # noqa: S608 (constants)
            ids,
            *accounts,
        )
    await connection.execute("delete from merges where merged_id = any($1) or person_id = any($1)", ids)


async def _is_forgotten(connection: Connection, person_ids: tuple[str, ...]) -> bool:
    found: bool = await connection.fetchval(
        "select exists (select from forgotten where person_id = any($1))", list(person_ids)
    )
    return found


async def current_id(connection: Connection, person: str) -> str:
    """Return the id of the person that somebody was merged into; any other text is returned unchanged."""
    return (await _survivor(connection, PersonRef(person, ""))).id


async def _note_owner(
    connection: Connection, account: Account, named: PersonRef | None, person: PersonRef | None, *, revision: int
) -> bool:
    """Store whose an account is; False where a later fact is known. Facts of revision 0 are stored as they come."""
    done = await connection.execute(
        """insert into accounts (source, server, id, claimed_by, claimed_name, person_id, person_name, revision)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (source, server, id) do update
        set claimed_by = excluded.claimed_by, claimed_name = excluded.claimed_name, person_id = excluded.person_id,
            person_name = excluded.person_name, revision = greatest(accounts.revision, excluded.revision)
        where excluded.revision = 0 or excluded.revision >= accounts.revision""",
        account.source,
        account.server,
        account.id,
        named.id if named else None,
        named.name if named else None,
        person.id if person else None,
        person.name if person else None,
        revision,
    )
    return done != "INSERT 0 0"


async def _note_merge(connection: Connection, merged_id: str, person: PersonRef | None, *, revision: int) -> bool:
    """Store into whom a person was merged, None for nobody; False where a later fact is known."""
    await lock_exclusive(connection, "syncer", "merges")
    done = await connection.execute(
        """insert into merges (merged_id, person_id, person_name, revision) values ($1, $2, $3, $4)
        on conflict (merged_id) do update set person_id = excluded.person_id, person_name = excluded.person_name,
            revision = greatest(merges.revision, excluded.revision)
        where excluded.revision = 0 or excluded.revision >= merges.revision""",
        merged_id,
        person.id if person else None,
        person.name if person else None,
        revision,
    )
    return done != "INSERT 0 0"


async def _move_plays(connection: Connection, account: Account, person: PersonRef | None) -> None:
    values = (account.source, account.server, account.id, person.id if person else None)
    await connection.execute(f"update unwatched set person_id = $4 {_PLAYS_OF_ACCOUNT}", *values)  # noqa: S608 (a constant)
    await connection.execute(
        f"update plays set person_id = $4, person_name = $5 {_PLAYS_OF_ACCOUNT}",  # noqa: S608 (a constant)
        *values,
        person.name if person else None,
    )


async def _move_accounts(connection: Connection, merged: PersonRef) -> PersonRef:
    """Move what was claimed for a person, and for all who were merged into them, to who remains of them now."""
    person = await _survivor(connection, merged)
    moved = await connection.fetch(
        """with recursive merged (id) as (
            select $1::text union select merged_id from merges join merged on merges.person_id = merged.id)
        update accounts set person_id = $2, person_name = $3 from merged where claimed_by = merged.id
        returning source, server, accounts.id as account_id""",
        merged.id,
        person.id,
        person.name,
    )
    for row in moved:
        await _move_plays(connection, Account(row["source"], row["server"], row["account_id"], ""), person)
    return person


async def _survivor(connection: Connection, person: PersonRef) -> PersonRef:
    row = await connection.fetchrow(
        """with recursive chain (person_id, person_name, depth) as (
            select person_id, person_name, 1 from merges where merged_id = $1 and person_id is not null
            union all
            select merges.person_id, merges.person_name, depth + 1 from merges
            join chain on merges.merged_id = chain.person_id where merges.person_id is not null and depth < 100)
        select person_id, person_name from chain order by depth desc limit 1""",
        person.id,
    )
    return PersonRef(row["person_id"], row["person_name"]) if row else person
