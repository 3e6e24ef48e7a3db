"""The audit of what callers do: a route says `needs(…, audits="key.created")` and its handler `await audit(…)`."""

from collections.abc import Callable
from datetime import datetime

from services.gateway.access.caller import Caller
from services.gateway.store import audit
from shared.bus.work import Work
from shared.postgres.pool import Pool, transaction


class Audit:
    """Writes down that a caller did what the route is for."""

    def __init__(self, caller: Caller, action: str, pool: Pool, now: Callable[[], datetime]) -> None:
        self._caller = caller
        self._action = action
        self._pool = pool
        self._now = now

    async def __call__(self, object: str, *, on: Work | None = None) -> None:  # noqa: A002 (what the audit calls it)
        """Add an entry: in the transaction of `on`, or in one of its own."""
        entry = self._caller.did(self._action, object, at=self._now())
        if on is not None:
            await audit.note(on.connection, entry)
            return
        async with transaction(self._pool) as connection:
            await audit.note(connection, entry)
