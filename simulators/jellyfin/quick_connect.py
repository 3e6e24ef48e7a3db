"""Jellyfin's Quick Connect: a device shows six digits, somebody types them, the device fetches its token."""

from datetime import datetime
from typing import Any

import msgspec

from simulators.mediabrowser import Client, moment


class QuickConnect(msgspec.Struct, kw_only=True):
    """A device that waits for somebody to type its code."""

    secret: str
    code: str
    client: Client
    made_at: datetime
    approved_at: datetime | None = None
    result: dict[str, Any] | None = None
    """What the device gets once somebody typed the code, as often as it asks, for ten minutes from then on."""


def state(waiting: QuickConnect) -> dict[str, Any]:
    """Return how far it is."""
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
