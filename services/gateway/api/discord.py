"""`/api/discord`: what the gateway has been told of Discord, and where Discord sends interactions."""

from typing import Final

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency

from services.gateway.api import describe
from services.gateway.api.guards import needs
from services.gateway.discord.receiver import Application

_INTERACTIONS: Final = "/discord/interactions"


class DiscordSetup(msgspec.Struct, frozen=True, kw_only=True):
    """`missing` names the settings that are empty; `is_reachable` is false where Discord would not take the address."""

    application_id: str | None
    missing: list[str]
    interactions_url: str
    is_reachable: bool


_SETUP: Final = DiscordSetup(
    application_id="1100000000000000000",
    missing=["DISCORD_PUBLIC_KEY"],
    interactions_url="https://usher.example.org/discord/interactions",
    is_reachable=True,
)


class DiscordController(Controller):
    """Discord."""

    path, tags = "/discord", ("health",)

    @get("/", summary="How is Discord set up?", opt=needs("read"), responses=describe.shows(_SETUP))
    async def show_setup(self, discord: NamedDependency[Application], public_url: NamedDependency[str]) -> DiscordSetup:
        """Show which settings are missing. Discord sends interactions to https addresses only."""
        settings = {"DISCORD_APPLICATION_ID": discord.id, "DISCORD_PUBLIC_KEY": discord.public_key}
        return DiscordSetup(
            application_id=discord.id or None,
            missing=[name for name, value in settings.items() if not value],
            interactions_url=f"{public_url}{_INTERACTIONS}",
            is_reachable=public_url.startswith("https://"),
        )
