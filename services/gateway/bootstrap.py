"""The first start: a user who can log in, a first API key, a first webhook secret.

This is one transaction under a lock, so that only one of several replicas does it. Later starts add what the settings
name and is missing.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from services.gateway.access import scopes, tokens
from services.gateway.access.passwords import Passwords, random_password
from services.gateway.settings import Settings
from services.gateway.store import keys, users, webhook_secrets
from services.gateway.store.keys import ApiKey
from services.gateway.store.users import User
from services.gateway.store.webhook_secrets import WebhookSecret
from services.gateway.webhook_secrets.create_and_remove import WebhookSecrets
from shared.bus.work import Work, Worker
from shared.schemas.identifiers import random_id
from shared.schemas.secret import Secret

FIRST_KEY: Final = "first key"
LOCAL_KEY: Final = "command line on this host"


class GeneratedCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """What was generated and must be shown once. None: not generated."""

    password: Secret | None = None
    api_key: Secret | None = None
    webhook_secret: Secret | None = None

    @property
    def is_empty(self) -> bool:
        """True where nothing was generated."""
        return self.password is None and self.api_key is None and self.webhook_secret is None


class Bootstrap:
    """Done at every start."""

    def __init__(
        self, worker: Worker, passwords: Passwords, secrets: WebhookSecrets, *, now: Callable[[], datetime]
    ) -> None:
        self._worker = worker
        self._passwords = passwords
        self._secrets = secrets
        self._now = now

    async def run(self, config: Settings) -> GeneratedCredentials:
        """Add whatever is missing, and return what was generated."""
        async with self._worker.on_request() as work:
            await webhook_secrets.lock_secrets(work.connection)
            await users.complete_users(work.connection)
            is_first = await users.is_first_start(work.connection)
            generated = self._generate(config) if is_first else GeneratedCredentials()
            if is_first:
                await self._add_user(
                    work, config.usher_admin_username, generated.password or config.usher_admin_password
                )
            await self._add_key(work, FIRST_KEY, generated.api_key or config.usher_api_key)
            await self._add_key(work, LOCAL_KEY, config.usher_local_api_key)
            await self._add_secret(work, generated.webhook_secret or config.usher_webhook_secret)
        return generated

    def _generate(self, config: Settings) -> GeneratedCredentials:
        return GeneratedCredentials(
            password=None if config.usher_admin_password else random_password(),
            api_key=None if config.usher_api_key else tokens.new(tokens.API_KEY),
            webhook_secret=None if config.usher_webhook_secret else tokens.new(tokens.WEBHOOK),
        )

    async def _add_user(self, work: Work, username: str, password: Secret) -> None:
        user = User(random_id(), username, await self._passwords.hashed(password))
        await users.add_user(work.connection, user, now=self._now())

    async def _add_key(self, work: Work, name: str, token: Secret) -> None:
        if token:
            key = ApiKey(id=random_id(), name=name, scopes=list(scopes.ALL), created_at=self._now())
            await keys.add_key(work.connection, key, tokens.digest(token.reveal()))

    async def _add_secret(self, work: Work, token: Secret) -> None:
        if token:
            secret = WebhookSecret(id=random_id(), source=None, server=None, created_at=self._now())
            await self._secrets.remember(work, secret, token)


def banner(generated: GeneratedCredentials, config: Settings) -> str:
    """Return the lines that show what was generated, for standard output and nowhere else."""
    url = config.public_url
    lines = [("Usher", url), ("API reference", f"{url}/docs")]
    if generated.password:
        lines += [("User", config.usher_admin_username), ("Password", generated.password.reveal())]
    if generated.api_key:
        lines.append(("API key", generated.api_key.reveal()))
    if generated.webhook_secret:
        lines.append(("Plex webhook", f"{url}/webhooks/plex?token={generated.webhook_secret.reveal()}"))
        lines.append(("", "the same for jellyfin, emby, seerr and tautulli in place of plex"))
    rule = "-" * 78
    lines.append(("", "shown this once: keep it"))
    rows = [f"  {name:<14} {value}" for name, value in lines]
    return "\n".join((rule, *rows, rule, ""))
