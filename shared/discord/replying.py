"""What services say on Discord, as jobs of theirs: `reply` answers an interaction, `write` sends a direct message.

A job is given in the transaction of what it tells, and may run twice: an edit is the same twice, and a direct message
has a nonce from its cause.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from shared.bus.message import Message as BusMessage
from shared.bus.work import Work
from shared.discord.fitting import fit
from shared.discord.interactions import REPLY_FOR, CommandCalled, Done, moment_of
from shared.discord.messages import Message, as_layout
from shared.discord.problems import ClosedToMessagesError, ReplyExpiredError
from shared.discord.rest import Discord
from shared.errors import TransientError
from shared.schemas.identifiers import derived_id
from shared.schemas.interactions import TOKEN, DirectMessage, Interaction, Reply
from shared.schemas.job import JobHandler
from shared.schemas.secret import Secret
from shared.sealing import Sealer

SETTLES_WITHIN: Final = timedelta(seconds=10)
"""How old an interaction may be that Discord does not know yet, because the gateway's promise is still on its way."""
_SOON: Final = timedelta(seconds=0.3)

_log = structlog.get_logger()


class ReplyJobs:
    """Does the jobs; without Discord they are done with a line in the log."""

    def __init__(self, discord: Discord | None, sealer: Sealer, *, now: Callable[[], datetime]) -> None:
        self._discord = discord
        self._sealer = sealer
        self._now = now

    @property
    def jobs(self) -> tuple[JobHandler[BusMessage], ...]:
        """Return the jobs, for `Service.work`."""
        return Reply.done_by(self.reply), DirectMessage.done_by(self.write)

    async def reply(self, reply: Reply, message: BusMessage) -> None:
        """Answer an interaction, or write to the person where that cannot be done any more."""
        if self._discord is None:
            _log.warning("discord_is_off", lost="reply", interaction=reply.interaction_id)
            return
        said = msgspec.json.decode(reply.message, type=Message)
        if not await self._replied(self._discord, reply, said, attempts=message.attempts) and not reply.may_lapse:
            await self._send(self._discord, reply.user_id, said, cause=message.id)

    async def write(self, direct: DirectMessage, _message: BusMessage) -> None:
        """Write to a person."""
        if self._discord is None:
            _log.warning("discord_is_off", lost="direct message", cause=direct.cause)
            return
        said = msgspec.json.decode(direct.message, type=Message)
        await self._send(self._discord, direct.user_id, said, cause=direct.cause)

    async def _replied(self, discord: Discord, reply: Reply, said: Message, *, attempts: int) -> bool:
        """Reply; False where it is too late for that."""
        age = self._now() - moment_of(reply.interaction_id)
        if age >= REPLY_FOR:
            return False
        token = self._sealer.unseal(reply.token, purpose=TOKEN)
        try:
            if reply.follow_up:
                await discord.follow_up(token, said)
            else:
                await self._edit(discord, token, reply, said, is_late=attempts > 1 or age >= SETTLES_WITHIN)
        except ReplyExpiredError as exc:
            if age < SETTLES_WITHIN:
                raise TransientError(f"the promise has not arrived yet: {exc.detail}", retry_after=_SOON) from exc
            return False
        return True

    async def _edit(self, discord: Discord, token: Secret, reply: Reply, said: Message, *, is_late: bool) -> None:
        if is_late and reply.keeps_promise and not await discord.is_waiting(token):
            _log.info("reply_is_there", interaction=reply.interaction_id)
            return
        if not is_late and reply.may_lapse and await discord.is_waiting(token):
            raise TransientError("what it takes the place of is still on its way", retry_after=_SOON)
        await discord.edit_original(token, said)

    async def _send(self, discord: Discord, user_id: str, said: Message, *, cause: str) -> None:
        try:
            await discord.send_direct_message(user_id, said, cause=cause)
        except ClosedToMessagesError as exc:
            _log.warning("direct_message_refused", user=user_id, cause=cause, reason=exc.detail)


def reply_to(
    work: Work, interaction: Interaction, did: Done, said: Message, *, service: str, follow_up: bool = False
) -> None:
    """Let the service's job `reply` answer an interaction with this; `follow_up` as in `Reply`."""
    is_below_layout = not isinstance(did, CommandCalled) and did.is_below_layout
    shown = as_layout(said) if is_below_layout and not follow_up else said
    job = Reply(
        interaction_id=interaction.id,
        user_id=did.caller.id,
        token=interaction.token,
        message=msgspec.Raw(msgspec.json.encode(fit(shown))),
        keeps_promise=not did.changes_message,
        follow_up=follow_up,
    )
    message_id = derived_id("reply", service, interaction.id)
    work.give(job, cause=interaction.id, queue=service, message_id=message_id)


def write_to(work: Work, user_id: str, said: Message, *, service: str, cause: str) -> None:
    """Let the service's job `write` send a direct message; the same cause again is the same message."""
    direct = DirectMessage(user_id=user_id, cause=cause, message=msgspec.Raw(msgspec.json.encode(fit(said))))
    message_id = derived_id("letter", service, user_id, cause)  # the word stays, so that none is sent twice
    work.give(direct, cause=cause, queue=service, message_id=message_id)
