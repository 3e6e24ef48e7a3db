"""Makes any message or form one that Discord takes: names and titles of other systems in it may be of any length.

Discord refuses a message as a whole where one part is too long, too many or empty. What is too long is cut, what is too
many or cannot be mended is left out, and nothing is left that says nothing.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from shared.discord import limits
from shared.discord.components import (
    Button,
    Component,
    Container,
    Form,
    MediaGallery,
    Menu,
    Part,
    Row,
    Section,
    Separator,
    TextDisplay,
)
from shared.discord.cutting import CUT, INVISIBLE, Room, clean, cut, cut_lines, length
from shared.discord.fitting_parts import fit_accessory, fit_fields, fit_items, fit_rows, is_address, is_id
from shared.discord.messages import Embed, Field, Footer, Message, as_layout
from shared.errors import InvalidError

_SECTION: Final = 2
"""A section itself and what is beside its texts."""


def fit(message: Message) -> Message:
    """Return the message as Discord takes it; one that fits stays as it is."""
    if message.is_layout:
        return _fit_layout(as_layout(message))
    content = cut_lines(message.content, limits.CONTENT)
    embeds = _fit_embeds(message.embeds)
    rows = tuple(fit_rows((part for part in message.components if isinstance(part, Row)), set()))[: limits.ROWS]
    is_empty = not (content.strip() or embeds or rows)
    return replace(message, content=CUT if is_empty else content, embeds=embeds, components=rows)


def fit_form(form: Form) -> Form:
    """Return the form as Discord takes it; raise `InvalidError` where no field is left or its id is none."""
    seen: set[str] = set()
    fields = tuple(fit_fields(form.components, seen))[: limits.FORM_FIELDS]
    if not fields or not is_id(form.custom_id):
        raise InvalidError("The form has no fields, or no id that it can be sent back with")
    return replace(form, title=cut(form.title, limits.FORM_TITLE) or INVISIBLE, components=fields)


def _fit_embeds(embeds: tuple[Embed, ...]) -> tuple[Embed, ...]:
    room = Room(limits.EMBEDS_TOGETHER)
    fitted = (_fit_embed(embed, room) for embed in embeds)
    return tuple(embed for embed in fitted if embed.title or embed.description or embed.fields or embed.footer)[
        : limits.EMBEDS
    ]


def _fit_embed(embed: Embed, room: Room) -> Embed:
    title = room.take(embed.title, limits.EMBED_TITLE)
    footer = room.take(embed.footer.text if embed.footer else None, limits.EMBED_FOOTER)
    description = room.take(embed.description, limits.EMBED_DESCRIPTION)
    return replace(
        embed,
        title=title,
        description=description,
        url=embed.url if title and is_address(embed.url, limits.URL) else None,
        fields=tuple(_fit_fields_of(embed, room)),
        footer=Footer(footer) if footer else None,
    )


def _fit_fields_of(embed: Embed, room: Room) -> Iterator[Field]:
    for field in embed.fields[: limits.EMBED_FIELDS]:
        name, value = clean(field.name).strip(), clean(field.value).strip()
        if room.left > 1 and (name or value):
            name = room.take(name or INVISIBLE, min(limits.EMBED_FIELD_NAME, room.left - 1)) or INVISIBLE
            yield Field(name, room.take(value or INVISIBLE, limits.EMBED_FIELD_VALUE) or INVISIBLE)


class _Layout:
    """What is left for a message made of components, while its parts are gone through in order.

    Labels come before texts: a list that is cut is of use, and a button without its label is none.
    """

    def __init__(self, components: Iterable[Component]) -> None:
        self.parts = limits.LAYOUT_PARTS
        self.seen: set[str] = set()
        self.labels = limits.LAYOUT_TEXT
        self.text = Room(limits.LAYOUT_TEXT - sum(map(_label_length, components)))

    def fit(self, component: Component) -> Iterator[Component]:
        match component:
            case Container(components=inner):
                self.parts -= 1
                parts = tuple(part for each in inner for part in self.fit_part(each))
                self.parts += not parts
                if parts:
                    yield replace(component, components=parts)
            case _:
                yield from self.fit_part(component)

    def fit_part(self, part: Part) -> Iterator[Part]:
        """Return what becomes of a part: nothing, itself, or the texts of a section without its picture."""
        match part:
            case Row():
                yield from self._taken(next(fit_rows((part,), self.seen), None))
            case TextDisplay():
                yield from self._fit_texts((part,))
            case Section():
                yield from self._fit_section(part)
            case MediaGallery(items=items):
                fitted = tuple(fit_items(items))[: limits.GALLERY_ITEMS]
                yield from self._taken(MediaGallery(fitted) if fitted else None)
            case Separator():
                yield from self._taken(replace(part, spacing=1 if part.spacing <= 1 else 2))

    def _taken(self, part: Part | None) -> Iterator[Part]:
        if part is not None and _size(part) <= self.parts and _label_length(part) <= self.labels:
            self.parts -= _size(part)
            self.labels -= _label_length(part)
            yield part

    def _fit_texts(self, texts: Iterable[TextDisplay]) -> Iterator[TextDisplay]:
        for each in texts:
            text = self.text.take(each.content, limits.LAYOUT_TEXT) if self.parts > 0 else None
            if text is not None:
                self.parts -= 1
                yield TextDisplay(text)

    def _fit_section(self, section: Section) -> Iterator[Part]:
        accessory = fit_accessory(section.accessory, self.seen)
        label = _label_length(section)
        is_beside = accessory is not None and self.parts > _SECTION and label <= self.labels
        self.parts -= _SECTION if is_beside else 0
        texts = tuple(self._fit_texts(section.components[: limits.SECTION_TEXTS]))
        if accessory is not None and is_beside and texts:
            self.labels -= label
            yield Section(components=texts, accessory=accessory)
        else:
            self.parts += _SECTION if is_beside else 0
            yield from texts


def _fit_layout(message: Message) -> Message:
    room = _Layout(message.components)
    parts = tuple(part for component in message.components for part in room.fit(component))
    return replace(message, components=parts or (TextDisplay(CUT),))


def _size(part: Part) -> int:
    return 1 + len(part.components) if isinstance(part, Row) else 1


def _label_length(component: Component) -> int:
    match component:
        case Container(components=inner):
            return sum(map(_label_length, inner))
        case Row(components=inner):
            return sum(map(_labels, inner))
        case Section(accessory=Button() as button):
            return _labels(button)
        case _:
            return 0


def _labels(part: Button | Menu) -> int:
    """Return how much room the words of a button or a menu take at most."""
    if isinstance(part, Button):
        return min(length(part.label), limits.BUTTON_LABEL)
    choices = (min(length(choice.label), limits.CHOICE) for choice in part.options[: limits.CHOICES])
    return min(length(part.placeholder or ""), limits.PLACEHOLDER) + sum(choices)
