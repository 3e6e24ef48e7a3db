"""Passwords as Argon2id (RFC 9106, the setting for little memory), two at a time at most.

Each takes 64 MiB and 0.1 s of a processor; without the limit a flood of logins would use up both. Strangers go one at
a time, so that one place stays free for people who have logged in from their address before.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec import Meta

from services.gateway.page import NO_CONTROLS
from services.gateway.settings import LEAST_PASSWORD
from shared.errors import ThrottledError
from shared.schemas.identifiers import random_id
from shared.schemas.secret import Secret

MOST_PASSWORD: Final = 1000
NewPassword = Annotated[str, Meta(min_length=LEAST_PASSWORD, max_length=MOST_PASSWORD, pattern=NO_CONTROLS)]

_AT_ONCE: Final = 2
_STRANGERS_AT_ONCE: Final = 1
_MOST_WAITING: Final = 60
_NOBODYS: Final = "$argon2id$v=19$m=65536,t=3,p=4$dXNoZXIgbm9ib2R5IDAxMg$8F2w3c3l1s0cBqVbNYk0xXb6iJQ6zvYl7y0Gk5m1c2E"
"""No password has this hash. It is verified for unknown names, so that they take as long as known ones."""


def random_password() -> Secret:
    """Return 100 random bits that a person can type."""
    text = random_id()[:20]
    return Secret("-".join(text[start : start + 5] for start in range(0, len(text), 5)))


class _Queue:
    """A few at once, and a limited number waiting."""

    def __init__(self, at_once: int) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._length = 0

    @asynccontextmanager
    async def enter(self) -> AsyncIterator[None]:
        """Take a place; raises `ThrottledError` where too many wait already."""
        if self._length >= _MOST_WAITING:
            raise ThrottledError("too many logins at once")
        self._length += 1
        try:
            async with self._free:
                yield
        finally:
            self._length -= 1


class Passwords:
    """Hashes and verifies in threads; a quicker hasher is for tests only."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._known = _Queue(_AT_ONCE)
        self._strangers = _Queue(_STRANGERS_AT_ONCE)

    async def hashed(self, password: Secret) -> str:
        """Return the hash to keep."""
        async with self._free:
            return await asyncio.to_thread(self._hasher.hash, password.reveal())

    async def are_equal(self, password: Secret, kept: str | None, *, is_known: bool) -> bool:
        """Say whether a password belongs to a hash; as slow for None, the hash of an unknown user.

        `is_known`: the account has logged in from this address before. Raises `ThrottledError` where too many
        wait already.
        """
        queue = self._known if is_known else self._strangers
        async with queue.enter(), self._free:
            return await asyncio.to_thread(self._verify, password.reveal(), kept or _NOBODYS)

    def is_outdated(self, kept: str) -> bool:
        """Say whether a hash was made with weaker settings than today's."""
        return self._hasher.check_needs_rehash(kept)

    def _verify(self, password: str, kept: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False
