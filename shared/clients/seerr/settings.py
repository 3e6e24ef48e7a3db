"""A Seerr user's settings, which must be read, changed and written back whole: Seerr clears what is missing.

Pure: dictionaries in, dictionaries out, so that fields newer than this code survive.
"""

from collections.abc import Mapping
from typing import Any, Final

from shared.clients.seerr.dialect import Dialect
from shared.leniency import text

UserSettings = dict[str, Any]

_READ_ONLY: Final = frozenset(
    {
        "discordEnabled",
        "discordEnabledTypes",
        "emailEnabled",
        "globalMovieQuotaDays",
        "globalMovieQuotaLimit",
        "globalTvQuotaDays",
        "globalTvQuotaLimit",
        "telegramBotUsername",
        "telegramEnabled",
        "webPushEnabled",
    }
)


def writable(settings: Mapping[str, Any]) -> UserSettings:
    """Return what to send back: all but what only describes how Seerr itself is set up."""
    return {name: value for name, value in settings.items() if name not in _READ_ONLY}


def discord_ids(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the Discord ids in notification settings of any dialect."""
    several = settings.get("discordIds")
    ids = several if isinstance(several, list) else [settings.get("discordId")]
    return tuple(found for found in map(text, ids) if found)


def with_discord_id(settings: Mapping[str, Any], discord_id: str, *, dialect: Dialect) -> UserSettings:
    """Return notification settings with this Discord id: added if several are possible, else replacing the old one."""
    known = discord_ids(settings)
    if discord_id in known:
        return dict(settings)
    field = _field(settings, dialect)
    return {**settings, field: [*known, discord_id] if field == "discordIds" else discord_id}


def without_discord_id(settings: Mapping[str, Any], discord_id: str, *, dialect: Dialect) -> UserSettings:
    """Return notification settings without this Discord id; others stay."""
    known = discord_ids(settings)
    if discord_id not in known:
        return dict(settings)
    field = _field(settings, dialect)
    others = [other for other in known if other != discord_id]
    return {**settings, field: others if field == "discordIds" else ""}


def _field(settings: Mapping[str, Any], dialect: Dialect) -> str:
    """Return the field that is really there; answers leave out an empty `discordId`."""
    return next((field for field in ("discordIds", "discordId") if field in settings), dialect.discord_field)
