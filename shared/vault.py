"""The vault: every token, API key and password, sealed in `shared.credentials`, which only this module touches."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final, Protocol

import asyncpg
import msgspec

from shared.errors import TransientError
from shared.keyring import VARIABLE, Keyring, MissingKeyError, Owner, Sealed, TamperedError, seal, unseal
from shared.postgres.pool import Pool, acquire, transaction, translate_outages
from shared.schemas.secret import Secret
from shared.settings import SettingsError

_NAMED_FAILURES: Final = 20
_SAMPLES: Final = 3
_PAUSE_S: Final = 0.1
PATIENCE: Final = timedelta(seconds=30)


class Executor(Protocol):
    """A pool, or the connection of a transaction that a change of the vault belongs to."""

    async def execute(self, query: str, *args: Any) -> str: ...
    async def fetchrow(self, query: str, *args: Any) -> asyncpg.Record | None: ...


class KeyUse(msgspec.Struct, frozen=True, kw_only=True):
    """How many credentials a key seals, and whether this process has it."""

    key_id: str
    rows: int
    is_held: bool
    is_first: bool


class Rotation(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a rotation. `failed` rows could not be opened and are unchanged; `failures` names some of them."""

    rotated: int
    failed: int
    failures: tuple[str, ...]


class Vault:
    """Secrets by owner. Calls work without a transaction; pass its connection as `on` to take part in one.

    Raises `UnavailableError` when Postgres is away.
    """

    def __init__(self, pool: Pool, keyring: Keyring) -> None:
        self._pool = pool
        self._keyring = keyring

    async def put(self, owner: Owner, secret: Secret, *, on: Executor | None = None) -> None:
        """Store a secret, replacing the owner's former one for this purpose."""
        sealed = seal(owner, secret, self._keyring)
        async with self._executor(on) as executor:
            await executor.execute(_PUT, *msgspec.structs.astuple(owner), sealed.key_id, sealed.data)

    async def replace(self, owner: Owner, secret: Secret, *, on: Executor | None = None) -> bool:
        """Replace a secret; if there is none any more, store nothing and return False.

        So a secret removed at the same moment stays removed.
        """
        sealed = seal(owner, secret, self._keyring)
        async with self._executor(on) as executor:
            done = await executor.execute(_REPLACE, *msgspec.structs.astuple(owner), sealed.key_id, sealed.data)
        return done != "UPDATE 0"

    async def get(self, owner: Owner, *, on: Executor | None = None) -> Secret | None:
        """Return the owner's secret; raise `MissingKeyError` or `TamperedError` if it is there but does not open."""
        async with self._executor(on) as executor:
            row = await executor.fetchrow(_GET, *msgspec.structs.astuple(owner))
        return None if row is None else unseal(owner, Sealed(row["key_id"], row["sealed"]), self._keyring)

    async def remove(self, owner: Owner, *, on: Executor | None = None) -> bool:
        """Delete a secret; return whether there was one."""
        async with self._executor(on) as executor:
            done = await executor.execute(_REMOVE, *msgspec.structs.astuple(owner))
        return done != "DELETE 0"

    async def owners(
        self,
        *,
        kind: str | None = None,
        owner_id: str | None = None,
        provider: str | None = None,
        purpose: str | None = None,
    ) -> list[Owner]:
        """Return the owners of stored secrets, in order, without opening any."""
        return [_owner(row) for row in await self._fetch(_OWNERS, kind, owner_id, provider, purpose)]

    async def status(self) -> list[KeyUse]:
        """Return the keys of this process in order, then the missing ones that are in use."""
        counts: dict[str, int] = {row["key_id"]: row["rows"] for row in await self._fetch(_STATUS)}
        held = self._keyring.ids
        return [
            KeyUse(
                key_id=key_id,
                rows=counts.get(key_id, 0),
                is_held=key_id in held,
                is_first=key_id == self._keyring.first,
            )
            for key_id in (*held, *sorted(counts.keys() - set(held)))
        ]

    async def verify(self) -> None:
        """Raise `SettingsError` if a key in use is missing or is not the key that sealed; then no service starts."""
        uses = await self.status()
        if missing := [f"{use.key_id} ({use.rows} credentials)" for use in uses if not use.is_held]:
            raise SettingsError(f"{VARIABLE} lacks keys that are in use: {', '.join(missing)}")
        for use in uses:
            samples = await self._fetch(_SAMPLE, use.key_id, _SAMPLES)
            if samples and not any(self._opens(_row(sample)) for sample in samples):
                raise SettingsError(
                    f"{VARIABLE}: the key {use.key_id} opens nothing of what was sealed under this id: "
                    "is it another key?"
                )

    def _opens(self, row: "_Row") -> bool:
        try:
            unseal(row.owner, row.sealed, self._keyring)
        except TamperedError:
            return False
        return True

    async def rotate(
        self, *, batch: int = 500, progress: Callable[[int, int], None] | None = None, patience: timedelta = PATIENCE
    ) -> Rotation:
        """Seal everything again with the first key, a batch at a time, while others read and write.

        A secret that is stored meanwhile is never lost: its row is locked by one side or the other. A rotation can be
        stopped at any time, and the next one goes on. `progress` gets the number done and the total. Raises
        `TransientError` if rows are still under other keys `patience` after the first sweep.
        """
        tally = _Tally(to_do=await self._count_old())
        await self._sweep(tally, batch=batch, progress=progress)
        give_up_at = time.monotonic() + patience.total_seconds()
        while (left := await self._count_old()) > tally.failed:
            if time.monotonic() > give_up_at:
                raise TransientError(
                    f"{left} credentials are still sealed with other keys: a transaction holds them, or a process that "
                    "was not restarted writes them. Rotate again later"
                )
            await asyncio.sleep(_PAUSE_S)
            await self._sweep(tally, batch=batch, progress=progress)
        return Rotation(rotated=tally.rotated, failed=tally.failed, failures=tuple(tally.failures))

    async def _sweep(self, tally: "_Tally", *, batch: int, progress: Callable[[int, int], None] | None) -> None:
        tally.failed, tally.failures, after = 0, [], 0
        while True:
            async with transaction(self._pool) as connection:
                rows = [_row(row) for row in await connection.fetch(_OLD, self._keyring.first, after, batch)]
                done = self._reseal(rows, tally)
                await connection.execute(
                    _RESEAL, [row.id for row in done], self._keyring.first, [row.sealed.data for row in done]
                )
            if not rows:
                return
            after = rows[-1].id
            tally.rotated += len(done)
            if progress is not None:
                progress(tally.rotated, max(tally.to_do, tally.rotated))

    def _reseal(self, rows: Sequence["_Row"], tally: "_Tally") -> list["_Row"]:
        done = []
        for row in rows:
            try:
                secret = unseal(row.owner, row.sealed, self._keyring)
            except (MissingKeyError, TamperedError) as exc:
                tally.failed += 1
                if tally.failed <= _NAMED_FAILURES:
                    tally.failures.append(f"{row.owner}: {exc.detail}")
                continue
            done.append(_Row(row.id, row.owner, seal(row.owner, secret, self._keyring)))
        return done

    async def _count_old(self) -> int:
        [row] = await self._fetch(_COUNT_OLD, self._keyring.first)
        count: int = row["rows"]
        return count

    async def _fetch(self, query: str, *values: object) -> list[asyncpg.Record]:
        async with acquire(self._pool) as connection:
            return await connection.fetch(query, *values)

    @asynccontextmanager
    async def _executor(self, on: Executor | None) -> AsyncIterator[Executor]:
        if on is None:
            async with acquire(self._pool) as connection:
                yield connection
        else:
            async with translate_outages():
                yield on


