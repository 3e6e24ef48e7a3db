"""Picks the parser of each sender."""

from datetime import datetime
from typing import assert_never

from services.syncer.history.sources import emby, jellyfin, plex, tautulli
from services.syncer.history.sources.outcome import Ignored, Outcome
from shared.schemas.webhook_senders import Source
from shared.schemas.webhooks import Webhook


def parse_webhook(webhook: Webhook) -> Outcome:
    """Return what a stored webhook means for the watch history."""
    return parse(webhook.source, bytes(webhook.payload), received_at=webhook.received_at)


def parse(source: Source, payload: bytes, *, received_at: datetime) -> Outcome:
    """Return what a webhook means for the watch history; never raises, whatever the bytes are."""
    match source:
        case "plex":
            return plex.parse(payload, received_at=received_at)
        case "jellyfin":
            return jellyfin.parse(payload, received_at=received_at)
        case "emby":
            return emby.parse(payload, received_at=received_at)
        case "tautulli":
            return tautulli.parse(payload, received_at=received_at)
        case "seerr":
            return Ignored("Seerr's webhooks are about requests, not about plays")
        case never:
            assert_never(never)
