"""Answers questions about settings of single users. The last change wins, for row and password together."""

from collections.abc import Callable
from datetime import datetime

import msgspec
from msgspec import UNSET

from services.syncer.users import domain, store
from services.syncer.users.domain import NothingSetError
from shared.owners import user_password
from shared.postgres.pool import Connection, Pool, transaction
from shared.runtime import Service
from shared.schemas.users import (
    PASSWORD,
    BlockedUsers,
    ChangeUserSettings,
    ClearUserSettings,
    FindBlocked,
    FindUserSettings,
    ListUserSettings,
    UserSettings,
    UserSettingsPage,
    name_key,
)
from shared.sealing import Sealer
from shared.vault import Vault


class Handlers:
    """The syncer's answers about users' settings."""

    def __init__(self, *, pool: Pool, vault: Vault, sealer: Sealer, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._vault = vault
        self._sealer = sealer
        self._now = now

    def add_to(self, service: Service) -> None:
        """Have a service answer questions about settings of users."""
        service.answer(
            ListUserSettings.answered_by(self.list_settings),
            FindUserSettings.answered_by(self.find_settings),
            FindBlocked.answered_by(self.find_blocked),
            ChangeUserSettings.answered_by(self.change_settings),
            ClearUserSettings.answered_by(self.clear_settings),
        )

    async def list_settings(self, question: ListUserSettings) -> UserSettingsPage:
        """Answer `GET /api/users/settings`."""
        async with transaction(self._pool) as connection:
            return await store.page_of_settings(connection, question)

    async def find_settings(self, question: FindUserSettings) -> UserSettings:
        """Answer `GET /api/users/{username}/settings`."""
        name = domain.name_of(question.username)
        async with transaction(self._pool) as connection:
            return _existing(await store.settings_of(connection, name_key(name)), name)

    async def find_blocked(self, question: FindBlocked) -> BlockedUsers:
        """Say which of some names are blocked; a name that no user can have is not."""
        async with transaction(self._pool) as connection:
            keys = await store.blocked_among(connection, [name_key(name) for name in question.usernames])
        return BlockedUsers([name for name in question.usernames if name_key(name) in keys])

    async def change_settings(self, question: ChangeUserSettings) -> UserSettings:
        """Change the given settings. A dry run only returns the result, with the `changed_at` of the stored settings.

        Settings that are all default again are deleted, as if nothing had ever been set.
        """
        key = name_key(domain.name_of(question.username))
        async with transaction(self._pool) as connection:
            await store.lock_user(connection, key)
            before = await store.settings_of(connection, key)
            after = domain.apply_change(before, question, at=self._now())
            if question.dry_run:
                return msgspec.structs.replace(after, changed_at=before.changed_at if before else None)
            await self._save_password(connection, question)
            if domain.is_default(after):
                await store.remove_settings(connection, key)
                return msgspec.structs.replace(after, changed_at=None)
            await store.save_settings(connection, key, after)
        return after

    async def clear_settings(self, question: ClearUserSettings) -> UserSettings:
        """Delete a user's settings, including the password."""
        name = domain.name_of(question.username)
        async with transaction(self._pool) as connection:
            await store.lock_user(connection, name_key(name))
            before = _existing(await store.settings_of(connection, name_key(name)), name)
            await store.remove_settings(connection, name_key(name))
            await self._vault.remove(user_password(name), on=connection)
        return before

    async def _save_password(self, connection: Connection, question: ChangeUserSettings) -> None:
        owner = user_password(question.username)
        if question.password is None:
            await self._vault.remove(owner, on=connection)
        elif question.password is not UNSET:
            password = self._sealer.unseal(question.password, purpose=PASSWORD)
            await self._vault.put(owner, password, on=connection)


def _existing(settings: UserSettings | None, name: str) -> UserSettings:
    if settings is None:
        raise NothingSetError(name)
    return settings
