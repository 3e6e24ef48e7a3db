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


class Interaction(msgspec.Struct, frozen=True, kw_only=True):
    """One interaction; `id` is Discord's, and the message id. `is_admin` is what the gateway found of the caller."""

    id: str
    received_at: datetime
    payload: msgspec.Raw
    token: SealedSecret
    is_ephemeral: bool = False
    is_admin: bool = False


class Reply(Job, name="reply", frozen=True, kw_only=True):
    """Put a message in place of the promise, or send it to the person where that is too late.

    `message` is the JSON of a `shared.clients.discord.messages.Message`. The first reply to a command `keeps_promise`:
    where it could not be put there at once and another one has come before it, it is not needed any more. One that
    `may_lapse` takes the place of that first one, and is not worth a direct message.
    """

    interaction_id: str
    user_id: str
    token: SealedSecret
    message: msgspec.Raw
    keeps_promise: bool = False
    may_lapse: bool = False


class Letter(Job, name="write", frozen=True, kw_only=True):
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
    user_id: str
    is_admin: bool = False
    options: dict[str, str | int | float | bool] = msgspec.field(default_factory=dict)
