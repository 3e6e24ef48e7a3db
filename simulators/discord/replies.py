"""The life of interactions: three seconds to acknowledge, fifteen minutes to edit, one reply that stays what it was."""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from simulators.determinism import Clock
from simulators.discord.refusals import refused

ACKNOWLEDGE_WITHIN: Final = timedelta(seconds=3)
TOKEN_LIFE: Final = timedelta(minutes=15)
EPHEMERAL: Final = 1 << 6

PONG: Final = 1
MESSAGE: Final = 4
DEFERRED: Final = 5
DEFERRED_UPDATE: Final = 6
UPDATE: Final = 7
CHOICES: Final = 8
MODAL: Final = 9
_ALLOWED: Final = {
    1: frozenset({PONG}),
    2: frozenset({MESSAGE, DEFERRED, MODAL}),
    3: frozenset({MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, MODAL}),
    4: frozenset({CHOICES}),
    5: frozenset({MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE}),
}


class Open(msgspec.Struct, kw_only=True):
    """An interaction that Discord waits for, or whose reply can be edited."""

    interaction: dict[str, Any]
    sent_at: datetime
    answered_with: int | None = None
    flags: int = 0
    original: dict[str, Any] | None = None
    is_deleted: bool = False
    form: dict[str, Any] | None = None
    follow_ups: list[dict[str, Any]] = []


class Interactions:
    """The interactions by token."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, Open] = {}
        self.over_means: tuple[int, int, str] = (404, 10015, "Unknown Webhook")
        """Status, code and message after the token's life; 401, 50027 "Invalid Webhook Token" is seen as well."""

    @property
    def tokens(self) -> list[str]:
        """The token of every interaction that went out."""
        return list(self._open)

    def send(self, interaction: dict[str, Any]) -> Open:
        """Note that an interaction went out now."""
        waiting = Open(interaction=interaction, sent_at=self._clock.now())
        self._open[interaction["token"]] = waiting
        return waiting

    def acknowledge(self, token: str, callback: object) -> Open:
        """Take the first answer, from the HTTP body or the callback; raises `RefusedError` as the callback does."""
        waiting = self._open.get(token)
        if waiting is None or self._age(waiting) > ACKNOWLEDGE_WITHIN:
            raise refused(404, 10062, "Unknown interaction")
        if waiting.answered_with is not None:
            raise refused(400, 40060, "Interaction has already been acknowledged.")
        kind = callback.get("type") if isinstance(callback, dict) else None
        if not isinstance(kind, int) or kind not in _ALLOWED[waiting.interaction["type"]]:
            raise refused(400, 50035, "Invalid Form Body")
        data = callback.get("data") if isinstance(callback, dict) else None
        waiting.answered_with = kind
        waiting.flags = int((data or {}).get("flags") or 0) & EPHEMERAL
        if kind in {DEFERRED_UPDATE, UPDATE}:
            if "message" not in waiting.interaction:
                raise refused(400, 50035, "Invalid Form Body")
            waiting.original = waiting.interaction["message"]
        return waiting

    def editable(self, application: str, token: str) -> Open:
        """Return the interaction whose reply may be edited; raises `RefusedError`."""
        waiting = self._open.get(token)
        if waiting is None or waiting.interaction["application_id"] != application or waiting.answered_with is None:
            raise refused(404, 10015, "Unknown Webhook")
        if self._age(waiting) > TOKEN_LIFE:
            raise refused(*self.over_means)
        return waiting

    def reply(self, token: str) -> dict[str, Any] | None:
        """Return what stands below the command just now, as the person sees it."""
        waiting = self._open.get(token)
        return None if waiting is None else waiting.original

    def form(self, token: str) -> dict[str, Any] | None:
        """Return the form that was opened."""
        waiting = self._open.get(token)
        return None if waiting is None else waiting.form

    def follow_ups(self, token: str) -> list[dict[str, Any]]:
        """Return what was said below, beside the reply itself."""
        waiting = self._open.get(token)
        return [] if waiting is None else waiting.follow_ups

    def _age(self, waiting: Open) -> timedelta:
        return self._clock.now() - waiting.sent_at
