"""The valid webhook secrets: read again when one changes, after every interruption, and once a minute.

What was read last is kept in a file too, so that a gateway that starts without Postgres still takes webhooks.
"""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog

from services.gateway.store import webhook_secrets
from services.gateway.webhook_secrets import digest_file
from services.gateway.webhook_secrets.check import Match, SecretEntry, Secrets
from shared.bus.listening import Listener
from shared.errors import UnavailableError
from shared.loops import every
from shared.postgres.pool import Pool
from shared.schemas import events
from shared.schemas.events import WebhookSecretChanged
from shared.schemas.webhook_senders import Source

_EVERY: Final = timedelta(minutes=1)

log = structlog.get_logger()


class SecretCache:
    """One for a gateway process."""

    def __init__(self, pool: Pool, *, kept_in: Path) -> None:
        self._secrets = Secrets()
        self._pool = pool
        self._file = kept_in
        self._known: list[SecretEntry] | None = None
        self._is_known = False
        self._changed = asyncio.Event()
        self._lock = asyncio.Lock()

    def listener(self) -> Listener:
        """Return what listens for changes on the bus."""
        return Listener(
            (events.subject(WebhookSecretChanged),),
            lambda _subject, _payload: self._changed.set(),
            on_missed=self._changed.set,
        )

    def load_file(self) -> None:
        """Accept the secrets that were valid when they were read last."""
        kept = digest_file.load(self._file)
        self._secrets.replace(kept)
        self._is_known = bool(kept)

    @property
    def is_known(self) -> bool:
        """False only until the first start is done: until then no secret can be checked."""
        return self._is_known

    def check(self, source: Source, secret: str | None) -> Match:
        """See `Secrets.check`; raises `UnavailableError` while nothing is known."""
        if not self._is_known:
            raise UnavailableError("Usher is starting: it waits for Postgres")
        return self._secrets.check(source, secret)

    async def read(self) -> None:
        """Read the secrets; raises `UnavailableError`."""
        async with self._lock:  # what was read before a change must not replace what was read after it
            await self._read()

    async def read_if_possible(self) -> None:
        """Read the secrets if Postgres answers."""
        try:
            await self.read()
        except UnavailableError as exc:
            log.warning("webhook_secrets_wait", reason=exc.detail)

    async def _read(self) -> None:
        entries = await webhook_secrets.entries(self._pool)
        if entries == self._known:
            return
        self._secrets.replace(entries)
        self._is_known = True
        try:
            await asyncio.to_thread(digest_file.save, self._file, entries)
        except OSError as exc:
            log.warning("webhook_secrets_not_kept", path=str(self._file), reason=str(exc))
            return  # and try again in a minute
        self._known = entries

    async def run(self) -> None:
        """Keep them up to date until cancelled."""
        await every(_EVERY, self.read_if_possible, name="webhook_secrets", wake=self._changed)
