"""The linker's SQL for linked accounts: those whose credentials Usher has.

Everything that changes one locks its row here first, then its rows in the vault.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final, Literal

import asyncpg
import msgspec

from shared.postgres.pool import Connection
from shared.schemas.media import Provider
from shared.schemas.signins import ConnectedAccount, Integration, IntegrationPage, LinkedPerson

_COLUMNS: Final = "provider, server, account_id, person_id, username, linked_at, state, reason, checked_at"
_THIS: Final = "(provider, server, account_id) = ($1, $2, $3)"


class LinkedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account whose credentials Usher has; `server` is a machine id."""

    provider: Provider
    server: str
    account_id: str
    person_id: str
    username: str
    linked_at: datetime
    state: Literal["ok", "dead"] = "ok"
    reason: str | None = None
    checked_at: datetime | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """The primary key."""
        return self.provider, self.server, self.account_id


async def remember(
    connection: Connection,
    linked: LinkedAccount,
    *,
    check_at: datetime,
    expires_at: datetime | None,
    renew_at: datetime | None,
) -> None:
    """Store an account that was just linked; linking it again resets its state."""
    await connection.execute(
        """insert into connections (provider, server, account_id, person_id, username, linked_at, checked_at, check_at,
            expires_at, renew_at)
        values ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9)
        on conflict (provider, server, account_id) do update set person_id = excluded.person_id,
            username = excluded.username, state = 'ok', reason = null, linked_at = excluded.linked_at,
            checked_at = excluded.checked_at, check_at = excluded.check_at, expires_at = excluded.expires_at,
            renew_at = excluded.renew_at, renewal_tries = 0""",
        *linked.key,
        linked.person_id,
        linked.username,
        linked.linked_at,
        check_at,
        expires_at,
        renew_at,
    )


async def find(connection: Connection, provider: Provider, *, server: str, account_id: str) -> LinkedAccount | None:
    """Return a linked account."""
    return _one(
        await connection.fetchrow(
            f"select {_COLUMNS} from connections where {_THIS}",  # noqa: S608 (constants)
            provider,
            server,
            account_id,
        )
    )


async def matching(connection: Connection, *, person_id: str | None, provider: Provider | None) -> list[LinkedAccount]:
    """Return linked accounts, by system and name; None matches anything."""
    rows = await connection.fetch(
        f"""select {_COLUMNS} from connections where ($1::text is null or person_id = $1)
        and ($2::text is null or provider = $2)
        order by provider, lower(username), server, account_id""",  # noqa: S608 (constants)
        person_id,
        provider,
    )
    return [_row(row) for row in rows]


async def lock_matching(
    connection: Connection, *, person_id: str | None, provider: Provider, server: str | None, account_id: str | None
) -> list[LinkedAccount]:
    """Lock linked accounts until the transaction ends, and return them; None matches anything."""
    rows = await connection.fetch(
        f"""select {_COLUMNS} from connections where ($1::text is null or person_id = $1) and provider = $2
        and ($3::text is null or server = $3) and ($4::text is null or account_id = $4)
        order by lower(username), server, account_id for update""",  # noqa: S608 (constants)
        person_id,
        provider,
        server,
        account_id,
    )
    return [_row(row) for row in rows]


async def lock_all_of(connection: Connection, person_id: str) -> list[LinkedAccount]:
    """Lock all linked accounts of a person until the transaction ends, and return them."""
    rows = await connection.fetch(
        f"""select {_COLUMNS} from connections where person_id = $1
        order by provider, lower(username), server, account_id for update""",  # noqa: S608 (constants)
        person_id,
    )
    return [_row(row) for row in rows]


async def page(
    connection: Connection,
    *,
    person_id: str | None,
    provider: Provider | None,
    account: tuple[str, str] | None = None,
    limit: int,
    offset: int,
) -> IntegrationPage:
    """Return linked accounts, by system and name, with their persons; `account` is a server and an id there."""
    where = """($1::text is null or person_id = $1) and ($2::text is null or provider = $2)
        and ($3::text is null or server = $3) and ($4::text is null or account_id = $4)"""
    server, account_id = account or (None, None)
    filters = (person_id, provider, server, account_id)
    rows = await connection.fetch(
        f"""select {_COLUMNS}, name from connections join persons on persons.id = person_id where {where}
        order by provider, lower(username), server, account_id limit $5 offset $6""",  # noqa: S608 (constants)
        *filters,
        limit,
        offset,
    )
    total = await connection.fetchval(f"select count(*) from connections where {where}", *filters)  # noqa: S608 (constants)
    return IntegrationPage([_integration(row) for row in rows], total, limit, offset)


async def remove(connection: Connection, linked: LinkedAccount) -> bool:
    """Remove a linked account; False where it was removed before."""
    done = await connection.execute(f"delete from connections where {_THIS}", *linked.key)  # noqa: S608 (constants)
    return done != "DELETE 0"


async def take_due(
    connection: Connection, providers: Collection[Provider], *, now: datetime, again_at: datetime
) -> LinkedAccount | None:
    """Take the account whose last check is longest ago; others leave it alone until `again_at`."""
    row = await connection.fetchrow(
        f"""update connections set check_at = $2 where (provider, server, account_id) = (
            select provider, server, account_id from connections where state = 'ok' and check_at <= $1
            and provider = any($3) order by check_at limit 1 for update skip locked)
        returning {_COLUMNS}""",  # noqa: S608 (constants)
        now,
        again_at,
        list(providers),
    )
    return _one(row)


async def note_good(connection: Connection, linked: LinkedAccount, *, at: datetime, check_at: datetime) -> None:
    """Note that a token works, if it is still the one that was checked."""
    await connection.execute(
        f"update connections set checked_at = $5, check_at = $6 where {_THIS} and linked_at = $4",  # noqa: S608 (constants)
        *linked.key,
        linked.linked_at,
        at,
        check_at,
    )


async def note_dead(connection: Connection, linked: LinkedAccount, *, at: datetime, reason: str) -> bool:
    """Note that a token is dead; False where that is known, or it is not the one that was checked."""
    done = await connection.execute(
        f"""update connections set state = 'dead', reason = $6, checked_at = $5, renew_at = null
        where {_THIS} and linked_at = $4 and state = 'ok'""",  # noqa: S608 (constants)
        *linked.key,
        linked.linked_at,
        at,
        reason,
    )
    return done != "UPDATE 0"


def _integration(row: asyncpg.Record) -> Integration:
    return Integration(
        provider=row["provider"],
        account=ConnectedAccount(id=row["account_id"], username=row["username"], server=row["server"]),
        person=LinkedPerson(id=row["person_id"], name=row["name"]),
        state=row["state"],
        reason=row["reason"],
        linked_at=row["linked_at"],
        checked_at=row["checked_at"],
    )


def _one(row: asyncpg.Record | None) -> LinkedAccount | None:
    return None if row is None else _row(row)


def _row(row: asyncpg.Record) -> LinkedAccount:
    return LinkedAccount(**dict(row))
