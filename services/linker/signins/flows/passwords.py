"""Signing in to Jellyfin and Emby by user name and password, which are used once and never kept or written down.

Tries are counted for a server and a user name together, whoever asks and whichever replica answers, so that Usher is
no way around a server's own protection. What is counted by is a digest: people type passwords into the wrong field.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from services.linker.servers.store import ServerRow
from services.linker.signins.domain import Asker, Authorized
from services.linker.signins.flows.jellyfin import authorized, device_of
from services.linker.signins.flows.places import AnotherServerError, chosen_server, proven_server
from services.linker.signins.flows.sessions import end_session
from services.linker.signins.lifetimes import next_try_at
from services.linker.signins.store import tries
from shared.clients.emby import Emby
from shared.clients.jellyfin import Jellyfin
from shared.clients.mediabrowser import SignedIn
from shared.clock import SteadyClock
from shared.errors import Fault, InvalidError, ThrottledError, TransientError, UnavailableError
from shared.keyed_lock import KeyedLock
from shared.postgres.pool import Pool, transaction
from shared.schemas.identifiers import random_id
from shared.schemas.media import Provider
from shared.schemas.secret import Secret
from shared.schemas.users import name_key
from shared.upstreams.clients import Clients

TRIES: Final = 5
WINDOW: Final = timedelta(minutes=5)
LONGEST: Final = 256
_MOST_OF_ACCOUNT: Final = 30
"""Tries under way at once."""


class Passwords:
    """The way in without a code."""

    def __init__(self, *, pool: Pool, clients: Clients, clock: SteadyClock) -> None:
        self._pool = pool
        self._clients = clients
        self._clock = clock
        self._one_at_a_time = KeyedLock(most=_MOST_OF_ACCOUNT)

    @asynccontextmanager
    async def sign_in_with_password(
        self, provider: Provider, *, server: str, username: str, password: Secret, asker: Asker
    ) -> AsyncIterator[Authorized]:
        """Lend the account that a name and a password open, to be kept; its session ends where it cannot be.

        Raises `InvalidError` with the field that is wrong, `ThrottledError` after five failures within five minutes,
        `AnotherServerError` before the password is sent to it, what `chosen_server` does, and what the client does.
        """
        if provider not in ("jellyfin", "emby"):
            raise InvalidError(f"nobody signs in to {provider} with a password here")
        _check(username, password)
        row = await chosen_server(self._pool, provider, server)
        account = digest(row.name, username)
        client = self._client(provider, row, asker, account)
        async with self._one_at_a_time.holding(account.hex()):  # so that right passwords cost each other no try
            async with self._clients.server_limit(row.address, type=row.type).acquire():
                proven_server(row, (await client.public_server()).id)
                signed_in = await self._let_in(client, account, username=username, password=password)
            async with _kept(client, signed_in, row):
                await self._forgive(account)
        async with _kept(client, signed_in, row):
            yield authorized(provider, row, signed_in)

    async def _let_in(self, client: Jellyfin | Emby, account: bytes, *, username: str, password: Secret) -> SignedIn:
        try_id = await self._count(account)
        try:
            return await client.sign_in(username=username, password=password)
        except TransientError:
            await self._forget_try(try_id)
            raise

    def _client(self, provider: Provider, row: ServerRow, asker: Asker, account: bytes) -> Jellyfin | Emby:
        # Emby ends all sessions of a device at a sign-in, whosever they are: a device for each name that is typed
        for_whom = device_of(asker, account.hex())
        if provider == "jellyfin":
            return self._clients.jellyfin(row.address, for_whom=for_whom)
        return self._clients.emby(row.address, for_whom=for_whom)

    async def _count(self, account: bytes) -> str:
        """Count this try as failed until it is known how it ends, so that many at once are all counted."""
        try_id = random_id()
        async with transaction(self._pool) as connection:
            await tries.forget_tries(connection, before=self._clock.now() - WINDOW)
            failed_at = await tries.tries_of(connection, account)
            self._clock.catch_up(max(failed_at, default=None))
            now = self._clock.now()
            again_at = next_try_at(failed_at, most=TRIES, window=WINDOW)
            if again_at is not None and again_at > now:
                raise ThrottledError("too many wrong passwords: wait, then try again", retry_after=again_at - now)
            await tries.note_try(connection, try_id, account, now=now)
        return try_id

    async def _forget_try(self, try_id: str) -> None:
        async with transaction(self._pool) as connection:
            await tries.forget_try(connection, try_id)

    async def _forgive(self, account: bytes) -> None:
        async with transaction(self._pool) as connection:
            await tries.forgive_tries(connection, account)


@asynccontextmanager
async def _kept(client: Jellyfin | Emby, signed_in: SignedIn, row: ServerRow) -> AsyncIterator[None]:
    """End a session where it turns out that it cannot be kept."""
    try:
        yield
    except (UnavailableError, AnotherServerError, asyncio.CancelledError):
        await end_session(client, signed_in.token, server=row.name)
        raise


def digest(server: str, username: str) -> bytes:
    """Return what tries are counted by; the servers take a name in more than one spelling."""
    named = f"{len(server)}/{server}/{name_key(username)}"
    return hashlib.sha256(named.encode(errors="surrogatepass")).digest()


def _check(username: str, password: Secret) -> None:
    faults = []
    if not username.strip() or len(username) > LONGEST:
        faults.append(Fault("username", f"expected 1 to {LONGEST} characters"))
    if not password:
        faults.append(Fault("password", "an account without a password is nobody's for certain: use Quick Connect"))
    elif len(password.reveal()) > LONGEST:
        faults.append(Fault("password", f"expected at most {LONGEST} characters"))
    if faults:
        raise InvalidError("the user name or the password cannot be right", faults=tuple(faults))
