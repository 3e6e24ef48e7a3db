"""Takes a service's interactions off the bus, lets it answer, and replies: once, and with words where it fails.

Somebody looks at "is thinking…" meanwhile: what could not be done after a few tries is said, not tried for hours.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from shared.bus.message import Message
from shared.bus.streams import ConsumerSpec
from shared.bus.work import Worker
from shared.clients.discord import messages
from shared.clients.discord.answering import reply_to
from shared.clients.discord.interactions import Clicked, CommandCalled, Submitted
from shared.clients.discord.markdown import escaped
from shared.clients.discord.payload import parse
from shared.durations import in_words
from shared.errors import PermanentError, TransientError, UnavailableError, UsherError
from shared.schemas.interactions import Interaction

TRIES: Final = 3
PATIENCE: Final = timedelta(seconds=20)
"""How long somebody waits before he is told; what another system asks for has to fit in."""
_OUR_FAULT: Final = 500
_LONGEST_REASON: Final = 300

OUTDATED: Final = messages.Message(content="This belongs to another version of Usher. `/help` shows what there is.")
_BROKEN: Final = messages.Message(content="Something is wrong in Usher, and its log says what. Nothing was changed.")

_log = structlog.get_logger()


class Asked(msgspec.Struct, frozen=True):
    """What somebody did, and the envelope that it came in."""

    did: CommandCalled | Clicked | Submitted
    interaction: Interaction


class Receiver:
    """The handler of a service's interactions; `answer` returns what to say, and may run twice."""

    def __init__(
        self,
        spec: ConsumerSpec,
        worker: Worker,
        answer: Callable[[Asked], Awaitable[messages.Message]],
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._spec = spec
        self._worker = worker
        self._answer = answer
        self._now = now

    async def take(self, message: Message) -> None:
        """Answer an interaction."""
        interaction = msgspec.json.decode(message.payload, type=Interaction)
        did = parse(bytes(interaction.payload))
        if not isinstance(did, CommandCalled | Clicked | Submitted):
            raise PermanentError(f"a {type(did).__name__} is not answered by a service")
        await self._worker.check_new(consumer=self._spec.name, message_id=message.id)
        said = await self._said(Asked(did, interaction), attempts=message.attempts)
        async with self._worker.once(consumer=self._spec.name, message_id=message.id) as work:
            reply_to(
                work,
                interaction,
                said,
                service=self._spec.service,
                user_id=did.caller.id,
                keeps_promise=not isinstance(did, Clicked),
            )
        _log.info("interaction_answered", id=interaction.id, subject=message.subject)

    async def _said(self, asked: Asked, *, attempts: int) -> messages.Message:
        try:
            return await self._answer(asked)
        except UnavailableError:
            raise
        except TransientError as exc:
            waited = self._now() - asked.interaction.received_at
            if attempts < TRIES and waited + (exc.retry_after or timedelta()) < PATIENCE:
                raise
            return _told(asked, exc, messages.Message(content=f"{_sentence(exc.detail)} {_again(exc)}"))
        except PermanentError as exc:
            is_ours = exc.status == _OUR_FAULT
            return _told(asked, exc, _BROKEN if is_ours else messages.Message(content=_sentence(exc.detail)))


def _told(asked: Asked, error: UsherError, said: messages.Message) -> messages.Message:
    _log.warning("interaction_failed", interaction=asked.interaction.id, reason=error.detail)
    return said


def _again(error: TransientError) -> str:
    when = "a while" if error.retry_after is None else in_words(error.retry_after)
    return f"Try again in {when}."


def _sentence(detail: str) -> str:
    text = escaped(detail.strip().rstrip("."), limit=_LONGEST_REASON) or "It did not work"
    return f"{text[:1].upper()}{text[1:]}."
