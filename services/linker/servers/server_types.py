"""What differs between the types of servers; a new type starts here, then gets its calls in `probe`."""

from typing import Final

import msgspec

from shared.schemas.media import Provider


class ServerType(msgspec.Struct, frozen=True):
    """A type of server: what people call it, an example of an address, and what opens it."""

    product: str
    example_url: str
    credential: str
    """The field that the credential is given in."""
    how_to_get_it: str

    @property
    def credential_name(self) -> str:
        """Return the field as people say it."""
        return self.credential.replace("_", " ")


SERVER_TYPES: Final[dict[Provider, ServerType]] = {
    "plex": ServerType(
        "a Plex Media Server",
        "http://192.168.1.10:32400",
        "token",
        "give a token of the server's owner: `usher link plex` shows who you are at Plex",
    ),
    "jellyfin": ServerType(
        "Jellyfin",
        "http://192.168.1.10:8096",
        "token",
        "make an API key in Jellyfin's dashboard, under API Keys",
    ),
    "emby": ServerType(
        "Emby",
        "http://192.168.1.10:8096",
        "token",
        "make an API key in Emby's settings, under Advanced, API Keys",
    ),
    "seerr": ServerType(
        "Seerr",
        "http://192.168.1.10:5055",
        "api_key",
        "copy the API key from Seerr's settings, under General",
    ),
}
MEDIA_SERVERS: Final[tuple[Provider, ...]] = ("plex", "jellyfin", "emby")
NOT_CHECKED: Final[tuple[Provider, ...]] = ("trakt",)
"""An application at Trakt is no server whose health could be checked."""
