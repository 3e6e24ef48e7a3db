"""Answers people on Discord, as jobs of whoever has something to say: `reply` edits a reply, `write` sends a letter.

A job is said in the transaction of what it tells, and may run twice: an edit is the same twice, and a letter has a
nonce from its cause.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from shared.bus.message import Message
from shared.bus.work import Work
from shared.clients.discord import messages
from shared.clients.discord.interactions import REPLY_FOR, moment_of
from shared.clients.discord.problems import ClosedToMessagesError, ReplyExpiredError
from shared.clients.discord.rest import Discord
from shared.errors import TransientError
from shared.schemas.identifiers import derived_id
from shared.schemas.interactions import TOKEN, Interaction, Letter, Reply
from shared.schemas.job import JobHandler
from shared.sealing import Sealer

SETTLES_WITHIN: Final = timedelta(seconds=10)
"""How old an interaction may be that Discord does not know yet, because the gateway's promise is still on its way."""
_SOON: Final = timedelta(seconds=0.3)

_log = structlog.get_logger()


class Answering:
    """Does the jobs; without Discord they are done with a line in the log."""

    def __init__(self, discord: Discord | None, sealer: Sealer, *, now: Callable[[], datetime]) -> None:
        self._discord = discord
        self._sealer = sealer
        self._now = now

    @property
    def jobs(self) -> tuple[JobHandler[Message], ...]:
        """Return the jobs, for `Service.work`."""
        return Reply.done_by(self.reply), Letter.done_by(self.write)

    async def reply(self, reply: Reply, message: Message) -> None:
        """Edit the reply to an interaction, or write to the person where that cannot be done any more."""
        if self._discord is None:
            _log.warning("discord_is_off", lost="reply", interaction=reply.interaction_id)
            return
        said = msgspec.json.decode(reply.message, type=messages.Message)
        if not await self._edited(self._discord, reply, said, attempts=message.attempts) and not reply.may_lapse:
            await self._send(self._discord, reply.user_id, said, cause=message.id)

    async def write(self, letter: Letter, _message: Message) -> None:
        """Write to a person."""
        if self._discord is None:
            _log.warning("discord_is_off", lost="letter", cause=letter.cause)
            return
        said = msgspec.json.decode(letter.message, type=messages.Message)
        await self._send(self._discord, letter.user_id, said, cause=letter.cause)

    async def _edited(self, discord: Discord, reply: Reply, said: messages.Message, *, attempts: int) -> bool:
        """Edit; False where it is too late for that."""
        age = self._now() - moment_of(reply.interaction_id)
        if age >= REPLY_FOR:
            return False
        token = self._sealer.unseal(reply.token, purpose=TOKEN)
        try:
            is_late = attempts > 1 or age >= SETTLES_WITHIN
            if is_late and reply.keeps_promise and not await discord.is_waiting(token):
                _log.info("reply_is_there", interaction=reply.interaction_id)
                return True
            if not is_late and reply.may_lapse and await discord.is_waiting(token):
                raise TransientError("what it takes the place of is still on its way", retry_after=_SOON)
            await discord.edit_original(token, said)
        except ReplyExpiredError as exc:
            if age < SETTLES_WITHIN:
                raise TransientError(f"the promise has not arrived yet: {exc.detail}", retry_after=_SOON) from exc
            return False
        return True

    async def _send(self, discord: Discord, user_id: str, said: messages.Message, *, cause: str) -> None:
        try:
            await discord.send_direct_message(user_id, said, cause=cause)
        except ClosedToMessagesError as exc:
            _log.warning("direct_message_refused", user=user_id, cause=cause, reason=exc.detail)


def reply_to(
    work: Work,
    interaction: Interaction,
    said: messages.Message,
    *,
    service: str,
    user_id: str,
    keeps_promise: bool,
) -> None:
    """Let the service's job `reply` answer an interaction with this; `keeps_promise` as in `Reply`."""
    job = Reply(
        interaction_id=interaction.id,
        user_id=user_id,
        token=interaction.token,
        message=msgspec.Raw(msgspec.json.encode(messages.fitting(said))),
        keeps_promise=keeps_promise,
    )
    message_id = derived_id("reply", service, interaction.id)
    work.give(job, cause=interaction.id, queue=service, message_id=message_id)


def write_to(work: Work, user_id: str, said: messages.Message, *, service: str, cause: str) -> None:
    """Let the service's job `write` send a direct message; the same cause again is the same message."""
    letter = Letter(user_id=user_id, cause=cause, message=msgspec.Raw(msgspec.json.encode(messages.fitting(said))))
    message_id = derived_id("letter", service, user_id, cause)
    work.give(letter, cause=cause, queue=service, message_id=message_id)
