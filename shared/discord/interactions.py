"""Interactions as Discord sends them, and as our types; unknown kinds, options and components are no error.

https://docs.discord.com/developers/interactions/receiving-and-responding
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from shared.errors import Fault, InvalidError
from shared.schemas.interactions import Caller
from shared.schemas.secret import Secret

REPLY_FOR: Final = timedelta(minutes=14, seconds=30)
"""How long the reply to an interaction can be edited, with half a minute to spare."""

_EPOCH_MS: Final = 1_420_070_400_000

Value = str | int | float | bool


class Interaction(msgspec.Struct, frozen=True, kw_only=True):
    """What every interaction has; `token` is the credential to reply with."""

    id: str
    application_id: str
    token: Secret
    caller: Caller
    channel_id: str | None = None
    locale: str = "en-US"

    @property
    def created_at(self) -> datetime:
        """Return when it was made, which its id tells."""
        return moment_of(self.id)

    @property
    def changes_message(self) -> bool:
        """Return whether the answer takes the place of the message that this was done below."""
        return False


class Options(msgspec.Struct, frozen=True):
    """What was given with a command, by name; each is asked for with the type that it was declared with."""

    values: Mapping[str, Value]

    def text(self, name: str) -> str | None:
        """Return a text, trimmed, None where nothing was given; raise `InvalidError` for anything else."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, str):
            raise _wrong(name, "a text")
        return value.strip() or None if value is not None else None

    def whole(self, name: str) -> int | None:
        """Return a whole number."""
        value = self.values.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise _wrong(name, "a whole number")
        return value

    def flag(self, name: str) -> bool | None:
        """Return a yes or no."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, bool):
            raise _wrong(name, "yes or no")
        return value


class CommandCalled(Interaction, frozen=True, kw_only=True):
    """Somebody called a command; `subcommand` is the path below it."""

    command: str
    subcommand: tuple[str, ...] = ()
    options: Options


class Typing(Interaction, frozen=True, kw_only=True):
    """Somebody is typing the option `focused`, and wants to choose; what they have so far may be empty."""

    command: str
    subcommand: tuple[str, ...] = ()
    options: Options
    focused: str
    typed: str


class Clicked(Interaction, frozen=True, kw_only=True):
    """Somebody pressed a button, or chose from a menu: then `values` holds what."""

    custom_id: str
    values: tuple[str, ...] = ()
    message_id: str | None = None
    is_below_layout: bool = False

    @property
    def changes_message(self) -> bool:
        """Return that it does."""
        return True


class Submitted(Interaction, frozen=True, kw_only=True):
    """Somebody sent a form; `fields` by `custom_id`. Without a message, a command opened it."""

    custom_id: str
    fields: Mapping[str, tuple[str, ...]]
    message_id: str | None = None
    is_below_layout: bool = False

    @property
    def changes_message(self) -> bool:
        """Return whether a button or menu opened the form."""
        return self.message_id is not None

    def text(self, custom_id: str) -> str:
        """Return what was typed into a field, trimmed; empty where it was left empty."""
        return " ".join(self.fields.get(custom_id, ())).strip()


class Ping(msgspec.Struct, frozen=True):
    """Discord asks whether we are here."""


class Unknown(msgspec.Struct, frozen=True):
    """A kind of interaction that is newer than this."""

    type: int
    id: str


Done = CommandCalled | Clicked | Submitted
"""What a service answers."""

Received = Ping | CommandCalled | Typing | Clicked | Submitted | Unknown


def moment_of(snowflake: str) -> datetime:
    """Return when an id of Discord's was made; raise `InvalidError` for what is no id."""
    if not (snowflake.isascii() and snowflake.isdecimal() and len(snowflake) <= 20):  # noqa: PLR2004  # 64 bits
        raise InvalidError("An id of Discord's is not a number")
    return datetime.fromtimestamp(((int(snowflake) >> 22) + _EPOCH_MS) / 1000, tz=UTC)


def _wrong(name: str, expected: str) -> InvalidError:
    return InvalidError(f"{name} is not {expected}", faults=(Fault(name, f"expected {expected}"),))
