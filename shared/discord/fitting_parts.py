"""Fits the parts of messages and forms: rows, buttons, menus, pictures and fields. See `fitting`."""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from shared.discord import limits
from shared.discord.components import Button, ButtonStyle, Choice, GalleryItem, Label, Menu, Row, TextInput, Thumbnail
from shared.discord.cutting import INVISIBLE, clean, cut, length

_WEB: Final = ("http://", "https://")


def fit_rows(rows: Iterable[Row], seen: set[str]) -> Iterator[Row]:
    for row in rows:
        parts = tuple(_fit_parts(row.components, seen))
        if parts:
            yield Row(parts)


def _fit_parts(parts: tuple[Button | Menu, ...], seen: set[str]) -> Iterator[Button | Menu]:
    """Return up to five buttons, or the menu that comes first: it takes the whole width."""
    first = next((_fit_menu(part, seen) for part in parts[:1] if isinstance(part, Menu)), None)
    if first is not None:
        yield first
        return
    buttons = (fit_button(part, seen) for part in parts if isinstance(part, Button))
    yield from [button for button in buttons if button is not None][: limits.BUTTONS]


def fit_button(button: Button, seen: set[str]) -> Button | None:
    label = cut(button.label, limits.BUTTON_LABEL)
    if button.style == ButtonStyle.LINK:
        is_good = is_address(button.url, limits.BUTTON_URL)
        return replace(button, label=label, custom_id=None) if label and is_good else None
    return replace(button, label=label, url=None) if label and _is_new(button.custom_id, seen) else None


def _fit_menu(menu: Menu, seen: set[str]) -> Menu | None:
    options = tuple(_fit_choices(menu.options))[: limits.CHOICES]
    if not options or not _is_new(menu.custom_id, seen):
        return None
    most = None if menu.max_values is None else min(max(menu.max_values, 1), len(options))
    least = None if menu.min_values is None else min(max(menu.min_values, 0), most or 1)
    return replace(
        menu,
        options=tuple(_with_defaults(options, most or 1)),
        placeholder=cut(menu.placeholder or "", limits.PLACEHOLDER) or None,
        min_values=least,
        max_values=most,
    )


def _fit_choices(choices: Iterable[Choice]) -> Iterator[Choice]:
    """Return choices; one whose value does not fit is left out, for cut it would be another."""
    seen: set[str] = set()
    for choice in choices:
        label, value = cut(choice.label, limits.CHOICE), choice.value
        if label and is_id(value) and value not in seen:
            seen.add(value)
            yield replace(choice, label=label, description=cut(choice.description or "", limits.CHOICE) or None)


def _with_defaults(choices: Iterable[Choice], most: int) -> Iterator[Choice]:
    for choice in choices:
        most -= choice.default
        yield replace(choice, default=choice.default and most >= 0)


def fit_accessory(accessory: Button | Thumbnail, seen: set[str]) -> Button | Thumbnail | None:
    if isinstance(accessory, Button):
        return fit_button(accessory, seen)
    described = cut(accessory.description or "", limits.MEDIA_DESCRIPTION) or None
    return replace(accessory, description=described) if is_address(accessory.media.url, limits.URL) else None


def fit_items(items: Iterable[GalleryItem]) -> Iterator[GalleryItem]:
    for item in items:
        if is_address(item.media.url, limits.URL):
            yield replace(item, description=cut(item.description or "", limits.MEDIA_DESCRIPTION) or None)


def fit_fields(fields: Iterable[Label], seen: set[str]) -> Iterator[Label]:
    for field in fields:
        component = field.component
        fitted = _fit_menu(component, seen) if isinstance(component, Menu) else _fit_input(component, seen)
        if fitted is not None:
            yield Label(
                label=cut(field.label, limits.FORM_LABEL) or INVISIBLE,
                description=cut(field.description or "", limits.FORM_DESCRIPTION) or None,
                component=fitted,
            )


def _fit_input(field: TextInput, seen: set[str]) -> TextInput | None:
    if not _is_new(field.custom_id, seen):
        return None
    longest = min(max(field.max_length or limits.FORM_VALUE, 1), limits.FORM_VALUE)
    shortest = None if field.min_length is None else min(max(field.min_length, 0), longest)
    value = cut(field.value or "", longest)
    return replace(
        field,
        value=value if value and length(value) >= (shortest or 0) else None,
        placeholder=cut(field.placeholder or "", limits.FORM_PLACEHOLDER) or None,
        min_length=shortest,
        max_length=longest,
    )


def is_id(text: str | None) -> bool:
    return text is not None and text == clean(text) and bool(text.strip()) and length(text) <= limits.CUSTOM_ID


def _is_new(custom_id: str | None, seen: set[str]) -> bool:
    """Return whether it is an id that no other part of the message has, and note it."""
    is_new = custom_id is not None and is_id(custom_id) and custom_id not in seen
    if custom_id is not None and is_new:
        seen.add(custom_id)
    return is_new


def is_address(url: str | None, limit: int) -> bool:
    return url is not None and url.startswith(_WEB) and url == clean(url) and length(url) <= limit
