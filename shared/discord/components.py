"""The parts of a message or a form: buttons, menus, and what a message made of components (v2) is built from.

https://docs.discord.com/developers/components/reference. `fitting` holds them to Discord's limits.
"""

from enum import IntEnum
from typing import Literal

import msgspec


class ButtonStyle(IntEnum):
    """The colours of a button; a `LINK` has an address and sends no interaction."""

    PRIMARY = 1
    SECONDARY = 2
    SUCCESS = 3
    DANGER = 4
    LINK = 5


class Button(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag=2):
    """A button with a `custom_id`, or a `LINK` with a `url`."""

    style: ButtonStyle
    label: str
    custom_id: str | None = None
    url: str | None = None
    disabled: bool = False


class Choice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An entry of a menu."""

    label: str
    value: str
    description: str | None = None
    default: bool = False


class Menu(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag=3):
    """A menu, in a row of a message or as a field of a form. `required` is for forms alone."""

    custom_id: str
    options: tuple[Choice, ...]
    placeholder: str | None = None
    min_values: int | None = None
    max_values: int | None = None
    required: bool | None = None


class Row(msgspec.Struct, frozen=True, tag_field="type", tag=1):
    """Up to five buttons, or one menu."""

    components: tuple[Button | Menu, ...]


class TextDisplay(msgspec.Struct, frozen=True, tag_field="type", tag=10):
    """A text in Markdown."""

    content: str


class Media(msgspec.Struct, frozen=True):
    """A picture or film by its address."""

    url: str


class Thumbnail(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag=11):
    """A small picture beside the texts of a section."""

    media: Media
    description: str | None = None


class Section(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=9):
    """One to three texts with a picture or a button beside them."""

    components: tuple[TextDisplay, ...]
    accessory: Button | Thumbnail


class GalleryItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A picture of a gallery."""

    media: Media
    description: str | None = None


class MediaGallery(msgspec.Struct, frozen=True, tag_field="type", tag=12):
    """One to ten pictures."""

    items: tuple[GalleryItem, ...]


class Separator(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag=14):
    """Space between components, by default with a line; a `spacing` of 2 is more."""

    divider: bool = True
    spacing: int = 1


Part = Row | TextDisplay | Section | MediaGallery | Separator


class Container(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag=17):
    """A box around components; `accent_color` is the colour of its edge, as 0xRRGGBB."""

    components: tuple[Part, ...]
    accent_color: int | None = None


Component = Part | Container


class TextInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag=4):
    """A field of a form to type in; `value` is what stands there at first. Style 1 is a line, 2 a paragraph."""

    custom_id: str
    style: Literal[1, 2]
    value: str | None = None
    placeholder: str | None = None
    required: bool = True
    min_length: int | None = None
    max_length: int | None = None


class Label(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag=18):
    """A field of a form with its name."""

    label: str
    component: TextInput | Menu
    description: str | None = None


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """A form that somebody fills in (Discord says modal): a title and one to five fields."""

    custom_id: str
    title: str
    components: tuple[Label, ...]
