"""The linker's SQL for renewing tokens that expire, each by one replica at a time."""

from datetime import datetime

import asyncpg
import msgspec

from services.linker.signins.store.connections import LinkedAccount
from shared.postgres.pool import Connection
from shared.schemas.media import Provider


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One replica's exclusive right to renew an account until a moment, which also identifies the claim."""

    linked: LinkedAccount
    tries: int
    until: datetime


class TokenState(msgspec.Struct, frozen=True):
    """Whether a linked account's token works, and until when."""

    is_ok: bool
    expires_at: datetime | None


async def claim_due(connection: Connection, provider: Provider, *, now: datetime, until: datetime) -> Claim | None:
    """Claim the account whose renewal is overdue longest; None where no unclaimed one is due."""
    row = await connection.fetchrow(
        """update connections set renew_at = $3, renewal_tries = renewal_tries + 1
        where (provider, server, account_id) = (
            select provider, server, account_id from connections
            where provider = $1 and state = 'ok' and renew_at <= $2
            order by renew_at limit 1 for update skip locked)
        returning provider, server, account_id, person_id, username, linked_at, renewal_tries, renew_at""",
        provider,
        now,
        until,
    )
    return None if row is None else _claim(row)


async def lock_claim(connection: Connection, claim: Claim) -> bool:
    """Lock a claimed account until the transaction ends; False where the claim is no longer valid.

    That is so where the account was unlinked, linked again or found dead, or another replica has claimed it.
    """
    found = await connection.fetchval(
        """select true from connections where (provider, server, account_id) = ($1, $2, $3)
        and state = 'ok' and renew_at = $4 for update""",
        *claim.linked.key,
        claim.until,
    )
    return found is not None


async def note_renewal(
    connection: Connection, claim: Claim, *, expires_at: datetime, renew_at: datetime | None
) -> None:
    """Note when the new token expires."""
    await connection.execute(
        """update connections set expires_at = $4, renew_at = $5, renewal_tries = 0
        where (provider, server, account_id) = ($1, $2, $3)""",
        *claim.linked.key,
        expires_at,
        renew_at,
    )


async def postpone(connection: Connection, claim: Claim, *, renew_at: datetime | None) -> None:
    """Give a claim back; the renewal is due again at `renew_at`, with None never."""
    await connection.execute(
        """update connections set renew_at = $5 where (provider, server, account_id) = ($1, $2, $3)
        and state = 'ok' and renew_at = $4""",
        *claim.linked.key,
        claim.until,
        renew_at,
    )


async def lock_token_state(
    connection: Connection, provider: Provider, *, server: str, account_id: str
) -> TokenState | None:
    """Lock a linked account until the transaction ends, after any renewal, and return its token's state."""
    row = await connection.fetchrow(
        """select state = 'ok' as is_ok, expires_at from connections
        where (provider, server, account_id) = ($1, $2, $3) for update""",
        provider,
        server,
        account_id,
    )
    return None if row is None else TokenState(row["is_ok"], row["expires_at"])


def _claim(row: asyncpg.Record) -> Claim:
    linked = {name: value for name, value in row.items() if name not in {"renewal_tries", "renew_at"}}
    return Claim(linked=LinkedAccount(**linked), tries=row["renewal_tries"], until=row["renew_at"])
