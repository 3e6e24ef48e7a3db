"""The webhook secrets: making and removing them, and the addresses that people copy into their media servers.

To rotate one, make a new one, copy its address, and remove the old one: both are valid meanwhile.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from services.gateway.access import tokens
from services.gateway.access.audit import Audit
from services.gateway.store import webhook_secrets
from services.gateway.store.webhook_secrets import WebhookSecret
from services.gateway.webhook_secrets.cache import SecretCache
from services.gateway.webhook_secrets.check import digest
from shared.bus.work import Work, Worker
from shared.errors import ConflictError, NotFoundError
from shared.keyring import Owner
from shared.postgres.pool import Pool
from shared.schemas.events import WebhookSecretChanged
from shared.schemas.identifiers import derived_id, random_id
from shared.schemas.secret import Secret
from shared.schemas.webhook_senders import SOURCES, Source
from shared.vault import Vault

MOST: Final = 100
"""Every webhook is compared with all of them."""


class Address(msgspec.Struct, frozen=True):
    """Where a source sends its webhooks, the secret included."""

    source: Source
    url: str


class WebhookSecrets:
    """Used by the API and by the first start."""

    def __init__(
        self,
        worker: Worker,
        pool: Pool,
        vault: Vault,
        *,
        secret_cache: SecretCache,
        now: Callable[[], datetime],
        public_url: str,
    ) -> None:
        self._worker = worker
        self._pool = pool
        self._vault = vault
        self._secret_cache = secret_cache
        self._now = now
        self._public_url = public_url

    async def page(self, *, limit: int, offset: int) -> tuple[list[WebhookSecret], int]:
        """Return some that are valid, and how many there are."""
        return await webhook_secrets.page_of_secrets(self._pool, limit=limit, offset=offset)

    async def addresses(self, secret: WebhookSecret) -> list[Address]:
        """Return the addresses with this secret in them; none where the vault has lost it."""
        token = await self._vault.get(_owner(secret.id))
        return [] if token is None else self.addresses_with(token, secret.source)

    def addresses_with(self, token: Secret, source: Source | None) -> list[Address]:
        """Return the address of a source, or with None of each."""
        return [
            Address(each, f"{self._public_url}/webhooks/{each}?token={token.reveal()}")
            for each in SOURCES
            if source in {None, each}
        ]

    async def address_for(self, source: Source, *, secret_id: str | None) -> Secret:
        """Return a source's address with this secret, without an id the oldest that is valid for the source.

        Raises `NotFoundError`, or `ConflictError` where the vault has lost the secret.
        """
        found, _ = await self.page(limit=MOST, offset=0)
        secret = next((each for each in found if _serves(each, source, secret_id)), None)
        if secret is None:
            raise NotFoundError(f"there is no such webhook secret that is valid for {source}")
        addresses = [each.url for each in await self.addresses(secret) if each.source == source]
        if not addresses:
            raise ConflictError("this webhook secret cannot be shown any more: make a new one")
        return Secret(addresses[0])

    async def create(self, *, source: Source | None, server: str | None, audit: Audit) -> tuple[WebhookSecret, Secret]:
        """Make a new secret, valid here at once; raises `ConflictError` where there are too many."""
        token = tokens.new(tokens.WEBHOOK)
        secret = WebhookSecret(id=random_id(), source=source, server=server, created_at=self._now())
        async with self._worker.on_request() as work:
            await webhook_secrets.lock_secrets(work.connection)
            if await webhook_secrets.count_secrets(work.connection) >= MOST:
                raise ConflictError(f"there are {MOST} webhook secrets: delete some that are no longer used")
            await self.remember(work, secret, token)
            await audit(f"webhook secret {secret.id}", on=work)
        await self._secret_cache.read_if_possible()
        return secret, token

    async def remember(self, work: Work, secret: WebhookSecret, token: Secret) -> bool:
        """Make a given secret valid, in a transaction; False where it is valid already."""
        is_new = await webhook_secrets.add_secret(work.connection, secret, digest(token.reveal()))
        if is_new:
            await self._vault.put(_owner(secret.id), token, on=work.connection)
            self._publish_change(work, secret.id, "created")
        return is_new

    async def remove(self, secret_id: str, *, audit: Audit) -> None:
        """Make a secret invalid, here at once and everywhere within moments; raises `NotFoundError`."""
        async with self._worker.on_request() as work:
            if not await webhook_secrets.remove_secret(work.connection, secret_id):
                raise NotFoundError(f"there is no webhook secret {secret_id!r}")
            await self._vault.remove(_owner(secret_id), on=work.connection)
            self._publish_change(work, secret_id, "removed")
            await audit(f"webhook secret {secret_id}", on=work)
        await self._secret_cache.read_if_possible()

    def _publish_change(self, work: Work, secret_id: str, what: str) -> None:
        event_id = derived_id("webhook_secret.changed", secret_id, what)
        work.publish(WebhookSecretChanged(id=event_id, occurred_at=self._now()))


def _serves(secret: WebhookSecret, source: Source, secret_id: str | None) -> bool:
    return secret.source in {None, source} and secret_id in {None, secret.id}


def _owner(secret_id: str) -> Owner:
    return Owner(kind="webhook_secret", id=secret_id, provider="usher", purpose="token")
