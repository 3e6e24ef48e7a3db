"""The linker's SQL for accounts: those seen in plays, and the identities that give them to persons."""

from collections.abc import Collection
from datetime import datetime

from services.linker.people.domain import Holder, Key, Owner
from shared.postgres.locks import lock_exclusive, lock_shared
from shared.postgres.pool import Connection
from shared.postgres.text import like_pattern
from shared.schemas.media import Account
from shared.schemas.people import ListUnclaimed, UnclaimedAccount, UnclaimedPage

_ACCOUNT = "source, server, id, name, is_owner"


async def lock_to_claim(connection: Connection, source: str) -> None:
    """Block plays and claims of this system's accounts, and merges of persons, until the transaction ends."""
    await lock_shared(connection, "linker", "merges")
    await lock_exclusive(connection, "linker", "claims", source)


async def lock_to_prove(connection: Connection, sources: Collection[str]) -> None:
    """Do as `lock_to_claim` for several systems, in order of their names so that there is no deadlock."""
    await lock_shared(connection, "linker", "merges")
    for source in sorted(set(sources)):
        await lock_exclusive(connection, "linker", "claims", source)


async def lock_to_see(connection: Connection, source: str) -> None:
    """Block claims of this system's accounts and merges of persons; plays go on."""
    await lock_shared(connection, "linker", "merges")
    await lock_shared(connection, "linker", "claims", source)


async def note_play(connection: Connection, account: Account, *, watched_at: datetime) -> None:
    """Count a play on an account, and store its latest name."""
    await connection.execute(
        f"""insert into seen_accounts ({_ACCOUNT}, plays, last_seen_at) values ($1, $2, $3, $4, $5, 1, $6)
        on conflict (source, server, id) do update set name = excluded.name,
            is_owner = seen_accounts.is_owner or excluded.is_owner, plays = seen_accounts.plays + 1,
            last_seen_at = greatest(seen_accounts.last_seen_at, excluded.last_seen_at)""",  # noqa: S608 (a constant)
        account.source,
        account.server,
        account.id,
        account.name,
        account.is_owner,
        watched_at,
    )


async def find_seen_account(connection: Connection, *, source: str, server: str, account_id: str) -> Account | None:
    """Return an account that has plays."""
    row = await connection.fetchrow(
        f"select {_ACCOUNT} from seen_accounts where (source, server, id) = ($1, $2, $3)",  # noqa: S608 (a constant)
        source,
        server,
        account_id,
    )
    return Account(**dict(row)) if row else None


async def owners_of(connection: Connection, account: Account) -> list[Owner]:
    """Return the accounts that plays showed as owners of this account's server."""
    rows = await connection.fetch(
        "select server, id from seen_accounts where source = $1 and server = $2 and is_owner",
        account.source,
        account.server,
    )
    return [Owner(row["server"], row["id"]) for row in rows]


async def holders_of(connection: Connection, keys: list[Key]) -> dict[Key, Holder]:
    """Return who holds each of these keys; keys that nobody holds are left out."""
    rows = await connection.fetch(
        """select provider, server, id, person_id, proven from identities
        where (provider, server, id) in (select * from unnest($1::text[], $2::text[], $3::text[]))""",
        [key.provider for key in keys],
        [key.server for key in keys],
        [key.id for key in keys],
    )
    return {
        Key(row["provider"], row["server"], row["id"]): Holder(person_id=row["person_id"], by_proof=row["proven"])
        for row in rows
    }


async def unassigned_like(connection: Connection, account: Account) -> list[Account]:
    """Return accounts without a person that may be the same one: on the same server, or with the same id elsewhere."""
    rows = await connection.fetch(
        f"""select {_ACCOUNT} from seen_accounts
        where source = $1 and person_id is null and (server = $2 and is_owner or id = $3)""",  # noqa: S608 (a constant)
        account.source,
        account.server,
        account.id,
    )
    return [Account(**dict(row)) for row in rows]


async def seen_like(connection: Connection, account: Account) -> list[Account]:
    """Return seen accounts that may be this one: with the same id, and owners where that id is an owner."""
    rows = await connection.fetch(
        f"""select {_ACCOUNT} from seen_accounts where source = $1 and (id = $2 or is_owner and server in (
            select server from seen_accounts where source = $1 and id = $2 and is_owner))""",  # noqa: S608 (a constant)
        account.source,
        account.id,
    )
    return [Account(**dict(row)) for row in rows]


