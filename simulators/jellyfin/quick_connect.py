"""Jellyfin's Quick Connect: a device shows six digits, a user types them, and the device fetches its token."""

from datetime import datetime
from typing import Any

import msgspec

from simulators.mediabrowser import Client, moment


class QuickConnect(msgspec.Struct, kw_only=True):
    """A device that waits for someone to type its code."""

    secret: str
    code: str
    client: Client
    made_at: datetime
    approved_at: datetime | None = None
    result: dict[str, Any] | None = None
    """The token that the device gets once its code was typed: as often as it asks, for ten minutes."""


def state(waiting: QuickConnect) -> dict[str, Any]:
    """Return the state as Jellyfin shows it."""
    return {
        "Authenticated": waiting.result is not None,
        "Secret": waiting.secret,
        "Code": waiting.code,
        "DeviceId": waiting.client.device_id,
        "DeviceName": waiting.client.device,
        "AppName": waiting.client.client,
        "AppVersion": waiting.client.version,
        "DateAdded": moment(waiting.made_at),
    }
