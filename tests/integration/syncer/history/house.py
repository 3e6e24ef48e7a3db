"""The syncer in the test's process, used only over the bus."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from services.syncer.history.handlers import Handlers
from services.syncer.history.sources import parsing
from shared.bus.connection import Bus
from shared.bus.questions import ask
from shared.runtime import Service
from shared.schemas import webhooks
from shared.schemas.events import AccountClaimed, PersonMerged, WebhookHandled, WebhookIgnored, subject
from shared.schemas.history import ListPlays, Play
from shared.schemas.identifiers import random_id
from shared.schemas.media import Account
from shared.schemas.secret import Secret
from shared.schemas.webhook_senders import Source
from shared.schemas.webhooks import Webhook
from tests.integration.service import at_work, parts_of, until

NOON: Final = datetime(2026, 5, 1, 12, tzinfo=UTC)


class House:
    """A running syncer: messages to it, and its events."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.outcomes: dict[str, str] = {}

    async def listen(self) -> None:
        async def heard(message: Any) -> None:
            outcome = msgspec.json.decode(message.data, type=WebhookHandled | WebhookIgnored)
            text = outcome.effect if isinstance(outcome, WebhookHandled) else f"ignored: {outcome.reason}"
            self.outcomes[outcome.webhook_id] = text

        await self._bus.client.subscribe("events.webhook.*", cb=heard)

    async def post(
        self,
        payload: bytes,
        *,
        source: Source = "plex",
        at: datetime = NOON,
        webhook_id: str | None = None,
        attempt: int = 0,
    ) -> str:
        """Publish a webhook as the gateway does, and wait until the syncer reports its outcome."""
        webhook = Webhook(
            id=webhook_id or random_id(),
            source=source,
            event="e",
            received_at=at,
            payload=msgspec.Raw(payload),
            attempt=attempt,
        )
        self.outcomes.pop(webhook.id, None)
        await self._bus.publish(
            webhooks.subject(source, "e"), msgspec.json.encode(webhook), message_id=f"{webhook.id}:{attempt}"
        )
        await until(lambda: webhook.id in self.outcomes)
        return self.outcomes[webhook.id]

    async def publish(self, fact: AccountClaimed | PersonMerged) -> None:
        await self._bus.publish(subject(fact), msgspec.json.encode(fact), message_id=fact.id)

    async def claim(self, account: Account, person_id: str, name: str) -> None:
        await self.publish(
            AccountClaimed(id=random_id(), occurred_at=NOON, account=account, person_id=person_id, person_name=name)
        )

    async def plays(self, **filters: Any) -> list[Play]:
        return (await ask(self._bus, ListPlays(**filters))).items

    async def whose(self) -> list[str | None]:
        return [play.person.name if play.person else None for play in await self.plays()]

    async def until_whose(self, wanted: Sequence[str | None]) -> None:
        async def is_so() -> bool:
            return sorted(map(str, await self.whose())) == sorted(map(str, wanted))

        await until(is_so)


@asynccontextmanager
async def open_house(bus: Bus, database_url: Secret) -> AsyncIterator[House]:
    house = House(bus)
    await house.listen()
    async with parts_of("syncer", bus=bus, database_url=database_url) as parts:
        handlers = Handlers(worker=parts.worker, pool=parts.pool, parse=parsing.parse_webhook)
        service = Service(parts)
        handlers.add_to(service)
        async with at_work(service):
            yield house
