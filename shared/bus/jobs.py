"""Jobs by name, `jobs.<service>.<name>`, and the one that every service does: the replay of a dead letter."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from shared.bus import dead_letters
from shared.bus.consumer import Handler
from shared.bus.message import Message
from shared.bus.store import Journal, StoredRetry
from shared.errors import PermanentError
from shared.schemas.dead import Replay


class Jobs:
    """The handler of a service's jobs: hands each to what does it."""

    def __init__(self, jobs: Mapping[str, Handler], journal: Journal) -> None:
        self._jobs = {**jobs, "replay": self.replay}
        self._journal = journal

    async def __call__(self, message: Message) -> None:
        """Do a job; one of an unknown name is dead."""
        name = message.subject.split(".", 2)[2]
        if name not in self._jobs:
            raise PermanentError(f"there is no job {name!r}")
        await self._jobs[name](message)

    async def replay(self, message: Message) -> None:
        """Let the consumer that gave a message up find it among its retries, due now."""
        letter = msgspec.json.decode(message.payload, type=Replay).letter
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
        await self._journal.store_retry(waiting, due_at=now)
