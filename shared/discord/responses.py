"""What the gateway answers an interaction with, at once; the rest of the reply comes later by `Discord.edit_original`.

https://docs.discord.com/developers/interactions/receiving-and-responding#responding-to-an-interaction
"""

from typing import Any

import msgspec

from shared.discord.fitting import fit
from shared.discord.messages import EPHEMERAL, Message, body


class Suggestion(msgspec.Struct, frozen=True):
    """A choice while somebody types; both at most 100 characters, and at most 25 of them."""

    name: str
    value: str


class Suggestions(msgspec.Struct, frozen=True):
    """What goes with an answer of type 8."""

    choices: tuple[Suggestion, ...]


class Flags(msgspec.Struct, frozen=True, omit_defaults=True):
    """What goes with a deferred answer."""

    flags: int = 0


class Response(msgspec.Struct, frozen=True, omit_defaults=True):
    """An answer; made by the functions of this module."""

    type: int
    data: Suggestions | Flags | msgspec.Raw | dict[str, Any] | None = None


PONG = Response(1)
DEFERRED_UPDATE = Response(6)


def shown(message: Message, *, ephemeral: bool) -> Response:
    """Return a message as the whole answer."""
    flags = message.flags | (EPHEMERAL if ephemeral else 0)
    return Response(4, body(fit(msgspec.structs.replace(message, flags=flags))))


def deferred(*, ephemeral: bool) -> Response:
    """Return a promise: "is thinking…", to be replaced within 15 minutes; only here can it be made ephemeral."""
    return Response(5, Flags(EPHEMERAL) if ephemeral else None)


def suggestions(choices: tuple[Suggestion, ...]) -> Response:
    """Return what to choose from; none is an answer too."""
    return Response(8, Suggestions(choices))


def opened(form: msgspec.Raw) -> Response:
    """Return a form to fill in, as its service made it; not possible after a promise, nor as the answer to a form."""
    return Response(9, form)
