"""Takes one interaction in: is it Discord's, what does it want, store it, and only then promise an answer.

Touches the publisher and the spool and, for what is asked while somebody types, the service that knows; no Postgres.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, assert_never

import msgspec
import structlog

from services.gateway import trace
from services.gateway.discord import envelope, messages
from services.gateway.discord.application import Application
from services.gateway.discord.envelope import Stamp
from services.gateway.webhooks import body
from services.gateway.webhooks.body import Receive
from services.gateway.webhooks.receiver import Storage
from shared.clients.discord.custom_ids import parsed
from shared.clients.discord.interactions import Clicked, CommandCalled, Interaction, Ping, Submitted, Typing, Unknown
from shared.clients.discord.payload import parse
from shared.clients.discord.replies import DEFERRED_UPDATE, PONG, Reply, Suggestion, deferred, suggestions
from shared.clients.discord.signature import verify_signature
from shared.commands import CATALOGUE, Action, Catalogue, Declared
from shared.errors import InvalidError, NotFoundError, UnauthorizedError
from shared.schemas.interactions import Suggest, subject
from shared.sealing import Sealer

CAP: Final = 256 * 1024
SUGGESTED_WITHIN: Final = timedelta(seconds=2.2)
_MOST_NOTICED: Final = 100

_log = structlog.get_logger()


class DiscordIsOffError(NotFoundError):
    """No public key: nothing can be Discord's."""

    title = "Discord is off"


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an interaction before its body is read."""

    signature: str = ""
    timestamp: str = ""
    content_length: int | None = None
    traceparent: str | None = None


class Suggester(Protocol):
    """Knows what to choose from; fails by knowing nothing."""

    async def __call__(self, service: str, question: Suggest, *, within: timedelta) -> tuple[Suggestion, ...]: ...


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Door:
    """One for the application; `deadline` is how long a whole body may take."""

    def __init__(
        self,
        application: Application,
        storage: Storage,
        sealer: Sealer,
        suggester: Suggester,
        *,
        catalogue: Catalogue = CATALOGUE,
        deadline: timedelta = body.DEADLINE,
        now: Callable[[], datetime] = _utc_now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._application = application
        self._storage = storage
        self._sealer = sealer
        self._suggester = suggester
        self._catalogue = catalogue
        self._deadline = deadline
        self._now = now
        self._clock = clock
        self._noticed: set[tuple[str, str]] = set()

    async def take(self, delivery: Delivery, receive: Receive) -> Reply:
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
                return suggestions(await self._suggest(received, began))
            case CommandCalled() | Clicked() | Submitted():
                self._check_address(received)
                return await self._promise(received, content, delivery)
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

    def _check_address(self, interaction: Interaction) -> None:
        if not interaction.token.reveal():
            raise InvalidError("The interaction has no token to reply with")
        if self._application.id and interaction.application_id != self._application.id:
            raise InvalidError("The interaction is for another application than DISCORD_APPLICATION_ID")

    async def _promise(
        self, interaction: CommandCalled | Clicked | Submitted, content: bytes, delivery: Delivery
    ) -> Reply:
        match interaction:
            case CommandCalled(command=name):
                wanted: Declared | Action | None = self._catalogue.command(name)
                unknown, promise = messages.UNKNOWN_COMMAND, deferred
            case Clicked(custom_id=name):
                wanted = self._action(name)
                unknown, promise = messages.UNKNOWN_ACTION, _update
            case Submitted(custom_id=name):
                wanted = self._action(name)
                unknown, promise = messages.UNKNOWN_ACTION, deferred
            case never:
                assert_never(never)
        if wanted is None:
            self._notice(type(interaction).__name__, name)
            return unknown
        is_admin = self._application.is_admin(interaction)
        if wanted.is_for_admins and not is_admin:
            return messages.ADMINS_ONLY
        await self._store(interaction, content, wanted, delivery, is_admin=is_admin)
        return promise(ephemeral=wanted.is_personal)

    async def _store(
        self, interaction: Interaction, content: bytes, wanted: Declared | Action, delivery: Delivery, *, is_admin: bool
    ) -> None:
        stamp = Stamp(
            subject=subject(wanted.service, wanted.name),
            received_at=self._now(),
            traceparent=trace.traceparent(delivery.traceparent),
            is_ephemeral=wanted.is_personal,
            is_admin=is_admin,
        )
        duplicate = await self._storage.store(envelope.record(interaction, content, stamp, self._sealer))
        _log.info(
            "interaction_stored",
            id=interaction.id,
            subject=stamp.subject,
            is_duplicate=duplicate,
            trace_id=trace.trace_id(stamp.traceparent),
        )

    async def _suggest(self, typing: Typing, began: float) -> tuple[Suggestion, ...]:
        declared = self._catalogue.command(typing.command)
        is_admin = self._application.is_admin(typing)
        if declared is None or (declared.is_for_admins and not is_admin):
            return ()
        question = Suggest(
            command=typing.command,
            option=typing.focused,
            typed=typing.typed,
            user_id=typing.caller.id,
            is_admin=is_admin,
            options=dict(typing.options.values),
        )
        spent = timedelta(seconds=self._clock() - began)
        return await self._suggester(declared.service, question, within=SUGGESTED_WITHIN - spent)

    def _action(self, custom_id: str) -> Action | None:
        found = parsed(custom_id)
        return None if found is None else self._catalogue.action(found.service, found.action)

    def _notice(self, what: str, name: str) -> None:
        """Log what is not known the first time that it is seen."""
        seen = (what, name[:100])
        if seen not in self._noticed and len(self._noticed) < _MOST_NOTICED:
            self._noticed.add(seen)
            _log.warning("interaction_unknown", what=what, name=seen[1])


def _update(*, ephemeral: bool) -> Reply:  # noqa: ARG001 (a message stays what it was)
    return DEFERRED_UPDATE
