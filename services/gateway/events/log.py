"""Writes the event log: what came in, what became of it, what was given up. Upserts make repeats harmless."""

from functools import partial

import msgspec

from services.gateway.events.batch import Batch
from services.gateway.events.outcome import outcome_of, outcome_of_dead_letter
from services.gateway.events.shapes import Outcome
from services.gateway.store import dead_letters, events, runs
from shared.bus.message import Message
from shared.postgres.pool import Pool
from shared.schemas.dead import DeadLetter
from shared.schemas.events import RunChanged, WebhookHandled, WebhookIgnored
from shared.schemas.webhooks import Webhook

_webhook = msgspec.json.Decoder(Webhook)
_outcome = msgspec.json.Decoder(WebhookHandled | WebhookIgnored)
_run_changed = msgspec.json.Decoder(RunChanged)
_letter = msgspec.json.Decoder(DeadLetter)


class EventLog:
    """The handlers of the gateway's consumers."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._webhooks: Batch[Webhook] = Batch(partial(events.note_webhooks, pool))
        self._outcomes: Batch[Outcome] = Batch(partial(events.note_outcomes, pool))

    async def note_webhook(self, message: Message) -> None:
        """Keep what came in."""
        await self._webhooks.add(_webhook.decode(message.payload))

    async def note_outcome(self, message: Message) -> None:
        """Keep what became of it."""
        await self._outcomes.add(outcome_of(_outcome.decode(message.payload)))

    async def note_run(self, message: Message) -> None:
        """Keep how a run is."""
        await runs.note_run(self._pool, _run_changed.decode(message.payload).run)

    async def note_dead_letter(self, message: Message) -> None:
        """Keep what was given up."""
        letter = _letter.decode(message.payload)
        await dead_letters.note_dead_letter(self._pool, letter)
        outcome = outcome_of_dead_letter(letter)
        if outcome is not None:
            await events.note_outcomes(self._pool, [outcome])
