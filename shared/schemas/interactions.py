"""Discord's interactions between gateway and services, and the messages that answer them.

They travel on `interactions.<service>.<command>`; the gateway has verified the signature and promised a reply, so the
service only edits it. `payload` is what Discord sent, with its token taken out and sealed in `token`.
"""

from datetime import datetime
from typing import Final

import msgspec

from shared.schemas.job import Job
from shared.schemas.question import Question
from shared.schemas.sealed_secret import SealedSecret

TOKEN: Final = "interaction-token"  # noqa: S105 (the purpose of a sealed secret)


def subject(service: str, name: str) -> str:
    """Return the subject of a command, or of what a component or form does."""
    return f"interactions.{service}.{name}"


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who did it, as Discord says; roles and rights are those in the guild where they did it."""

    id: str
    name: str
    guild_id: str | None = None
    roles: tuple[str, ...] = ()
    is_administrator: bool = False


class Interaction(msgspec.Struct, frozen=True, kw_only=True):
    """One interaction; `id` is Discord's, and the message id. What the caller may do is decided by the service."""

    id: str
    received_at: datetime
    payload: msgspec.Raw
    token: SealedSecret
    is_ephemeral: bool = False


class Reply(Job, name="reply", frozen=True, kw_only=True):
    """Put a message in place of the promise, or send it to the person where that is too late.

    `message` is the JSON of a `shared.discord.messages.Message`. The first reply to a command `keeps_promise`:
    where it could not be put there at once and another one has come before it, it is not needed any more. One that
    `may_lapse` takes the place of that first one, and is not worth a direct message. A `follow_up` stands below, to be
    seen by the person alone, and changes nothing.
    """

    interaction_id: str
    user_id: str
    token: SealedSecret
    message: msgspec.Raw
    keeps_promise: bool = False
    may_lapse: bool = False
    follow_up: bool = False


class DirectMessage(Job, name="write", frozen=True, kw_only=True):
    """Send a direct message to somebody; for minutes, the same `cause` is one message."""

    user_id: str
    cause: str
    message: msgspec.Raw


class Choice(msgspec.Struct, frozen=True):
    """One that is offered while somebody types."""

    name: str
    value: str


class Choices(msgspec.Struct, frozen=True):
    """What to choose from, the best first, at most 25."""

    items: list[Choice]


class Suggest(Question[Choices], tag="choices.suggest", frozen=True, kw_only=True):
    """What fits what somebody types? `typed` may be empty."""

    command: str
    option: str
    typed: str
    caller: Caller
    options: dict[str, str | int | float | bool] = msgspec.field(default_factory=dict)


class OpenedForm(msgspec.Struct, frozen=True):
    """The JSON of a `shared.discord.components.Form`."""

    form: msgspec.Raw


class OpenForm(Question[OpenedForm], tag="form.open", frozen=True, kw_only=True):
    """Which form is to be opened? `payload` is what Discord sent, without its token."""

    payload: msgspec.Raw
