"""The syncer's users' settings, served in the test's process."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from services.syncer.users.handlers import Handlers
from shared.bus.connection import Bus
from shared.keyring import Keyring
from shared.runtime import Service
from shared.schemas.secret import Secret
from shared.schemas.users import ChangeUserSettings, UserSettings
from shared.sealing import Sealer
from shared.vault import Vault
from tests.integration.service import at_work, parts_of


class Users:
    """Answers as the syncer does; a test may add something that happens after settings are stored."""

    def __init__(self, handlers: Handlers, vault: Vault) -> None:
        self._handlers = handlers
        self.vault = vault
        self.happens: dict[str, Callable[[], Awaitable[None]]] = {}

    async def change(self, question: ChangeUserSettings) -> UserSettings:
        settings = await self._handlers.change_settings(question)
        if not question.dry_run and (happening := self.happens.pop(question.username, None)) is not None:
            await happening()
        return settings


@asynccontextmanager
async def users_of(bus: Bus, database_url: Secret, keys: Secret) -> AsyncIterator[Users]:
    async with parts_of("syncer", bus=bus, database_url=database_url) as parts:
        keyring = Keyring.parse(keys)
        vault = Vault(parts.pool, keyring)
        handlers = Handlers(pool=parts.pool, vault=vault, sealer=Sealer(keyring), now=lambda: datetime.now(UTC))
        users, service = Users(handlers, vault), Service(parts)
        others = (each for each in handlers.answers() if each.question is not ChangeUserSettings)
        service.answer(*others, ChangeUserSettings.answered_by(users.change))
        async with at_work(service):
            yield users
