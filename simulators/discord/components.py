"""What may be in the components of a message or a form (Discord says modal).

https://docs.discord.com/developers/components/reference
"""

from collections.abc import Iterator
from typing import Any, Final

from simulators.discord.refusals import bad_form, check_length, check_number, check_object, check_objects

ROW, BUTTON, MENU, INPUT, SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER, LABEL = (
    1,
    2,
    3,
    4,
    9,
    10,
    11,
    12,
    13,
    14,
    17,
    18,
)
SELECTS: Final = (MENU, 5, 6, 7, 8)
PARTS: Final = 40
TEXT_TOGETHER: Final = 4_000
_INSIDE: Final = (ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR)
_OUTSIDE: Final = (*_INSIDE, CONTAINER)
_IN_LABELS: Final = (INPUT, *SELECTS, 19, 21, 22, 23)
_LINK: Final = 5
_STYLES: Final = range(1, 7)
_REQUIRED: Final = ("BASE_TYPE_REQUIRED", "This field is required")


def check_rows(rows: list[Any]) -> None:
    """Refuse rows of buttons and menus that Discord would; raises `RefusedError`."""
    seen: set[str] = set()
    for at, row in enumerate(rows):
        _check_kind(row, f"components.{at}", (ROW,))
        _check_row(row, f"components.{at}", seen)


def check_layout(components: list[Any]) -> None:
    """Refuse components of a message that is made of them (v2); raises `RefusedError`."""
    seen: set[str] = set()
    for at, component in enumerate(components):
        _check_part(component, f"components.{at}", seen, _OUTSIDE)
    parts = list(_all(components))
    if len(parts) > PARTS:
        message = f"Message component count exceeds maximum of {PARTS}"
        raise bad_form("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", message)
    if sum(map(_text_of, parts)) > TEXT_TOGETHER:
        message = f"Components displayable text size exceeds maximum size of {TEXT_TOGETHER}"
        raise bad_form("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", message)


def check_choices(choices: object) -> None:
    """Refuse suggestions for somebody who is typing that Discord would; raises `RefusedError`."""
    for at, choice in enumerate(check_objects(choices, "data.choices", 25)):
        for name in ("name", "value"):
            _check_text(choice, name, f"data.choices.{at}.{name}", 100, shortest=1)


