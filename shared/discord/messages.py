"""Messages as Usher sends them: text, embeds, buttons and menus.

https://docs.discord.com/developers/resources/message and /components/reference. The limits beside the fields are
Discord's; a text is cut by whoever writes the message.
"""

from enum import IntEnum
from typing import Final, Literal

import msgspec

EPHEMERAL: Final = 1 << 6
"""A reply that only the person who asked can see; fixed by the first answer to the interaction."""

LONGEST_CONTENT: Final = 2_000
"""Characters of a message's text; Discord refuses one that is longer, and with it all of the message."""

LOADING: Final = 1 << 7
"""A reply that is still a promise: Discord shows "is thinking…"."""


_CUT: Final = "…"


class ButtonStyle(IntEnum):
    """The colours of a button; a `LINK` has an address and sends no interaction."""

    SECONDARY = 2
    LINK = 5


class Footer(msgspec.Struct, frozen=True):
    """The small print of an embed; 2048 characters."""

    text: str


class Field(msgspec.Struct, frozen=True, omit_defaults=True):
    """A name and a value in an embed; 256 and 1024 characters, neither empty."""

    name: str
    value: str


class Embed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A card; title 256, description 4096, 25 fields, 6000 characters over all embeds of a message."""

    title: str | None = None
    description: str | None = None
    url: str | None = None
    timestamp: str | None = None
    fields: tuple[Field, ...] = ()
    footer: Footer | None = None


class Button(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag=2):
    """A button; label 80, `custom_id` 100 or `url` 512."""

    style: ButtonStyle
    label: str
    custom_id: str | None = None
    url: str | None = None


class Choice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An entry of a menu; 100 characters each."""

    label: str
    value: str
    description: str | None = None
    default: bool = False


class Menu(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag=3):
    """A menu of at most 25 choices."""

    custom_id: str
    options: tuple[Choice, ...]


class Row(msgspec.Struct, frozen=True, tag_field="type", tag=1):
    """Up to five buttons, or one menu; a message has up to five rows."""

    components: tuple[Button | Menu, ...]


class AllowedMentions(msgspec.Struct, frozen=True):
    """Whom a message may alert; nobody, as titles and names are other people's words."""

    parse: tuple[Literal["users", "roles", "everyone"], ...] = ()
    users: tuple[str, ...] = ()


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent or put in place of an earlier message; what is left empty is emptied there too."""

    content: str = ""
    embeds: tuple[Embed, ...] = ()
    components: tuple[Row, ...] = ()
    allowed_mentions: AllowedMentions = AllowedMentions()


def fitting(message: Message) -> Message:
    """Return a message whose text Discord takes: names of other systems in it may be of any length."""
    if _length(message.content) <= LONGEST_CONTENT:
        return message
    kept, length = "", _length(_CUT)
    for line in message.content.splitlines(keepends=True):
        length += _length(line)
        if length > LONGEST_CONTENT:
            break
        kept += line
    return msgspec.structs.replace(message, content=f"{kept or message.content[: LONGEST_CONTENT // 2 - 1]}{_CUT}")


def _length(text: str) -> int:
    """Return the length as Discord may count it at most: in UTF-16."""
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2
