"""Discord's interactions between gateway and services, and the messages that answer them.

They travel on `interactions.<service>.<command>`. The gateway has verified the signature and deferred the reply, which
the service edits. `payload` is what Discord sent; its token is removed from it and sealed in `token`.
"""

from datetime import datetime
from typing import Final

import msgspec

from shared.schemas.job import Job
from shared.schemas.question import Question
from shared.schemas.sealed_secret import SealedSecret

TOKEN: Final = "interaction-token"  # noqa: S105 (the purpose of a sealed secret)


def subject(service: str, name: str) -> str:
    """Return the subject of a command, or of the action of a component or form."""
    return f"interactions.{service}.{name}"


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """The Discord user who acted, with their roles and rights in the guild where they did."""

    id: str
    name: str
    guild_id: str | None = None
    roles: tuple[str, ...] = ()
    is_administrator: bool = False


class Interaction(msgspec.Struct, frozen=True, kw_only=True):
    """One interaction; `id` is Discord's, and the message id. The service decides what the caller may do."""

    id: str
    received_at: datetime
    payload: msgspec.Raw
    token: SealedSecret


class Reply(Job, name="reply", frozen=True, kw_only=True):
    """Put a message in place of the deferred reply, or send it as a direct message if that is too late.

    `message` is the JSON of a `shared.discord.messages.Message`. The first reply to a command `keeps_promise`: if it is
    delayed and another reply came before it, it is dropped. A reply that `may_lapse` replaces the first one, and is not
    worth a direct message. A `follow_up` appears below the reply, for the caller only, and changes nothing.
    """

    interaction_id: str
    user_id: str
    token: SealedSecret
    message: msgspec.Raw
    keeps_promise: bool = False
    may_lapse: bool = False
    follow_up: bool = False


class DirectMessage(Job, name="write", frozen=True, kw_only=True):
    """Send a direct message to a user; within minutes, one `cause` sends one message."""

    user_id: str
    cause: str
    message: msgspec.Raw


class Choice(msgspec.Struct, frozen=True):
    """A suggestion offered while someone types."""

    name: str
    value: str


class Choices(msgspec.Struct, frozen=True):
    """The suggestions, best first, at most 25."""

    items: list[Choice]


class Suggest(Question[Choices], tag="choices.suggest", frozen=True, kw_only=True):
    """Suggest values for an option while someone types; `typed` may be empty."""

    command: str
    option: str
    typed: str
    caller: Caller
    options: dict[str, str | int | float | bool] = msgspec.field(default_factory=dict)


class OpenedForm(msgspec.Struct, frozen=True):
    """The JSON of a `shared.discord.components.Form`."""

    form: msgspec.Raw


class OpenForm(Question[OpenedForm], tag="form.open", frozen=True, kw_only=True):
    """Ask which form to open; `payload` is what Discord sent, without its token."""

    payload: msgspec.Raw