def check_form(form: dict[str, Any]) -> None:
    """Refuse a form that Discord would; raises `RefusedError`."""
    _check_text(form, "title", "data.title", 45, shortest=1)
    seen: set[str] = set()
    _check_custom_id(form, "data", set())
    fields = check_objects(form.get("components"), "data.components", 5)
    if not fields:
        raise bad_form("data.components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    for at, field in enumerate(fields):
        path = f"data.components.{at}"
        _check_kind(field, path, (LABEL, TEXT))
        if field["type"] == TEXT:
            _check_text(field, "content", f"{path}.content", TEXT_TOGETHER, shortest=1)
        else:
            _check_label(field, path, seen)


def _check_label(label: dict[str, Any], path: str, seen: set[str]) -> None:
    _check_text(label, "label", f"{path}.label", 45, shortest=1)
    check_length(label.get("description"), f"{path}.description", 100, shortest=1)
    field = check_object(label.get("component"), f"{path}.component")
    _check_kind(field, f"{path}.component", _IN_LABELS)
    _check_custom_id(field, f"{path}.component", seen)
    if field["type"] == INPUT:
        _check_input(field, f"{path}.component")
    elif field["type"] == MENU:
        _check_menu(field, f"{path}.component")


def _check_input(field: dict[str, Any], path: str) -> None:
    if field.get("style") not in {1, 2}:
        raise bad_form(f"{path}.style", "BASE_TYPE_CHOICES", "Value must be one of {1, 2}.")
    longest = 4_000 if field.get("max_length") is None else check_number(field["max_length"], f"{path}.max_length")
    shortest = check_number(field.get("min_length"), f"{path}.min_length")
    for name, value, low in (("max_length", longest, 1), ("min_length", shortest, 0)):
        if not low <= value <= 4_000:  # noqa: PLR2004 - Discord's limit
            raise bad_form(f"{path}.{name}", "NUMBER_TYPE_MAX", f"int value should be between {low} and 4000.")
    if shortest > longest:
        raise bad_form(f"{path}.min_length", "TEXT_INPUT_COMPONENT_INVALID_LENGTHS", "min_length exceeds max_length")
    check_length(field.get("placeholder"), f"{path}.placeholder", 100)
    text = field.get("value")
    check_length(text, f"{path}.value", longest, shortest=shortest if text else 0)


def _check_part(part: dict[str, Any], path: str, seen: set[str], allowed: tuple[int, ...]) -> None:
    _check_kind(part, path, allowed)
    checks = {ROW: _check_row, TEXT: _check_shown, SECTION: _check_section, GALLERY: _check_gallery}
    check = {**checks, CONTAINER: _check_container}.get(part["type"])
    if check is not None:
        check(part, path, seen)


def _check_shown(text: dict[str, Any], path: str, seen: set[str]) -> None:  # noqa: ARG001 - it has no id
    _check_text(text, "content", f"{path}.content", TEXT_TOGETHER, shortest=1)


def _check_gallery(gallery: dict[str, Any], path: str, seen: set[str]) -> None:  # noqa: ARG001 - it has no id
    for at, item in enumerate(_some(gallery.get("items"), f"{path}.items", 10)):
        _check_media(item, f"{path}.items.{at}")


def _check_container(container: dict[str, Any], path: str, seen: set[str]) -> None:
    for at, inner in enumerate(_some(container.get("components"), f"{path}.components", PARTS)):
        _check_part(inner, f"{path}.components.{at}", seen, _INSIDE)
    if not 0 <= check_number(container.get("accent_color"), f"{path}.accent_color") <= 0xFFFFFF:  # noqa: PLR2004
        raise bad_form(f"{path}.accent_color", "NUMBER_TYPE_MAX", "int value should be at most 16777215.")


def _check_section(section: dict[str, Any], path: str, seen: set[str]) -> None:
    for at, text in enumerate(_some(section.get("components"), f"{path}.components", 3)):
        _check_part(text, f"{path}.components.{at}", seen, (TEXT,))
    beside = check_object(section.get("accessory"), f"{path}.accessory")
    _check_kind(beside, f"{path}.accessory", (BUTTON, THUMBNAIL))
    if beside["type"] == BUTTON:
        _check_button(beside, f"{path}.accessory", seen)
    else:
        _check_media(beside, f"{path}.accessory")


def _check_media(item: dict[str, Any], path: str) -> None:
    media = check_object(item.get("media"), f"{path}.media")
    _check_text(media, "url", f"{path}.media.url", 2_048, shortest=1)
    _check_address(media["url"], f"{path}.media.url")
    check_length(item.get("description"), f"{path}.description", 1_024, shortest=1)


def _check_row(row: dict[str, Any], path: str, seen: set[str]) -> None:
    parts = _some(row.get("components"), f"{path}.components", 5)
    for number, part in enumerate(parts):
        here = f"{path}.components.{number}"
        if part.get("type") == BUTTON:
            _check_button(part, here, seen)
        elif part.get("type") in SELECTS and len(parts) == 1:
            _check_custom_id(part, here, seen)
            _check_menu(part, here)
        else:
            raise bad_form(here, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width")


def _check_button(button: dict[str, Any], path: str, seen: set[str]) -> None:
    if button.get("style") not in _STYLES:
        raise bad_form(f"{path}.style", "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3, 4, 5, 6}.")
    check_length(button.get("label"), f"{path}.label", 80)
    check_length(button.get("url"), f"{path}.url", 512)
    if button.get("url") and button.get("custom_id"):
        both = "A custom id and url cannot both be set"
        raise bad_form(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", both)
    if button["style"] != _LINK:
        _check_custom_id(button, path, seen)
    elif not button.get("url"):
        raise bad_form(f"{path}.url", *_REQUIRED)
    else:
        _check_address(button["url"], f"{path}.url")
    if not (button.get("label") or "").strip() and not button.get("emoji"):
        raise bad_form(path, "BUTTON_COMPONENT_INVALID_LABEL_EMOJI", "A label or an emoji must be set")


def _check_menu(menu: dict[str, Any], path: str) -> None:
    check_length(menu.get("placeholder"), f"{path}.placeholder", 150)
    if menu["type"] != MENU:
        return
    options = _some(menu.get("options"), f"{path}.options", 25)
    values: set[str] = set()
    for number, option in enumerate(options):
        here = f"{path}.options.{number}"
        for name in ("label", "value"):
            _check_text(option, name, f"{here}.{name}", 100, shortest=1)
        check_length(option.get("description"), f"{here}.description", 100)
        if option["value"] in values:
            duplicate = "The specified option value is already used"
            raise bad_form(f"{here}.value", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", duplicate)
        values.add(option["value"])
    _check_numbers(menu, path, options)


def _check_numbers(menu: dict[str, Any], path: str, options: list[dict[str, Any]]) -> None:
    most = 1 if menu.get("max_values") is None else check_number(menu["max_values"], f"{path}.max_values")
    least = check_number(menu.get("min_values"), f"{path}.min_values")
    if not 1 <= most <= len(options):
        raise bad_form(f"{path}.max_values", "SELECT_COMPONENT_MAX_VALUES", "Must be at most the number of options")
    if not 0 <= least <= most:
        raise bad_form(f"{path}.min_values", "SELECT_COMPONENT_MIN_VALUES", "Must be at most max_values")
    if sum(bool(option.get("default")) for option in options) > most:
        raise bad_form(f"{path}.options", "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES", "Too many defaults")


def _check_custom_id(part: dict[str, Any], path: str, seen: set[str]) -> None:
    _check_text(part, "custom_id", f"{path}.custom_id", 100, shortest=1)
    if part["custom_id"] in seen:
        duplicate = "Component custom id cannot be duplicated"
        raise bad_form(f"{path}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", duplicate)
    seen.add(part["custom_id"])


def _check_text(part: dict[str, Any], name: str, path: str, longest: int, *, shortest: int) -> None:
    """Refuse a text that has to be there; blanks alone are none."""
    text = part.get(name)
    if text is None or (isinstance(text, str) and text and not text.strip()):
        raise bad_form(path, *_REQUIRED)
    check_length(text, path, longest, shortest=shortest)


def _check_address(url: str, path: str) -> None:
    if not url.startswith(("http://", "https://", "discord://", "attachment://")):
        message = "Scheme must be one of ('http', 'https', 'discord')."
        raise bad_form(path, "URL_TYPE_INVALID_SCHEME", message)


def _check_kind(part: dict[str, Any], path: str, allowed: tuple[int, ...]) -> None:
    if part.get("type") not in allowed:
        raise bad_form(f"{path}.type", "UNION_TYPE_CHOICES", f'Value of field "type" must be one of {allowed}.')


def _some(value: object, path: str, most: int) -> list[dict[str, Any]]:
    """Return a list that must not be empty."""
    parts = check_objects(value, path, most)
    if not parts:
        raise bad_form(path, "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {most} in length.")
    return parts


def _all(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for component in components:
        yield component
        yield from _all(component.get("components") or [])
        yield from _all([component["accessory"]] if component.get("accessory") else [])


def _text_of(part: dict[str, Any]) -> int:
    """Return how much text of a component is shown; whether Discord counts choices is not known, so they are."""
    texts = [part.get("content"), part.get("label"), part.get("placeholder")]
    texts += [option.get("label") for option in part.get("options") or []]
    return sum(len(text) for text in texts if isinstance(text, str))
