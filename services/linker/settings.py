"""The linker's settings; those of the systems around Usher are `shared.settings.UpstreamSettings`."""

from typing import Annotated

from shared.settings import Host, Port, ServiceSettings, Url, expects, local_address


class Settings(ServiceSettings, frozen=True, kw_only=True):
    """What the linker needs; the gateway's address is where people come back to from app.plex.tv."""

    usher_host: Annotated[Host, expects("the gateway's address", "0.0.0.0")] = "127.0.0.1"  # noqa: S104 (an example)
    usher_port: Port = 8000
    usher_public_url: Url = ""

    @property
    def public_url(self) -> str:
        """The gateway as the outside reaches it."""
        return self.usher_public_url.rstrip("/") or local_address(self.usher_host, self.usher_port)
