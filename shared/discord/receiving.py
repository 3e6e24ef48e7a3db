"""Takes a service's interactions off the bus, lets it answer, and replies: once, and with words where it fails.

Somebody looks at "is thinking…" meanwhile: what could not be done after a few tries is said, not tried for hours. What
fails below a message is said below it, to whoever did it, and the message stays.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from shared.bus.message import Message as BusMessage
from shared.bus.streams import ConsumerSpec
from shared.bus.work import Worker
from shared.discord.catalogue import CATALOGUE, Catalogue
from shared.discord.failures import OutdatedError, failure
from shared.discord.interactions import Clicked, CommandCalled, Done, Submitted
from shared.discord.messages import Message
from shared.discord.parsing import parse
from shared.discord.replying import reply_to
from shared.discord.rights import Rights
from shared.errors import PermanentError, TransientError, UnavailableError, UsherError
from shared.schemas.interactions import Interaction

TRIES: Final = 3
PATIENCE: Final = timedelta(seconds=20)
"""How long somebody waits before they are told; what another system asks for has to fit in."""

_log = structlog.get_logger()


class Asked(msgspec.Struct, frozen=True):
    """What somebody did, whether they are an admin, and the envelope that it came in; a form is opened without one."""

    did: Done
    is_admin: bool
    interaction: Interaction | None = None


class Receiver:
    """The handler of a service's interactions; `answer` returns what to say, and may run twice."""

    def __init__(
        self,
        spec: ConsumerSpec,
        worker: Worker,
        answer: Callable[[Asked], Awaitable[Message]],
        *,
        rights: Rights,
        now: Callable[[], datetime],
        catalogue: Catalogue = CATALOGUE,
    ) -> None:
        self._spec = spec
        self._worker = worker
        self._answer = answer
        self._rights = rights
        self._now = now
        self._catalogue = catalogue

    async def take(self, message: BusMessage) -> None:
        """Answer an interaction."""
        interaction = msgspec.json.decode(message.payload, type=Interaction)
        did = done(interaction.payload)
        await self._worker.check_new(consumer=self._spec.name, message_id=message.id)
        said, is_good = await self._said(did, interaction, attempts=message.attempts)
        async with self._worker.once(consumer=self._spec.name, message_id=message.id) as work:
            follow_up = did.changes_message and not is_good
            reply_to(work, interaction, did, said, service=self._spec.service, follow_up=follow_up)
        _log.info("interaction_answered", id=interaction.id, subject=message.subject)

    async def _said(self, did: Done, interaction: Interaction, *, attempts: int) -> tuple[Message, bool]:
        """Return what to say, and whether it is an answer rather than why there is none."""
        try:
            is_admin = checked_rights(did, self._rights, self._catalogue)
            return await self._answer(Asked(did, is_admin, interaction)), True
        except UnavailableError:
            raise
        except TransientError as exc:
            waited = self._now() - interaction.received_at
            if attempts < TRIES and waited + (exc.retry_after or timedelta()) < PATIENCE:
                raise
            return _failed(interaction, exc)
        except PermanentError as exc:
            return _failed(interaction, exc)


def _failed(interaction: Interaction, error: UsherError) -> tuple[Message, bool]:
    _log.warning("interaction_failed", interaction=interaction.id, reason=error.detail)
    return failure(error), False


def done(payload: msgspec.Raw) -> Done:
    """Return what somebody did, out of the bytes that Discord sent."""
    did = parse(bytes(payload))
    if not isinstance(did, CommandCalled | Clicked | Submitted):
        raise PermanentError(f"a {type(did).__name__} is not answered by a service")
    return did


def checked_rights(did: Done, rights: Rights, catalogue: Catalogue) -> bool:
    """Return whether the caller is an admin.

    Raises `ForbiddenError` for what only admins may do, and `OutdatedError` for what this version does not know.
    """
    wanted = catalogue.wanted(did)
    if wanted is None:
        raise OutdatedError
    return rights.check(did.caller, is_for_admins=wanted.is_for_admins)
