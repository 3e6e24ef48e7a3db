"""Deletes what the gateway has about a person who is forgotten: keys, users and their sessions."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from services.gateway.store import sessions_and_keys
from shared.bus import streams
from shared.bus.message import Message
from shared.bus.work import Worker
from shared.schemas.events import AccessRevoked, PersonForgotten
from shared.schemas.identifiers import derived_id

PEOPLE: Final = streams.GATEWAY_PEOPLE.name


class Forgetting:
    """The handler of `person.forgotten`."""

    def __init__(self, worker: Worker, *, now: Callable[[], datetime]) -> None:
        self._worker = worker
        self._now = now

    async def forget_person(self, message: Message) -> None:
        """Delete what acts as the person, and end the streams that it opened."""
        forgotten = msgspec.json.decode(message.payload, type=PersonForgotten)
        async with self._worker.once(consumer=PEOPLE, message_id=message.id) as work:
            for credential_id in await sessions_and_keys.forget_person(work.connection, forgotten.person_ids):
                event_id = derived_id("access.revoked", credential_id)
                work.publish(AccessRevoked(id=event_id, occurred_at=self._now(), credential_id=credential_id))
