"""Which of the four kinds of Seerr answers: one program under three names, whose API changed over time.

Overseerr 1.x, its fork Jellyseerr (1.x, 2.x), and Seerr 3, which both became. Since 3.3 a person can have several
Discord ids (https://github.com/seerr-team/seerr/pull/2712).
"""

import re
from enum import StrEnum
from typing import Final

_VERSION: Final = re.compile(r"v?([0-9]{1,4})\.([0-9]{1,4})(?:[.+-].*)?", re.ASCII)
_SEERR: Final = (3, 0)
_SEVERAL_DISCORD_IDS: Final = (3, 3)


class Dialect(StrEnum):
    """The kinds that behave differently."""

    OVERSEERR = "overseerr"
    JELLYSEERR = "jellyseerr"
    SEERR = "seerr"
    SEERR_3_3 = "seerr-3.3"

    @property
    def discord_field(self) -> str:
        """Return the name of the Discord id in the notification settings."""
        return "discordIds" if self is Dialect.SEERR_3_3 else "discordId"


def dialect_of(version: str, *, names_media_server: bool) -> Dialect:
    """Return the dialect from `/status`'s version and whether `/settings/public` has a `mediaServerType`.

    Builds between releases are called `develop-<commit>`; they count as the newest of their kind.
    """
    match = _VERSION.fullmatch(version.strip())
    number = (int(match[1]), int(match[2])) if match else None
    if number is None:
        return Dialect.SEERR_3_3 if names_media_server else Dialect.OVERSEERR
    if number >= _SEVERAL_DISCORD_IDS:
        return Dialect.SEERR_3_3
    if number >= _SEERR:
        return Dialect.SEERR
    return Dialect.JELLYSEERR if names_media_server or number[0] == 2 else Dialect.OVERSEERR  # noqa: PLR2004
