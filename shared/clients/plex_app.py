"""How Usher identifies itself to plex.tv and to every Plex server."""

import msgspec

from shared.clients.api import Headers
from shared.http.client import user_agent
from shared.version import product_version


class PlexApp(msgspec.Struct, frozen=True, kw_only=True):
    """`client_id` is made once for each installation: Plex lists it as a device, and ties PINs to it.

    https://developer.plex.tv/pms, "Headers".
    """

    client_id: str
    product: str = "Usher"
    version: str = msgspec.field(default_factory=product_version)
    platform: str = "Linux"
    device: str = "Server"
    device_name: str = "Usher"

    def headers(self) -> Headers:
        """Return the headers of each call; without `Accept`, Plex answers in XML."""
        return {
            "X-Plex-Client-Identifier": self.client_id,
            "X-Plex-Product": self.product,
            "X-Plex-Version": self.version,
            "X-Plex-Platform": self.platform,
            "X-Plex-Device": self.device,
            "X-Plex-Device-Name": self.device_name,
            "Accept": "application/json",
            "User-Agent": user_agent(),
        }
