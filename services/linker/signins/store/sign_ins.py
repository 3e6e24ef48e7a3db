"""The linker's SQL for sign-ins: beginning, polling by all replicas, and ending."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from services.linker.signins.domain import WANTED_FOR, WANTED_WAIT, Asker, ProvenAccount, SignInRow, State
from shared.postgres.locks import lock_exclusive
from shared.postgres.pool import Connection
from shared.schemas.media import Provider
from shared.schemas.signins import PastSignIn

_COLUMNS: Final = (
    "id, provider, server, asker_kind, asker_id, asker_name, state, code, short_code, short_until, url, references_, "
    "poll_every, expires_at, created_at, wanted_at, reason, account_id, username, email, interaction_id"
)
_OF_PERSON: Final = """(asker_kind = 'person' and asker_id = any($1) or exists (
    select from identities where person_id = any($1)
    and (identities.provider, identities.id) in ((asker_kind, asker_id), (sign_ins.provider, account_id))))"""
_MOST_LISTED: Final = 200
_RENAMED: Final = ("asker_kind", "asker_id", "asker_name", "references_")


async def add(connection: Connection, row: SignInRow) -> bool:
    """Store a new sign-in; False, with nothing stored, where the asker has another open one."""
    done = await connection.execute(
        """insert into sign_ins (id, provider, server, asker_kind, asker_id, asker_name, code, short_code, short_until,
            url, references_, poll_every, poll_at, expires_at, created_at, wanted_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
        on conflict (provider, server, asker_kind, asker_id) where state = 'pending' do nothing""",
        row.id,
        row.provider,
        row.server,
        row.asker.kind,
        row.asker.id,
        row.asker.name,
        row.code,
        row.short_code,
        row.short_until,
        row.url,
        list(row.references),
        row.poll_every,
        row.created_at + row.poll_every,
        row.expires_at,
        row.created_at,
        row.wanted_at,
    )
    return done != "INSERT 0 0"


async def find(connection: Connection, sign_in_id: str) -> SignInRow | None:
    """Return a sign-in."""
    return _one(await connection.fetchrow(f"select {_COLUMNS} from sign_ins where id = $1", sign_in_id))  # noqa: S608 (constants)


async def lock(connection: Connection, sign_in_id: str) -> SignInRow | None:
    """Lock a sign-in until the transaction ends, and return it."""
    return _one(
        await connection.fetchrow(f"select {_COLUMNS} from sign_ins where id = $1 for update", sign_in_id)  # noqa: S608 (constants)
    )


async def lock_open(connection: Connection, asker: Asker, provider: Provider, server: str) -> SignInRow | None:
    """Lock the asker's open sign-in until the transaction ends, and return it."""
    row = await connection.fetchrow(
        f"""select {_COLUMNS} from sign_ins where state = 'pending'
        and (provider, server, asker_kind, asker_id) = ($1, $2, $3, $4) for update""",  # noqa: S608 (constants)
        provider,
        server,
        asker.kind,
        asker.id,
    )
    return _one(row)


async def lock_all_open(connection: Connection, asker: Asker, provider: Provider) -> list[SignInRow]:
    """Lock the asker's open sign-ins on all servers of a system until the transaction ends, and return them."""
    rows = await connection.fetch(
        f"""select {_COLUMNS} from sign_ins where state = 'pending'
        and (provider, asker_kind, asker_id) = ($1, $2, $3) order by id for update""",  # noqa: S608 (constants)
        provider,
        asker.kind,
        asker.id,
    )
    return [_row(row) for row in rows]


async def ends_of_key(connection: Connection, key_id: str, *, now: datetime) -> list[datetime]:
    """Return when the open sign-ins of a key expire, soonest first, and block new ones until the transaction ends."""
    await lock_exclusive(connection, "linker", "sign-ins", key_id)
    rows = await connection.fetch(
        """select expires_at from sign_ins where state = 'pending' and asker_kind = 'key'
        and split_part(asker_id, '/', 1) = $1 and expires_at > $2 order by expires_at""",
        key_id,
        now,
    )
    return [row["expires_at"] for row in rows]


async def set_interaction(connection: Connection, sign_in_id: str, *, interaction_id: str) -> None:
    """Set the interaction that gets the reply about the end, instead of an earlier one."""
    await connection.execute("update sign_ins set interaction_id = $2 where id = $1", sign_in_id, interaction_id)
    await connection.execute(
        "insert into sign_in_interactions (id, sign_in_id) values ($2, $1) on conflict do nothing",
        sign_in_id,
        interaction_id,
    )


async def find_by_interaction(connection: Connection, interaction_id: str) -> SignInRow | None:
    """Return the sign-in that an interaction began or asked about, open or not."""
    row = await connection.fetchrow(
        f"""select {_COLUMNS} from sign_ins
        where id = (select sign_in_id from sign_in_interactions where id = $1)""",  # noqa: S608 (constants)
        interaction_id,
    )
    return _one(row)


async def note_wanted(connection: Connection, sign_in_id: str, *, now: datetime) -> None:
    """Note that somebody waits for a sign-in."""
    await connection.execute(
        "update sign_ins set wanted_at = greatest(wanted_at, $2) where id = $1 and state = 'pending'", sign_in_id, now
    )


async def take_due(
    connection: Connection, *, now: datetime, lease: timedelta, is_wanted_first: bool = False
) -> SignInRow | None:
    """Take the sign-in that is overdue longest; nobody else takes it for the time of the lease.

    With `is_wanted_first`, those that somebody waits for go ahead of all others.
    """
    row = await connection.fetchrow(
        f"""update sign_ins set poll_at = $2, polling_until = $2, polled_at = $1 where id = (
            select id from sign_ins where state = 'pending' and poll_at <= $1
            order by ($3 and wanted_at > $4 and poll_at <= $5) desc, poll_at limit 1 for update skip locked)
        returning {_COLUMNS}""",  # noqa: S608 (constants)
        now,
        now + lease,
        is_wanted_first,
        now - WANTED_FOR,
        now - WANTED_WAIT,
    )
    return _one(row)


async def take(
    connection: Connection, sign_in_id: str, *, now: datetime, lease: timedelta, every: timedelta
) -> SignInRow | None:
    """Take a sign-in before it is due; None where it has ended, is taken, or was polled a moment ago."""
    row = await connection.fetchrow(
        f"""update sign_ins set poll_at = $3, polling_until = $3, polled_at = $2 where id = $1 and state = 'pending'
        and (polling_until is null or polling_until <= $2) and (polled_at is null or polled_at <= $4)
        returning {_COLUMNS}""",  # noqa: S608 (constants)
        sign_in_id,
        now,
        now + lease,
        now - every,
    )
    return _one(row)


async def is_taken(connection: Connection, sign_in_id: str, *, now: datetime) -> bool:
    """Return whether somebody is polling a sign-in right now."""
    found: bool = await connection.fetchval(
        "select exists (select from sign_ins where id = $1 and state = 'pending' and polling_until > $2)",
        sign_in_id,
        now,
    )
    return found


async def give_back(connection: Connection, sign_in_id: str, *, poll_at: datetime) -> None:
    """Give a sign-in back until its next poll."""
    await connection.execute(
        "update sign_ins set poll_at = $2, polling_until = null where id = $1 and state = 'pending'",
        sign_in_id,
        poll_at,
    )


async def end(
    connection: Connection, sign_in_id: str, *, state: State, reason: str | None, proven: ProvenAccount | None
) -> SignInRow | None:
    """Store how a sign-in ended; None where it had ended before."""
    row = await connection.fetchrow(
        f"""update sign_ins set state = $2, reason = $3, account_id = $4, username = $5, email = $6,
            polling_until = null where id = $1 and state = 'pending' returning {_COLUMNS}""",  # noqa: S608 (constants)
        sign_in_id,
        state,
        reason,
        None if proven is None else proven.account_id,
        None if proven is None else proven.username,
        None if proven is None else proven.email,
    )
    return _one(row)


async def last_of(connection: Connection, person_ids: Sequence[str]) -> list[PastSignIn]:
    """Return the last sign-ins of a person, newest first."""
    rows = await connection.fetch(
        f"""select id, provider, server, asker_kind || ' ' || asker_name as asked_by, state, reason, account_id,
            username, email, created_at
        from sign_ins where {_OF_PERSON} order by created_at desc, id limit {_MOST_LISTED}""",  # noqa: S608 (constants)
        person_ids,
    )
    return [PastSignIn(**dict(row)) for row in rows]


async def lock_all_of(connection: Connection, person_ids: Sequence[str]) -> list[str]:
    """Lock the sign-ins of a person until the transaction ends: begun for them or by them, or to accounts of theirs."""
    rows = await connection.fetch(
        f"select id from sign_ins where {_OF_PERSON} order by id for update",  # noqa: S608 (a constant)
        person_ids,
    )
    return [row["id"] for row in rows]


async def delete(connection: Connection, sign_in_id: str) -> None:
    """Delete a sign-in that has ended."""
    await connection.execute("delete from sign_ins where id = $1 and state <> 'pending'", sign_in_id)


async def forget(connection: Connection, *, before: datetime) -> None:
    """Delete sign-ins that ended long ago."""
    await connection.execute("delete from sign_ins where state <> 'pending' and created_at < $1", before)


def _one(row: asyncpg.Record | None) -> SignInRow | None:
    return None if row is None else _row(row)


def _row(row: asyncpg.Record) -> SignInRow:
    plain = {name: value for name, value in row.items() if name not in _RENAMED}
    asker = Asker(row["asker_kind"], row["asker_id"], row["asker_name"])
    return SignInRow(**plain, asker=asker, references=tuple(row["references_"]))
