"""Does the jobs of a queue, and one that every queue has: the replay of a dead letter."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from shared.bus import dead_letters
from shared.bus.message import Message
from shared.bus.store import MessageStore, StoredRetry
from shared.errors import PermanentError
from shared.schemas.dead import Replay
from shared.schemas.job import JobHandler


class Jobs:
    """The message handler of a queue: passes each job to its own handler."""

    def __init__(self, handlers: Sequence[JobHandler[Message]], message_store: MessageStore) -> None:
        all_handlers = (*handlers, Replay.done_by(self._replay))
        self._handlers = {handler.job.job_name: handler for handler in all_handlers}
        self._message_store = message_store

    async def __call__(self, message: Message) -> None:
        """Do a job; one with an unknown name becomes a dead letter."""
        name = message.subject.split(".", 2)[2]
        if name not in self._handlers:
            raise PermanentError(f"there is no job {name!r}")
        handler = self._handlers[name]
        await handler.do(msgspec.json.decode(message.payload, type=handler.job), message)

    async def _replay(self, job: Replay, _message: Message) -> None:
        """Store the message as a retry that is due now, for the consumer that gave up on it."""
        letter = job.letter
        now = datetime.now(UTC)
        waiting = StoredRetry(
            consumer=letter.consumer,
            message_id=letter.message_id,
            subject=letter.subject,
            headers=letter.headers,
            payload=dead_letters.payload_of(letter),
            attempts=0,
            reason="replayed by hand",
            first_tried_at=now,
        )
        await self._message_store.store_retry(waiting, due_at=now)
