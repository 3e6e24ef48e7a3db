"""Deletes what the syncer has about a person who is forgotten."""

from typing import Final

import msgspec

from services.syncer.history.store import ownership
from services.syncer.users import store as users
from shared.bus import streams
from shared.bus.message import Message
from shared.bus.work import Worker
from shared.owners import user_password_of
from shared.runtime import Service
from shared.schemas.events import PersonForgotten
from shared.vault import Vault

FORGOTTEN: Final = streams.SYNCER_FORGOTTEN.name


class Forgetting:
    """The handler of `person.forgotten`."""

    def __init__(self, *, worker: Worker, vault: Vault) -> None:
        self._worker = worker
        self._vault = vault

    def add_to(self, service: Service) -> None:
        """Have a service forget people."""
        service.consume(streams.SYNCER_FORGOTTEN, self.forget_person)

    async def forget_person(self, message: Message) -> None:
        """Delete plays, accounts, and the settings and passwords of the names that were only theirs."""
        forgotten = msgspec.json.decode(message.payload, type=PersonForgotten)
        async with self._worker.once(consumer=FORGOTTEN, message_id=message.id) as work:
            await ownership.forget_person(work.connection, forgotten)
            await users.remove_settings_of(work.connection, forgotten.user_ids)
            for user_id in forgotten.user_ids:
                await self._vault.remove(user_password_of(user_id), on=work.connection)
