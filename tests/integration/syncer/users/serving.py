"""The syncer's users' settings, served in the test's process."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from services.syncer.users.handlers import Handlers
from shared.bus.connection import Bus
from shared.keyring import Keyring
from shared.runtime import Parts, Service
from shared.schemas.secret import Secret
from shared.schemas.users import ChangeUserSettings, UserSettings
from shared.sealing import Sealer
from shared.vault import Vault
from tests.integration.service import at_work, parts_of


class Users(Handlers):
    """Answers as the syncer does; a test may add something that happens after settings are stored."""

    def __init__(self, parts: Parts, keys: Secret) -> None:
        keyring = Keyring.parse(keys)
        self.vault = Vault(parts.pool, keyring)
        self.happens: dict[str, Callable[[], Awaitable[None]]] = {}
        super().__init__(pool=parts.pool, vault=self.vault, sealer=Sealer(keyring), now=lambda: datetime.now(UTC))

    async def change_settings(self, question: ChangeUserSettings) -> UserSettings:
        settings = await super().change_settings(question)
        if not question.dry_run and (happening := self.happens.pop(question.username, None)) is not None:
            await happening()
        return settings


@asynccontextmanager
async def users_of(bus: Bus, database_url: Secret, keys: Secret) -> AsyncIterator[Users]:
    async with parts_of("syncer", bus=bus, database_url=database_url) as parts:
        users, service = Users(parts, keys), Service(parts)
        users.add_to(service)
        async with at_work(service):
            yield users
