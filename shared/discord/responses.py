"""What the gateway answers an interaction with, at once; the rest of the reply comes later by `Discord.edit_original`.

https://docs.discord.com/developers/interactions/receiving-and-responding#responding-to-an-interaction
"""

from typing import Literal

import msgspec

from shared.discord.messages import EPHEMERAL, Message


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


class Shown(Message, frozen=True, kw_only=True):
    """A message that is the answer."""

    flags: int = 0


class TextInput(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=4):
    """A field of a form; style 1 is a line, 2 a paragraph."""

    custom_id: str
    style: Literal[1, 2] = 1
    required: bool = True
    max_length: int = 400


class Label(msgspec.Struct, frozen=True, tag_field="type", tag=18):
    """A field with its name, at most 45 characters."""

    label: str
    component: TextInput


class Form(msgspec.Struct, frozen=True):
    """A modal: title 45, one to five fields."""

    custom_id: str
    title: str
    components: tuple[Label, ...]


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """An answer; made by the functions of this module."""

    type: int
    data: Suggestions | Flags | Shown | Form | None = None


PONG = Reply(1)
DEFERRED_UPDATE = Reply(6)


def shown(message: Message, *, ephemeral: bool) -> Reply:
    """Return a message as the whole answer."""
    flags = EPHEMERAL if ephemeral else 0
    return Reply(
        4,
        Shown(
            content=message.content,
            embeds=message.embeds,
            components=message.components,
            allowed_mentions=message.allowed_mentions,
            flags=flags,
        ),
    )


def deferred(*, ephemeral: bool) -> Reply:
    """Return a promise: "is thinking…", to be replaced within 15 minutes; only here can it be made ephemeral."""
    return Reply(5, Flags(EPHEMERAL) if ephemeral else None)


def suggestions(choices: tuple[Suggestion, ...]) -> Reply:
    """Return what to choose from; none is an answer too."""
    return Reply(8, Suggestions(choices))


def asked(form: Form) -> Reply:
    """Return a form to fill in; not possible after a promise, nor as the answer to a form."""
    return Reply(9, form)
