"""The live feed: events as they come in and as their status changes, for everybody who watches at the moment.

It listens to the bus. A message that is sent twice is shown twice, under the same id; what happens while NATS is away
is not shown at all: `GET /api/events` has it.
"""

import asyncio
import weakref
from collections import OrderedDict, deque
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import msgspec

from services.gateway.events.outcome import outcome_of, outcome_of_dead_letter
from services.gateway.events.shapes import EventItem, Outcome
from shared.bus.listening import Listener
from shared.errors import UnavailableError
from shared.schemas import events
from shared.schemas.dead import DeadLetter
from shared.schemas.events import RunChanged, WebhookHandled, WebhookIgnored
from shared.schemas.webhook_senders import Source

MOST_WATCHERS: Final = 150
MOST_UNSEEN: Final = 256
"""Items that wait for one watcher; slow ones miss the oldest."""
_REMEMBERED: Final = 1000
_RUN_CHANGED: Final = events.subject(RunChanged)
_AS_RUN: Final = b"\nevent: run"
"""A further line of the server-sent event: who listens for events alone is given none of another kind."""


class _Envelope(msgspec.Struct, frozen=True):
    """The envelope without its payload, which is skipped unread."""

    id: str
    source: Source
    event: str
    received_at: datetime
    server: str | None = None
    attempt: int = 0


_envelope = msgspec.json.Decoder(_Envelope)
_outcome = msgspec.json.Decoder(WebhookHandled | WebhookIgnored)
_run_changed = msgspec.json.Decoder(RunChanged)
_letter = msgspec.json.Decoder(DeadLetter)


class Watcher:
    """One reader of the feed, with a queue of items."""

    def __init__(self) -> None:
        self._unseen: deque[bytes] = deque(maxlen=MOST_UNSEEN)
        self._changed = asyncio.Event()
        self._ended = asyncio.Event()

    @property
    def is_over(self) -> bool:
        """True once the stream has ended."""
        return self._ended.is_set()

    def send(self, item: bytes) -> None:
        """Add an item, as JSON."""
        self._unseen.append(item)
        self._changed.set()

    def end(self) -> None:
        """End this watcher's stream."""
        self._ended.set()
        self._changed.set()

    async def next(self) -> bytes | None:
        """Return the next item, as JSON; None where there will be no more."""
        while not self._unseen and not self.is_over:
            self._changed.clear()
            await self._changed.wait()
        return None if self.is_over else self._unseen.popleft()

    def rest(self) -> list[bytes]:
        """Return the items that are there besides, without waiting."""
        items = list(self._unseen)
        self._unseen.clear()
        return items

    async def hold(self, span: timedelta) -> None:
        """Let items gather for a while, or until the stream ends."""
        with suppress(TimeoutError):
            async with asyncio.timeout(span.total_seconds()):
                await self._ended.wait()


class Feed:
    """One for a gateway process."""

    def __init__(self) -> None:
        # Weak, so that a watcher disappears even if nobody calls `leave`.
        self._watchers: weakref.WeakSet[Watcher] = weakref.WeakSet()
        self._remembered: OrderedDict[str, EventItem] = OrderedDict()
        self._is_over = False
        self._listener = Listener(
            ("webhooks.>", "events.webhook.>", "events.run.changed", "dead.>"),
            self.hear,
            is_wanted=lambda: bool(self._watchers),
        )

    @property
    def watchers(self) -> int:
        """How many watch."""
        return len(self._watchers)

    def listener(self) -> Listener:
        """Return what listens on the bus while somebody watches."""
        return self._listener

    def watch(self) -> Watcher:
        """Return a new watcher; raises `UnavailableError` where there are too many."""
        if self._is_over or len(self._watchers) >= MOST_WATCHERS:
            raise UnavailableError(f"at most {MOST_WATCHERS} can watch at once")
        watcher = Watcher()
        self._watchers.add(watcher)
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Remove a watcher; again is the same as once."""
        self._watchers.discard(watcher)

    async def listen(self) -> None:
        """Listen from now on."""
        await self._listener.listen()

    def end(self) -> None:
        """End all streams, and allow no new ones."""
        self._is_over = True
        for watcher in list(self._watchers):
            watcher.end()

    def hear(self, subject: str, payload: bytes) -> None:
        """Handle a message of the bus; one that cannot be read is ignored, because others report it."""
        try:
            if subject == _RUN_CHANGED:
                self._send(msgspec.json.encode(_run_changed.decode(payload).run) + _AS_RUN)
                return
            item = self._item(subject, payload)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return
        if item is None:
            return
        self._remember(item)
        if self._watchers:
            self._send(msgspec.json.encode(item))

    def _send(self, item: bytes) -> None:
        for watcher in list(self._watchers):
            watcher.send(item)

    def _item(self, subject: str, payload: bytes) -> EventItem | None:
        if subject.startswith("webhooks."):
            return _new_event(_envelope.decode(payload))
        if subject.startswith("dead."):
            outcome = outcome_of_dead_letter(_letter.decode(payload))
            return None if outcome is None else self._changed_event(outcome)
        return self._changed_event(outcome_of(_outcome.decode(payload)))

    def _changed_event(self, outcome: Outcome) -> EventItem:
        known = self._remembered.get(outcome.webhook_id)
        if known is None:
            known = _event_of(outcome)
        return msgspec.structs.replace(known, status=outcome.status, reason=outcome.reason, attempt=outcome.attempt)

    def _remember(self, item: EventItem) -> None:
        self._remembered[item.id] = item
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)


def _new_event(seen: _Envelope) -> EventItem:
    return EventItem(
        id=seen.id,
        source=seen.source,
        event=seen.event,
        server=seen.server,
        received_at=seen.received_at,
        status="pending",
        reason=None,
        attempt=seen.attempt,
    )


def _event_of(outcome: Outcome) -> EventItem:
    """Return an event of which only the outcome is known."""
    return EventItem(
        id=outcome.webhook_id,
        source=outcome.source,
        event=None,
        server=None,
        received_at=None,
        status=outcome.status,
        reason=None,
    )
