"""Signs in to Jellyfin and Emby by user name and password, which are used once and never stored or logged.

Tries are counted for each server and user name, over all askers and replicas, so that Usher does not weaken a server's
own protection. They are counted by a digest, because people type passwords into the wrong field.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from services.linker.servers.store import ServerRow
from services.linker.signins.domain import Asker, Authorization
from services.linker.signins.due_times import next_try_at
from services.linker.signins.flows.jellyfin import authorization_of, device_of
from services.linker.signins.flows.server_choice import AnotherServerError, choose_server, verified_machine_id
from services.linker.signins.flows.sessions import end_session
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
_MAX_AT_ONCE: Final = 30
"""Tries under way at once."""


class PasswordSignIn:
    """Signs in without a code."""

    def __init__(self, *, pool: Pool, clients: Clients, clock: SteadyClock) -> None:
        self._pool = pool
        self._clients = clients
        self._clock = clock
        self._one_at_a_time = KeyedLock(most=_MAX_AT_ONCE)

    @asynccontextmanager
    async def sign_in(
        self, provider: Provider, *, server: str, username: str, password: Secret, asker: Asker
    ) -> AsyncIterator[Authorization]:
        """Give the account to the block, which links it; where that fails, the new session is ended.

        Raises `InvalidError` with the field that is wrong, `ThrottledError` after five failures within five minutes,
        `AnotherServerError` before the password is sent to it, what `choose_server` does, and what the client does.
        """
        if provider not in ("jellyfin", "emby"):
            raise InvalidError(f"{provider} is not signed in to by password")
        _validate(username, password)
        row = await choose_server(self._pool, provider, server)
        account = digest(row.name, username)
        client = self._client(provider, row, asker, account)
        async with self._one_at_a_time.holding(account.hex()):  # right ones do not count as failures
            async with self._clients.server_limit(row.address, type=row.type).acquire():
                verified_machine_id(row, (await client.public_server()).id)
                signed_in = await self._try_password(client, account, username=username, password=password)
            async with _ending_session_on_failure(client, signed_in, row):
                await self._forget_tries(account)
        async with _ending_session_on_failure(client, signed_in, row):
            yield authorization_of(provider, row, signed_in)

    async def _try_password(
        self, client: Jellyfin | Emby, account: bytes, *, username: str, password: Secret
    ) -> SignedIn:
        try_id = await self._count_try(account)
        try:
            return await client.sign_in(username=username, password=password)
        except TransientError:
            await self._forget_try(try_id)
            raise

    def _client(self, provider: Provider, row: ServerRow, asker: Asker, account: bytes) -> Jellyfin | Emby:
        # Emby ends all sessions of a device at a sign-in, whoever's they are: so each user name has a device of its own
        for_whom = device_of(asker, account.hex())
        if provider == "jellyfin":
            return self._clients.jellyfin(row.address, for_whom=for_whom)
        return self._clients.emby(row.address, for_whom=for_whom)

    async def _count_try(self, account: bytes) -> str:
        """Count this try as failed until its outcome is known, so that simultaneous tries are all counted."""
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

    async def _forget_tries(self, account: bytes) -> None:
        async with transaction(self._pool) as connection:
            await tries.forget_tries_of(connection, account)


@asynccontextmanager
async def _ending_session_on_failure(
    client: Jellyfin | Emby, signed_in: SignedIn, row: ServerRow
) -> AsyncIterator[None]:
    """End the new session where the block fails."""
    try:
        yield
    except (UnavailableError, AnotherServerError, asyncio.CancelledError):
        await end_session(client, signed_in.token, server=row.name)
        raise


def digest(server: str, username: str) -> bytes:
    """Return what tries are counted by; servers accept a name in more than one spelling."""
    named = f"{len(server)}/{server}/{name_key(username)}"
    return hashlib.sha256(named.encode(errors="surrogatepass")).digest()


def _validate(username: str, password: Secret) -> None:
    faults = []
    if not username.strip() or len(username) > LONGEST:
        faults.append(Fault("username", f"expected 1 to {LONGEST} characters"))
    if not password:
        faults.append(Fault("password", "an account without a password proves nothing: use Quick Connect"))
    elif len(password.reveal()) > LONGEST:
        faults.append(Fault("password", f"expected at most {LONGEST} characters"))
    if faults:
        raise InvalidError("the user name or the password cannot be right", faults=tuple(faults))
