"""Makes the Discord client that the settings describe."""

from typing import Any, Final

from shared.discord.rate_limits import Limits
from shared.discord.rest import Discord
from shared.http.upstream import Upstream
from shared.settings import UpstreamSettings

DISCORD: Final = "Discord"


def discord_of(
    http: Any, config: UpstreamSettings, *, upstream: Upstream | None = None, limits: Limits | None = None
) -> Discord | None:
    """Return Discord, or None if it is off; clients of one process share `upstream` and `limits`."""
    if not config.has_discord:
        return None
    return Discord(
        http,
        upstream or Upstream(DISCORD),
        application_id=config.discord_application_id,
        bot_token=config.discord_bot_token,
        limits=limits or Limits(),
        url=config.discord_api_url,
    )
