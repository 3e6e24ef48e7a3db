"""Ends an open live stream when the credential that opened it ends.

A credential that somebody ends (logout, a deleted key) is a fact on the bus, which every replica hears at once. One
that expires, or whose end was missed on the bus, is found in Postgres: as soon as something may have been missed, when
the next one expires, and every few seconds.
"""

import asyncio
import weakref
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from services.gateway.access.authenticator import IDLE
from services.gateway.access.caller import Caller
from services.gateway.events.feed import Watcher
from services.gateway.store import sessions_and_keys
from shared.bus.listening import Listener
from shared.bus.work import Work
from shared.loops import every
from shared.postgres.pool import Pool
from shared.schemas import events
from shared.schemas.events import AccessRevoked
from shared.schemas.identifiers import derived_id

_EVERY: Final = timedelta(seconds=15)

_revoked = msgspec.json.Decoder(AccessRevoked)


class StreamAccess:
    """One for a gateway process."""

    def __init__(self, pool: Pool, *, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._now = now
        self._credentials: weakref.WeakKeyDictionary[Watcher, str] = weakref.WeakKeyDictionary()
        self._asked = asyncio.Event()

    def listener(self) -> Listener:
        """Return what listens on the bus for credentials that ended."""
        return Listener((events.subject(AccessRevoked),), self._hear, on_missed=self._asked.set)

    def grant(self, watcher: Watcher, caller: Caller) -> None:
        """Let a watcher watch as long as the caller's credential is valid."""
        self._credentials[watcher] = caller.credential_id
        self._asked.set()  # it may have ended since it was checked

    def announce_end(self, work: Work, credential_id: str) -> None:
        """Tell all replicas that a credential ended, once the transaction is committed."""
        event_id = derived_id("access.revoked", credential_id)
        work.publish(AccessRevoked(id=event_id, occurred_at=self._now(), credential_id=credential_id))

    def end(self, credential_id: str) -> None:
        """End the streams that a credential opened."""
        for watcher, opened_by in list(self._credentials.items()):
            if opened_by == credential_id:
                watcher.end()

    async def run(self) -> None:
        """Check the open streams until cancelled."""
        await every(_EVERY, self.check, name="open_streams", wake=self._asked)

    async def check(self) -> timedelta:
        """End the streams whose credential is no longer valid; return how long until the next check."""
        watched = set(self._credentials.values())
        if not watched:
            return _EVERY
        now = self._now()
        valid = await sessions_and_keys.valid_among(self._pool, watched, now=now, used_after=now - IDLE)
        for credential_id in watched.difference(each.id for each in valid):
            self.end(credential_id)
        left = (each.expires_at - now for each in valid if each.expires_at)
        return min([_EVERY, *left])

    def _hear(self, _subject: str, payload: bytes) -> None:
        try:
            revoked = _revoked.decode(payload)
        except msgspec.MsgspecError:
            self._asked.set()
        else:
            self.end(revoked.credential_id)
