"""What may be in a message, and what it looks like when it comes back."""

from collections.abc import Iterator
from itertools import count
from typing import Any, Final

from simulators.discord import components
from simulators.discord.refusals import bad_form, check_length, check_number, check_object, check_objects, refused

CONTENT: Final = 2000
_EMBEDS_TOGETHER: Final = 6000
_CONTENTS: Final = ("content", "embeds", "components", "attachments", "poll", "sticker_ids")
LOADING: Final = 1 << 7
V2: Final = 1 << 15


def check(body: dict[str, Any], *, to_create: bool, before: dict[str, Any] | None = None) -> None:
    """Refuse a message that Discord would, or an edit of the one `before`; raises `RefusedError`."""
    check_length(body.get("content"), "content", CONTENT)
    _check_embeds(check_objects(body.get("embeds"), "embeds", 10))
    was_v2 = bool(before and before.get("flags", 0) & V2)
    is_v2 = bool(check_number(body.get("flags"), "flags") & V2)
    if is_v2 or was_v2:
        _check_no_legacy(body, {} if before is None or was_v2 else before)
    if is_v2 or (was_v2 and body.get("flags") is None):
        components.check_layout(check_objects(body.get("components"), "components", 40))
    else:
        components.check_rows(check_objects(body.get("components"), "components", 5))
    if to_create and not any(body.get(name) for name in _CONTENTS):
        raise refused(400, 50006, "Cannot send an empty message")


def _check_no_legacy(body: dict[str, Any], before: dict[str, Any]) -> None:
    """Refuse text and embeds beside components (v2), also those that an edit leaves where they are.

    An edit removes embeds by an empty list and not by null: https://github.com/discord/discord-api-docs/issues/7787.
    """
    content = body["content"] if "content" in body else before.get("content")
    embeds = before.get("embeds") if body.get("embeds") is None else body["embeds"]
    for name, value in (("content", content), ("embeds", embeds)):
        if value:
            message = f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            raise bad_form(name, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", message)


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
            if name.startswith("fields") and not value.strip():
                raise bad_form(f"embeds.{at}.{name}", "BASE_TYPE_REQUIRED", "This field is required")
            together += len((value or "").encode("utf-16-le")) // 2
    if together > _EMBEDS_TOGETHER:
        raise bad_form("embeds", "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {_EMBEDS_TOGETHER}")


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
    changes: dict[str, Any] = {"flags": message.get("flags", 0) | int(body.get("flags") or 0) & V2}
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


def _numbered(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give a number to every component that came without one, and fill in what was left out."""
    numbers = count(1)
    return [_filled(part, numbers) for part in parts]


def _filled(part: dict[str, Any], numbers: Iterator[int]) -> dict[str, Any]:
    filled: dict[str, Any] = {"id": next(numbers), **_LEFT_OUT.get(part["type"], {})}
    filled |= {name: value for name, value in part.items() if value is not None}
    if "components" in filled:
        filled["components"] = [_filled(inner, numbers) for inner in filled["components"]]
    for name in ("accessory", "media"):
        if name in filled:
            filled[name] = _filled(filled[name], numbers) if name == "accessory" else _media(filled[name], numbers)
    if "items" in filled:
        filled["items"] = [
            {"description": None, "spoiler": False, **item, "media": _media(item["media"], numbers)}
            for item in filled["items"]
        ]
    return filled


def _media(media: dict[str, Any], numbers: Iterator[int]) -> dict[str, Any]:
    proxied = {"proxy_url": media["url"], "width": None, "height": None, "content_type": None}
    return {"id": str(next(numbers)), **proxied, **media}


_CHOSEN: Final = {"min_values": 1, "max_values": 1}
_LEFT_OUT: Final[dict[int, dict[str, Any]]] = {
    **dict.fromkeys(components.SELECTS, _CHOSEN),
    components.THUMBNAIL: {"description": None, "spoiler": False},
    components.SEPARATOR: {"spacing": 1, "divider": True},
    components.CONTAINER: {"accent_color": None, "spoiler": False},
}


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
