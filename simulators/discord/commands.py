"""Slash commands as Discord registers them: a bulk overwrite replaces all of a guild or all global ones."""

import re
from collections import deque
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from simulators.asgi import Request
from simulators.determinism import Clock
from simulators.discord.refusals import bad_form, check_length, check_object, check_objects, refused

CREATES_A_DAY: Final = 200
_CHAT: Final = 1
_MOST: Final = 100
_CHARACTERS: Final = 8000
_NAME: Final = re.compile(r"[-_'\w]{1,32}")
_SUBCOMMANDS: Final = (1, 2)
_KINDS: Final = (1, 2, 3, 4)
_OPTION_TYPES: Final = range(1, 12)


class Commands:
    """What is registered where; a name that is new counts against the day's creations."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._created: dict[str, deque[datetime]] = {}
        self._version = 0
        self.of: dict[str, dict[str, dict[str, Any]]] = {}
        """By guild, `""` for the global ones, and name."""

    def listed(self, guild: str, *, with_localizations: bool = True) -> list[dict[str, Any]]:
        """Return what is registered in a guild, or globally; translations are only there for who asks for them."""
        commands = list(self.of.get(guild, {}).values())
        return commands if with_localizations else [_untranslated(command) for command in commands]

    def overwrite(
        self, guild: str, application: str, bodies: list[dict[str, Any]], *, first_id: int
    ) -> list[dict[str, Any]]:
        """Replace all; raises `RefusedError`, and then nothing has changed."""
        check_all(bodies)
        current = self.of.get(guild, {})
        self._count(guild, sum(body["name"] not in current for body in bodies))
        replaced = {}
        for number, body in enumerate(bodies):
            fresh = self._registered(body, application, guild, number=first_id + number, current=current)
            replaced[body["name"]] = fresh
        self.of[guild] = replaced
        return self.listed(guild)

    def _count(self, guild: str, new: int) -> None:
        created = self._created.setdefault(guild, deque())
        while created and self._clock.now() - created[0] >= timedelta(days=1):
            created.popleft()
        if len(created) + new > CREATES_A_DAY:
            message = f"Max number of daily application command creates has been reached ({CREATES_A_DAY})"
            raise refused(400, 30034, message)
        created.extend([self._clock.now()] * new)

    def _registered(
        self, body: dict[str, Any], application: str, guild: str, *, number: int, current: dict[str, dict[str, Any]]
    ) -> dict[str, Any]:
        known = current.get(body["name"])
        permissions = body.get("default_member_permissions")
        command = {
            "id": known["id"] if known else str(number),
            "application_id": application,
            "version": str(number),
            "default_member_permissions": None if permissions is None else str(permissions),
            "type": body.get("type", _CHAT),
            "name": body["name"],
            "name_localizations": body.get("name_localizations"),
            "description": body.get("description") or "",
            "description_localizations": body.get("description_localizations"),
            "dm_permission": True,
            "contexts": body.get("contexts"),
            "integration_types": body.get("integration_types") or [0],
            "nsfw": bool(body.get("nsfw", False)),
            **({"options": body["options"]} if body.get("options") else {}),
            **({"guild_id": guild} if guild else {}),
        }
        if known and {**known, "version": ""} == {**command, "version": ""}:
            return known
        return command


def _untranslated(part: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in part.items() if not name.endswith("_localizations")}
    for name in ("options", "choices"):
        if name in kept:
            kept[name] = [_untranslated(each) for each in kept[name]]
    return kept


def check_all(bodies: list[dict[str, Any]]) -> None:
    """Refuse a list of commands that Discord would; raises `RefusedError`."""
    names: set[tuple[int, str]] = set()
    for at, body in enumerate(bodies):
        _check(body, str(at))
        key = (body.get("type", _CHAT), body["name"])
        if key in names:
            raise bad_form(str(at), "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
        names.add(key)
    if sum(kind == _CHAT for kind, _ in names) > _MOST:
        raise refused(400, 30032, f"Maximum number of application commands reached ({_MOST})")


def _check(body: dict[str, Any], path: str) -> None:
    if body.get("type", _CHAT) not in _KINDS:
        raise bad_form(f"{path}.type", "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3, 4}.")
    is_chat = body.get("type", _CHAT) == _CHAT
    _check_name(body.get("name"), path, is_chat=is_chat)
    if is_chat:
        check_length(body.get("description") or "", f"{path}.description", 100, shortest=1)
    for name in check_object(body.get("name_localizations"), f"{path}.name_localizations").values():
        _check_name(name, path, is_chat=is_chat)
    _check_options(body.get("options"), path)
    if _characters(body) > _CHARACTERS:
        raise bad_form(path, "APPLICATION_COMMAND_TOO_LARGE", f"Command exceeds maximum size ({_CHARACTERS})")


def _check_name(name: object, path: str, *, is_chat: bool) -> None:
    if name is None:
        raise bad_form(f"{path}.name", "BASE_TYPE_REQUIRED", "This field is required")
    check_length(name, f"{path}.name", 32, shortest=1)
    if is_chat and (not _NAME.fullmatch(str(name)) or str(name) != str(name).lower()):
        raise bad_form(f"{path}.name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _check_options(options: object, path: str) -> None:
    is_optional_seen = False
    for at, option in enumerate(check_objects(options, f"{path}.options", 25)):
        here = f"{path}.options.{at}"
        _check_name(option.get("name"), here, is_chat=True)
        check_length(option.get("description") or "", f"{here}.description", 100, shortest=1)
        if option.get("type") not in _OPTION_TYPES:
            raise bad_form(
                f"{here}.type", "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}."
            )
        if option.get("required") and is_optional_seen:
            message = "Required options must be placed before non-required options"
            raise bad_form(here, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
        is_optional_seen = is_optional_seen or not option.get("required")
        _check_choices(option, here)
        if option["type"] in _SUBCOMMANDS:
            _check_options(option.get("options"), here)


def _check_choices(option: dict[str, Any], path: str) -> None:
    choices = check_objects(option.get("choices"), f"{path}.choices", 25)
    if choices and option.get("autocomplete"):
        raise bad_form(
            path, "APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE", "Choices and autocomplete are exclusive"
        )
    for at, choice in enumerate(choices):
        check_length(choice.get("name", ""), f"{path}.choices.{at}.name", 100, shortest=1)
        if isinstance(choice.get("value"), str):
            check_length(choice["value"], f"{path}.choices.{at}.value", 100)


def _characters(part: dict[str, Any]) -> int:
    own = len(part.get("name") or "") + len(part.get("description") or "") + len(str(part.get("value") or ""))
    children = [*(part.get("options") or []), *(part.get("choices") or [])]
    return own + sum(_characters(child) for child in children)


def decoded(request: Request) -> list[dict[str, Any]]:
    """Return a list of commands; raises `RefusedError`."""
    try:
        value = request.json()
    except msgspec.DecodeError as exc:
        raise refused(400, 50109, "The request body contains invalid JSON.") from exc
    return check_objects(value, "_errors", 130)
