"""Messages as Usher sends them: text, embeds, buttons and menus, or made of components alone (Discord says v2).

https://docs.discord.com/developers/resources/message. `fitting` holds them to Discord's limits.
"""

from typing import Any, Final, Literal

import msgspec

from shared.discord.components import Component, Container, Row, TextDisplay

EPHEMERAL: Final = 1 << 6
"""A reply that only the person who asked can see; fixed by the first answer to the interaction."""

LOADING: Final = 1 << 7
"""A reply that is still a promise: Discord shows "is thinking…"."""

LAYOUT: Final = 1 << 15
"""A message made of components, without text and embeds of its own; it stays one for good."""


class Footer(msgspec.Struct, frozen=True):
    """The small print of an embed."""

    text: str


class Field(msgspec.Struct, frozen=True, omit_defaults=True):
    """A name and a value in an embed."""

    name: str
    value: str


class Embed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A card."""

    title: str | None = None
    description: str | None = None
    url: str | None = None
    timestamp: str | None = None
    fields: tuple[Field, ...] = ()
    footer: Footer | None = None


class AllowedMentions(msgspec.Struct, frozen=True):
    """Whom a message may alert; nobody, as titles and names are other people's words."""

    parse: tuple[Literal["users", "roles", "everyone"], ...] = ()
    users: tuple[str, ...] = ()


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent or put in place of an earlier message; what is left empty is emptied there too."""

    content: str = ""
    embeds: tuple[Embed, ...] = ()
    components: tuple[Component, ...] = ()
    allowed_mentions: AllowedMentions = AllowedMentions()
    flags: int = 0

    @property
    def is_layout(self) -> bool:
        """Return whether it is made of components."""
        return bool(self.flags & LAYOUT) or any(not isinstance(part, Row) for part in self.components)


def layout(*components: Component) -> Message:
    """Return a message made of components."""
    return Message(components=components, flags=LAYOUT)


def as_layout(message: Message) -> Message:
    """Return the same message made of components, for the place of one that is: those take nothing else."""
    content = (TextDisplay(message.content),) if message.content else ()
    cards = tuple(Container(components=(TextDisplay(text),)) for text in map(_text, message.embeds) if text)
    return msgspec.structs.replace(
        message,
        content="",
        embeds=(),
        components=(*content, *cards, *message.components),
        flags=message.flags | LAYOUT,
    )


def body(message: Message) -> dict[str, Any]:
    """Return the JSON that Discord takes: a layout has no text, not even an empty one."""
    fields: dict[str, Any] = msgspec.to_builtins(message)
    if not message.flags:
        del fields["flags"]
    if message.is_layout:
        fields["content"] = None
    return fields


def _text(embed: Embed) -> str:
    fields = (f"**{field.name}**\n{field.value}" for field in embed.fields)
    title = f"### {embed.title}" if embed.title else None
    footer = f"-# {embed.footer.text}" if embed.footer else None
    return "\n".join(filter(None, (title, embed.description, *fields, footer)))
