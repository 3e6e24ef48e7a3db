"""Attempts to log in, counted in Postgres for all replicas, by a clock that nobody can set."""

import hashlib

import msgspec

from services.gateway.access import login_limits
from services.gateway.store import login_attempts as store
from services.gateway.store.login_attempts import AttemptKey
from services.gateway.store.users import User
from shared.clock import SteadyClock
from shared.errors import ThrottledError
from shared.postgres.pool import Connection, Pool, transaction


class Attempt(msgspec.Struct, frozen=True):
    """An attempt on record. `is_known`: the account has logged in from this address before."""

    id: int
    is_known: bool


def attempt_key(name_key: str, address: str) -> AttemptKey:
    """Return what an attempt is counted by: of the name only a digest, because people mistype passwords there."""
    account = hashlib.sha256(name_key.encode(errors="surrogatepass")).digest()
    return AttemptKey(account=account, address=login_limits.network(address), area=login_limits.area(address))


class LoginAttempts:
    """Counts each attempt as failed until it turns out right."""

    def __init__(self, pool: Pool, clock: SteadyClock) -> None:
        self._pool = pool
        self._clock = clock

    async def count(self, key: AttemptKey, user: User | None) -> Attempt:
        """Count an attempt; raises `ThrottledError` where it comes too soon."""
        async with transaction(self._pool) as connection:
            await store.lock_attempts(connection, key)
            counts = await store.counts_of(
                connection,
                key,
                user_id=None if user is None else user.id,
                now=self._clock.now(),
                window=login_limits.WINDOW,
                day=login_limits.DAY,
            )
            self._clock.catch_up(counts.last_at)
            wait = login_limits.remaining_wait(counts, now=self._clock.now())
            if wait:
                raise ThrottledError("too many logins failed: wait, then try again", retry_after=wait)
            is_stranger, now = not counts.is_known, self._clock.now()
            attempt_id = await store.note_attempt(connection, key, is_stranger=is_stranger, now=now)
        return Attempt(attempt_id, counts.is_known)

    async def take_back(self, counted: Attempt) -> None:
        """Remove an attempt whose password was never checked."""
        await store.forget_attempt(self._pool, counted.id)

    async def forget(self) -> None:
        """Forget what no longer counts, by the clock that counted it."""
        now = self._clock.now()
        await store.forget_attempts(self._pool, before=now - login_limits.DAY, most=login_limits.MOST_ATTEMPTS)
        await store.forget_addresses(self._pool, before=now - login_limits.KNOWN_FOR)

    async def forgive(self, connection: Connection, key: AttemptKey, user: User) -> None:
        """Forget the failures of an address that a user has logged in from, and remember the address."""
        await store.forgive_attempts(connection, key)
        await store.remember_address(
            connection, user.id, key.address, now=self._clock.now(), most=login_limits.MOST_KNOWN
        )