async def assign(connection: Connection, account: Account, *, person_id: str | None) -> int:
    """Note whose an account is, None for nobody's; return the revision, another one if that is a change."""
    revision: int = await connection.fetchval(
        """update seen_accounts set person_id = $4, revision = case when person_id is distinct from $4
            then nextval('ownership_revisions') else revision end
        where (source, server, id) = ($1, $2, $3) returning revision""",
        account.source,
        account.server,
        account.id,
        person_id,
    )
    return revision


async def assigned_to(connection: Connection, person_id: str, *, source: str | None = None) -> list[Account]:
    """Return the seen accounts of a person; None matches any system."""
    rows = await connection.fetch(
        f"""select {_ACCOUNT} from seen_accounts where person_id = $1 and ($2::text is null or source = $2)
        order by source, server, id""",  # noqa: S608 (a constant)
        person_id,
        source,
    )
    return [Account(**dict(row)) for row in rows]


async def linked_among(connection: Connection, keys: list[Key]) -> list[Key]:
    """Return the keys of accounts that Usher holds a credential for, locked against linking and unlinking."""
    rows = await connection.fetch(
        """select provider, server, account_id from connections
        where (provider, server, account_id) in (select * from unnest($1::text[], $2::text[], $3::text[]))
        for update""",
        [key.provider for key in keys],
        [key.server for key in keys],
        [key.id for key in keys],
    )
    return [Key(row["provider"], row["server"], row["account_id"]) for row in rows]


async def remove_keys(connection: Connection, keys: list[Key], *, person_id: str) -> None:
    """Take keys from a person."""
    await connection.execute(
        """delete from identities where person_id = $4
        and (provider, server, id) in (select * from unnest($1::text[], $2::text[], $3::text[]))""",
        [key.provider for key in keys],
        [key.server for key in keys],
        [key.id for key in keys],
        person_id,
    )


async def store_claim(connection: Connection, key: Key, *, person_id: str, username: str, at: datetime) -> str:
    """Store a claim to a key, unless somebody holds it; return who holds it now."""
    await connection.execute(
        """insert into identities (provider, server, id, person_id, username, email, proven, linked_at)
        values ($1, $2, $3, $4, $5, null, false, $6) on conflict (provider, server, id) do nothing""",
        key.provider,
        key.server,
        key.id,
        person_id,
        username,
        at,
    )
    return (await holders_of(connection, [key]))[key].person_id


async def store_proof(
    connection: Connection, key: Key, *, person_id: str, username: str, email: str | None, at: datetime
) -> None:
    """Store that a person has proven a key, whoever held it so far."""
    await connection.execute(
        """insert into identities (provider, server, id, person_id, username, email, proven, linked_at)
        values ($1, $2, $3, $4, $5, $6, true, $7) on conflict (provider, server, id) do update
        set person_id = excluded.person_id, username = excluded.username, email = excluded.email, proven = true,
            linked_at = excluded.linked_at""",
        key.provider,
        key.server,
        key.id,
        person_id,
        username,
        email,
        at,
    )


async def move_keys(connection: Connection, keys: list[Key], *, person_id: str) -> None:
    """Give unproven keys to a person."""
    await connection.execute(
        """update identities set person_id = $4 where not proven
        and (provider, server, id) in (select * from unnest($1::text[], $2::text[], $3::text[]))""",
        [key.provider for key in keys],
        [key.server for key in keys],
        [key.id for key in keys],
        person_id,
    )


async def has_proven(connection: Connection, person_id: str) -> bool:
    """Return whether a person has proven any identity."""
    found: bool = await connection.fetchval(
        "select exists (select from identities where person_id = $1 and proven)", person_id
    )
    return found


async def page_of_unclaimed(connection: Connection, wanted: ListUnclaimed) -> UnclaimedPage:
    """Return the unclaimed accounts, last seen first."""
    where = "where person_id is null and ($1::text is null or name ilike $1) and ($2::text is null or id = $2)"
    wanted_rows = (like_pattern(wanted.search), wanted.account_id)
    rows = await connection.fetch(
        f"""select source, server, id as account_id, name as account_name, plays, last_seen_at from seen_accounts
        {where} order by last_seen_at desc, source, server, id limit $3 offset $4""",  # noqa: S608 (a constant)
        *wanted_rows,
        wanted.limit,
        wanted.offset,
    )
    total = await connection.fetchval(f"select count(*) from seen_accounts {where}", *wanted_rows)  # noqa: S608 (a constant)
    return UnclaimedPage([UnclaimedAccount(**dict(row)) for row in rows], total, wanted.limit, wanted.offset)