class _Row(msgspec.Struct, frozen=True):
    """A credential as it is stored."""

    id: int
    owner: Owner
    sealed: Sealed


class _Tally(msgspec.Struct):
    """The progress of a rotation; failures are counted anew in each sweep."""

    to_do: int
    rotated: int = 0
    failed: int = 0
    failures: list[str] = []


def _owner(row: asyncpg.Record) -> Owner:
    return Owner(kind=row["owner_kind"], id=row["owner_id"], provider=row["provider"], purpose=row["purpose"])


def _row(row: asyncpg.Record) -> _Row:
    return _Row(row["id"], _owner(row), Sealed(row["key_id"], row["sealed"]))


_PUT: Final = """
insert into shared.credentials (owner_kind, owner_id, provider, purpose, key_id, sealed)
values ($1, $2, $3, $4, $5, $6)
on conflict (owner_kind, owner_id, provider, purpose)
do update set key_id = excluded.key_id, sealed = excluded.sealed, updated_at = now()
"""

_REPLACE: Final = """
update shared.credentials set key_id = $5, sealed = $6, updated_at = now()
where owner_kind = $1 and owner_id = $2 and provider = $3 and purpose = $4
"""

_GET: Final = """
select key_id, sealed from shared.credentials
where owner_kind = $1 and owner_id = $2 and provider = $3 and purpose = $4
"""

_REMOVE: Final = """
delete from shared.credentials
where owner_kind = $1 and owner_id = $2 and provider = $3 and purpose = $4
"""

_OWNERS: Final = """
select owner_kind, owner_id, provider, purpose from shared.credentials
where ($1::text is null or owner_kind = $1) and ($2::text is null or owner_id = $2)
  and ($3::text is null or provider = $3) and ($4::text is null or purpose = $4)
order by owner_kind, owner_id, provider, purpose
"""

_STATUS: Final = "select key_id, count(*) as rows from shared.credentials group by key_id"

_SAMPLE: Final = """
select id, owner_kind, owner_id, provider, purpose, key_id, sealed from shared.credentials
where key_id = $1 order by id limit $2
"""

_COUNT_OLD: Final = "select count(*) as rows from shared.credentials where key_id <> $1"

_OLD: Final = """
select id, owner_kind, owner_id, provider, purpose, key_id, sealed from shared.credentials
where key_id <> $1 and id > $2
order by id limit $3
for update skip locked
"""

_RESEAL: Final = """
update shared.credentials set key_id = $2, sealed = fresh.sealed
from unnest($1::bigint[], $3::bytea[]) as fresh (id, sealed)
where credentials.id = fresh.id
"""
