"""Ends sessions at Jellyfin and Emby that a sign-in opened and nobody uses."""

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from shared.clients.emby import Emby
from shared.clients.jellyfin import Jellyfin
from shared.errors import UsherError
from shared.schemas.secret import Secret

WITHIN: Final = timedelta(seconds=3)

log = structlog.get_logger()


async def end_session(client: Jellyfin | Emby, token: Secret, *, server: str) -> None:
    """End a session if that is possible now; it cannot be done later, because the token is not stored."""
    try:
        async with asyncio.timeout(WITHIN.total_seconds()):
            await client.sign_out(token)
    except (UsherError, TimeoutError) as exc:
        reason = exc.detail if isinstance(exc, UsherError) else "no answer in time"
        log.warning("session_left_behind", server=server, reason=reason)
