"""A Seerr user's settings, which must be read, changed and written back whole: what is missing is wiped.

Pure: dictionaries in, dictionaries out, so that a field that is newer than this is kept as it is.
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
    """Return what is sent back: all but what only tells how Seerr itself is set up."""
    return {name: value for name, value in settings.items() if name not in _READ_ONLY}


def discord_ids(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the Discord ids in notification settings of any dialect."""
    several = settings.get("discordIds")
    ids = several if isinstance(several, list) else [settings.get("discordId")]
    return tuple(found for found in map(text, ids) if found)


def with_discord_id(settings: Mapping[str, Any], discord_id: str, *, dialect: Dialect) -> UserSettings:
    """Return notification settings that name this Discord user: beside others where several fit, else instead."""
    known = discord_ids(settings)
    if discord_id in known:
        return dict(settings)
    field = _field(settings, dialect)
    return {**settings, field: [*known, discord_id] if field == "discordIds" else discord_id}


def without_discord_id(settings: Mapping[str, Any], discord_id: str, *, dialect: Dialect) -> UserSettings:
    """Return notification settings that no longer name this Discord user; others stay."""
    known = discord_ids(settings)
    if discord_id not in known:
        return dict(settings)
    field = _field(settings, dialect)
    others = [other for other in known if other != discord_id]
    return {**settings, field: others if field == "discordIds" else ""}


def _field(settings: Mapping[str, Any], dialect: Dialect) -> str:
    """Return the field that is really there; an empty `discordId` is left out of answers."""
    return next((field for field in ("discordIds", "discordId") if field in settings), dialect.discord_field)
