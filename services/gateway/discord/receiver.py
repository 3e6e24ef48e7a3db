"""Takes one interaction in: is it Discord's, what does it want, store it, and only then promise an answer.

Touches the publisher and the spool and, for what Discord wants at once (choices, forms), the service that knows; no
Postgres. Whether somebody may do what they ask for is decided by that service.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, assert_never

import msgspec
import structlog

from services.gateway import trace
from services.gateway.discord import envelope, messages
from services.gateway.discord.envelope import Stamp
from services.gateway.discord.prompts import Prompts
from services.gateway.webhooks import body
from services.gateway.webhooks.body import Receive
from services.gateway.webhooks.receiver import Storage
from shared.discord.catalogue import CATALOGUE, Action, Catalogue
from shared.discord.interactions import Clicked, CommandCalled, Done, Ping, Submitted, Typing, Unknown
from shared.discord.parsing import parse
from shared.discord.responses import DEFERRED_UPDATE, PONG, Response, deferred, suggestions
from shared.discord.signature import verify_signature
from shared.discord.slash_commands import Declared
from shared.errors import InvalidError, NotFoundError, UnauthorizedError
from shared.schemas.interactions import OpenForm, Suggest, subject
from shared.sealing import Sealer

CAP: Final = 256 * 1024
ANSWERED_WITHIN: Final = timedelta(seconds=2.2)
"""How long a service may take for what Discord wants at once: Discord waits for 3 s."""
_MOST_NOTICED: Final = 100

_log = structlog.get_logger()


class DiscordIsOffError(NotFoundError):
    """No public key: nothing can be Discord's."""

    title = "Discord is off"


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """The application that Discord knows us as; without a public key Discord is off."""

    id: str = ""
    public_key: str = ""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an interaction before its body is read."""

    signature: str = ""
    timestamp: str = ""
    content_length: int | None = None
    traceparent: str | None = None


def _utc_now() -> datetime:
    return datetime.now(UTC)


class InteractionReceiver:
    """One for the application; `deadline` is how long a whole body may take."""

    def __init__(
        self,
        application: Application,
        storage: Storage,
        sealer: Sealer,
        prompts: Prompts,
        *,
        catalogue: Catalogue = CATALOGUE,
        deadline: timedelta = body.DEADLINE,
        now: Callable[[], datetime] = _utc_now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._application = application
        self._storage = storage
        self._sealer = sealer
        self._prompts = prompts
        self._catalogue = catalogue
        self._deadline = deadline
        self._now = now
        self._clock = clock
        self._noticed: set[tuple[str, str]] = set()

    async def take(self, delivery: Delivery, receive: Receive) -> Response:
        """Return what Discord is to show once the interaction is stored; raises an `UsherError` that says why not."""
        began = self._clock()
        content = await self._read(delivery, receive)
        self._check(delivery, content)
        received = parse(content)
        match received:
            case Ping():
                return PONG
            case Unknown(type=kind):
                self._notice("kind", str(kind))
                return messages.UNKNOWN_KIND
            case Typing():
                return await self._suggest(received, began)
            case CommandCalled() | Clicked() | Submitted():
                self._check_address(received)
                return await self._answer(received, content, delivery, began)
            case never:
                assert_never(never)

    async def _read(self, delivery: Delivery, receive: Receive) -> bytes:
        pieces: list[bytes] = []
        await body.read(receive, pieces.append, announced=delivery.content_length, cap=CAP, within=self._deadline)
        return b"".join(pieces)

    def _check(self, delivery: Delivery, content: bytes) -> None:
        if not self._application.public_key:
            raise DiscordIsOffError("Discord is not set up here: DISCORD_PUBLIC_KEY is not set")
        is_discords = verify_signature(
            self._application.public_key,
            timestamp=delivery.timestamp,
            body=content,
            signature=delivery.signature,
            now=self._now(),
        )
        if not is_discords:
            raise UnauthorizedError("no valid signature of Discord's came with the request, or an old one")

    def _check_address(self, interaction: Done) -> None:
        if not interaction.token.reveal():
            raise InvalidError("The interaction has no token to reply with")
        if self._application.id and interaction.application_id != self._application.id:
            raise InvalidError("The interaction is for another application than DISCORD_APPLICATION_ID")

    async def _answer(self, did: Done, content: bytes, delivery: Delivery, began: float) -> Response:
        wanted = self._catalogue.wanted(did)
        if wanted is None:
            self._notice(type(did).__name__, did.command if isinstance(did, CommandCalled) else did.custom_id)
            return messages.UNKNOWN_COMMAND if isinstance(did, CommandCalled) else messages.UNKNOWN_ACTION
        if wanted.opens_form and not isinstance(did, Submitted):
            question = OpenForm(payload=msgspec.Raw(envelope.without_token(content)))
            return await self._prompts.form(wanted.service, question, within=self._left(began))
        await self._store(did, content, wanted, delivery)
        return DEFERRED_UPDATE if did.changes_message else deferred(ephemeral=wanted.is_personal)

    async def _store(self, did: Done, content: bytes, wanted: Declared | Action, delivery: Delivery) -> None:
        stamp = Stamp(
            subject=subject(wanted.service, wanted.name),
            received_at=self._now(),
            traceparent=trace.traceparent(delivery.traceparent),
        )
        duplicate = await self._storage.store(envelope.record(did, content, stamp, self._sealer))
        _log.info(
            "interaction_stored",
            id=did.id,
            subject=stamp.subject,
            is_duplicate=duplicate,
            trace_id=trace.trace_id(stamp.traceparent),
        )

    async def _suggest(self, typing: Typing, began: float) -> Response:
        declared = self._catalogue.command(typing.command)
        if declared is None:
            return suggestions(())
        question = Suggest(
            command=typing.command,
            option=typing.focused,
            typed=typing.typed,
            caller=typing.caller,
            options=dict(typing.options.values),
        )
        return suggestions(await self._prompts.choices(declared.service, question, within=self._left(began)))

    def _left(self, began: float) -> timedelta:
        return ANSWERED_WITHIN - timedelta(seconds=self._clock() - began)

    def _notice(self, what: str, name: str) -> None:
        """Log what is not known the first time that it is seen."""
        seen = (what, name[:100])
        if seen not in self._noticed and len(self._noticed) < _MOST_NOTICED:
            self._noticed.add(seen)
            _log.warning("interaction_unknown", what=what, name=seen[1])
