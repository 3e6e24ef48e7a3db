"""What may be in a message, and what it looks like when it comes back."""

from typing import Any, Final

from simulators.discord.refusals import bad_form, check_length, check_number, check_object, check_objects, refused

CONTENT: Final = 2000
_EMBEDS_TOGETHER: Final = 6000
_ROW: Final = 1
_BUTTON: Final = 2
_LINK: Final = 5
_SELECTS: Final = (3, 5, 6, 7, 8)
_CONTENTS: Final = ("content", "embeds", "components", "attachments", "poll", "sticker_ids")
LOADING: Final = 1 << 7
V2: Final = 1 << 15


def check(body: dict[str, Any], *, to_create: bool) -> None:
    """Refuse a message that Discord would; raises `RefusedError`."""
    check_length(body.get("content"), "content", CONTENT)
    _check_embeds(check_objects(body.get("embeds"), "embeds", 10))
    if check_number(body.get("flags"), "flags") & V2:
        if body.get("content") or body.get("embeds"):
            raise bad_form("content", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", "Cannot be used with V2.")
        check_objects(body.get("components"), "components", 40)
    else:
        _check_rows(check_objects(body.get("components"), "components", 5))
    if to_create and not any(body.get(name) for name in _CONTENTS):
        raise refused(400, 50006, "Cannot send an empty message")


def _check_embeds(embeds: list[Any]) -> None:
    together = 0
    for at, embed in enumerate(embeds):
        texts = [("title", embed.get("title"), 256), ("description", embed.get("description"), 4096)]
        texts.append(("footer.text", check_object(embed.get("footer"), f"embeds.{at}.footer").get("text"), 2048))
        texts.append(("author.name", check_object(embed.get("author"), f"embeds.{at}.author").get("name"), 256))
        for number, field in enumerate(check_objects(embed.get("fields"), f"embeds.{at}.fields", 25)):
            texts.append((f"fields.{number}.name", field.get("name", ""), 256))
            texts.append((f"fields.{number}.value", field.get("value", ""), 1024))
        for name, value, longest in texts:
            check_length(value, f"embeds.{at}.{name}", longest, shortest=1 if name.startswith("fields") else 0)
            together += len(value or "")
    if together > _EMBEDS_TOGETHER:
        raise bad_form("embeds", "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {_EMBEDS_TOGETHER}")


def _check_rows(rows: list[Any]) -> None:
    seen: set[str] = set()
    for at, row in enumerate(rows):
        path = f"components.{at}"
        if row.get("type") != _ROW:
            raise bad_form(f"{path}.type", "UNION_TYPE_CHOICES", 'Value of field "type" must be one of (1,).')
        parts = check_objects(row.get("components"), f"{path}.components", 5)
        for number, part in enumerate(parts):
            _check_part(part, f"{path}.components.{number}", seen, is_alone=len(parts) == 1)


def _check_part(part: dict[str, Any], path: str, seen: set[str], *, is_alone: bool) -> None:
    if part.get("type") == _BUTTON:
        _check_button(part, path)
    elif part.get("type") in _SELECTS and is_alone:
        _check_select(part, path)
    else:
        raise bad_form(path, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width")
    custom_id = part.get("custom_id")
    if custom_id is None:
        return
    check_length(custom_id, f"{path}.custom_id", 100, shortest=1)
    if custom_id in seen:
        raise bad_form(
            f"{path}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
        )
    seen.add(custom_id)


def _check_button(button: dict[str, Any], path: str) -> None:
    check_length(button.get("label"), f"{path}.label", 80)
    check_length(button.get("url"), f"{path}.url", 512)
    needed = "url" if button.get("style") == _LINK else "custom_id"
    if not button.get(needed):
        raise bad_form(f"{path}.{needed}", "BASE_TYPE_REQUIRED", "This field is required")
    if button.get("url") and button.get("custom_id"):
        raise bad_form(
            path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", "A custom id and url cannot both be set"
        )
    if not button.get("label") and not button.get("emoji"):
        raise bad_form(path, "BUTTON_COMPONENT_INVALID_LABEL_EMOJI", "A label or an emoji must be set")


def _check_select(select: dict[str, Any], path: str) -> None:
    if not select.get("custom_id"):
        raise bad_form(f"{path}.custom_id", "BASE_TYPE_REQUIRED", "This field is required")
    check_length(select.get("placeholder"), f"{path}.placeholder", 150)
    values: set[str] = set()
    for number, option in enumerate(check_objects(select.get("options"), f"{path}.options", 25)):
        for name in ("label", "value"):
            check_length(option.get(name, ""), f"{path}.options.{number}.{name}", 100, shortest=1)
        check_length(option.get("description"), f"{path}.options.{number}.description", 100)
        if option["value"] in values:
            duplicate = "The specified option value is already used"
            raise bad_form(f"{path}.options.{number}.value", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", duplicate)
        values.add(option["value"])


def shown(body: dict[str, Any], *, message_id: str, channel_id: str, author: dict[str, Any], at: str) -> dict[str, Any]:
    """Return the message as Discord answers with it."""
    return {
        "type": 0,
        "content": body.get("content") or "",
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [_embed(embed) for embed in body.get("embeds") or []],
        "timestamp": at,
        "edited_timestamp": None,
        "flags": int(body.get("flags") or 0),
        "components": _numbered(body.get("components") or []),
        "id": message_id,
        "channel_id": channel_id,
        "author": author,
        "pinned": False,
        "mention_everyone": False,
        "tts": False,
    }


def edited(message: dict[str, Any], body: dict[str, Any], *, at: str) -> dict[str, Any]:
    """Return the message with what an edit names; what it does not name stays."""
    changes: dict[str, Any] = {}
    if "content" in body:
        changes["content"] = body["content"] or ""
    if "embeds" in body:
        changes["embeds"] = [_embed(embed) for embed in body["embeds"] or []]
    if "components" in body:
        changes["components"] = _numbered(body["components"] or [])
    return {**message, **changes, "edited_timestamp": at}


def _embed(embed: dict[str, Any]) -> dict[str, Any]:
    filled = {name: value for name, value in embed.items() if value is not None}
    if "fields" in filled:
        filled["fields"] = [{"inline": False, **field} for field in filled["fields"]]
    return {"type": "rich", **filled}


def _numbered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give a number to every component that came without one, and fill in what was left out."""
    number = 0
    numbered = []
    for row in rows:
        number += 1
        parts = []
        row_number = number
        for part in row.get("components", []):
            number += 1
            chosen = {"min_values": 1, "max_values": 1} if part["type"] in _SELECTS else {}
            filled = {name: value for name, value in part.items() if value is not None}
            parts.append({"id": number, **chosen, **filled})
        numbered.append({"id": row_number, **row, "components": parts})
    return numbered


def user(user_id: str, name: str, *, is_bot: bool = False) -> dict[str, Any]:
    """Return a user as others see it."""
    return {
        "id": user_id,
        "username": name,
        "avatar": None,
        "discriminator": "0",
        "public_flags": 0,
        "flags": 0,
        "bot": is_bot,
        "banner": None,
        "accent_color": None,
        "global_name": None if is_bot else name.title(),
        "avatar_decoration_data": None,
        "collectibles": None,
        "primary_guild": None,
    }
