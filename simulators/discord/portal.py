"""The application as the developer portal has it: what its owner sets by hand, and what a bot may read of it."""

from typing import Any

import msgspec

from simulators.discord.interactions import DiscordApp
from simulators.discord.messages import user


class Portal(msgspec.Struct):
    """`endpoint` is where interactions are sent; of a public bot anybody may add it to a guild of their own."""

    endpoint: str | None = None
    is_public: bool = False

    def shown(self, app: DiscordApp, *, bot: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to `GET /applications/@me`."""
        counts = ("guild", "user_install", "user_authorization")
        return {
            "id": app.id,
            "name": "Usher",
            "icon": None,
            "description": "",
            "type": None,
            "bot": bot,
            "bot_public": self.is_public,
            "verify_key": app.public_key,
            "flags": 0,
            "flags_new": "0",
            "redirect_uris": [],
            "interactions_endpoint_url": self.endpoint,
            "role_connections_verification_url": None,
            "owner": user(str(int(app.id) - 1), "owner"),
            **{f"approximate_{each}_count": 1 for each in counts},
            "explicit_content_filter": 0,
            "team": None,
            "eligible_oauth2_scopes": [],
        }
