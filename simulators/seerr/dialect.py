"""The differences between the Seerr versions in use."""

from enum import Enum


class Dialect(Enum):
    """A Seerr by the version it reports."""

    OVERSEERR = "1.34.0"
    JELLYSEERR = "2.7.3"
    SEERR = "3.1.0"
    SEERR_OF_MANY_DISCORD_IDS = "3.3.0"

    @property
    def speaks_jellyfin(self) -> bool:
        """Tell whether it supports Jellyfin and Emby."""
        return self is not Dialect.OVERSEERR

    @property
    def has_many_discord_ids(self) -> bool:
        """Tell whether `discordId` became the list `discordIds`, in the notification settings only.

        https://github.com/seerr-team/seerr/pull/2712
        """
        return self is Dialect.SEERR_OF_MANY_DISCORD_IDS
