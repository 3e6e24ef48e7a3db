"""Tries to log in, counted in Postgres for all replicas, and told the time by a clock that nobody sets."""

import hashlib

import msgspec

from services.gateway.access import throttle
from services.gateway.store import tries
from services.gateway.store.tries import Place
from services.gateway.store.users import User
from shared.clock import SteadyClock
from shared.errors import ThrottledError
from shared.postgres.pool import Connection, Pool, transaction


class Try(msgspec.Struct, frozen=True):
    """A try that is counted. `is_known`: the account was let in from this address before."""

    id: int
    is_known: bool


def place_of(key: str, address: str) -> Place:
    """Return what a try is counted by: of the name a digest, for people type passwords into the wrong field."""
    account = hashlib.sha256(key.encode(errors="surrogatepass")).digest()
    return Place(account=account, address=throttle.network(address), area=throttle.area(address))


class Tries:
    """Counts each as failed until it turns out right."""

    def __init__(self, pool: Pool, clock: SteadyClock) -> None:
        self._pool = pool
        self._clock = clock

    async def count(self, place: Place, user: User | None) -> Try:
        """Count a try; raises `ThrottledError` where it comes too soon."""
        async with transaction(self._pool) as connection:
            await tries.lock_tries(connection, place)
            record = await tries.record_of(
                connection,
                place,
                user_id=None if user is None else user.id,
                now=self._clock.now(),
                window=throttle.WINDOW,
                day=throttle.DAY,
            )
            self._clock.catch_up(record.last_at)
            pause = throttle.pause(record, now=self._clock.now())
            if pause:
                raise ThrottledError("too many logins failed: wait, then try again", retry_after=pause)
            is_stranger, now = not record.is_known, self._clock.now()
            try_id = await tries.note_try(connection, place, is_stranger=is_stranger, now=now)
        return Try(try_id, record.is_known)

    async def take_back(self, counted: Try) -> None:
        """Let a try not count that nobody looked at."""
        await tries.forget_try(self._pool, counted.id)

    async def forget(self) -> None:
        """Forget what counts no more, by the clock that it was counted by."""
        now = self._clock.now()
        await tries.forget_tries(self._pool, before=now - throttle.DAY, most=throttle.MOST_TRIES)
        await tries.forget_addresses(self._pool, before=now - throttle.KNOWN_FOR)

    async def forgive(self, connection: Connection, place: Place, user: User) -> None:
        """Forget what failed from an address that a user is let in from, and know it from now on."""
        await tries.forgive_tries(connection, place)
        await tries.remember_address(
            connection, user.id, place.address, now=self._clock.now(), most=throttle.MOST_KNOWN
        )
