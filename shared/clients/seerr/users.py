"""Users, versions and counts as Seerr writes them."""

from typing import Any, Final, Literal

import msgspec

UserKind = Literal["plex", "local", "jellyfin", "emby", "unknown"]
MediaServer = Literal["plex", "jellyfin", "emby", "none", "unknown"]

_USER_KINDS: Final[dict[int, UserKind]] = {1: "plex", 2: "local", 3: "jellyfin", 4: "emby"}
_MEDIA_SERVERS: Final[dict[int, MediaServer]] = {1: "plex", 2: "jellyfin", 3: "emby", 4: "none"}


class SeerrUser(msgspec.Struct, frozen=True, rename="camel"):
    """A user; match by ids first, then by e-mail, then by names. An imported user's `username` is often empty."""

    id: int
    email: str | None = None
    username: str | None = None
    plex_username: str | None = None
    jellyfin_username: str | None = None
    plex_id: int | None = None
    jellyfin_user_id: str | None = None
    user_type: int | None = None
    permissions: int = 0
    display_name: str | None = None
    created_at: str | None = None
    """When this row was made, which tells it from another one that has its number in another database."""

    @property
    def kind(self) -> UserKind:
        """Return where the user comes from."""
        return _USER_KINDS.get(self.user_type or 0, "unknown")


class UserPage(msgspec.Struct, frozen=True):
    """Some users, and how many there are."""

    users: list[SeerrUser]
    total: int


class Status(msgspec.Struct, frozen=True, rename="camel"):
    """Which version answers."""

    version: str


class PublicSettings(msgspec.Struct, frozen=True, rename="camel"):
    """What Seerr tells everybody; Overseerr has no `media_server_type`."""

    media_server_type: int | None = None

    @property
    def media_server(self) -> MediaServer:
        """Return the kind of media server; Overseerr supports Plex only."""
        return "plex" if self.media_server_type is None else _MEDIA_SERVERS.get(self.media_server_type, "unknown")


class RequestCounts(msgspec.Struct, frozen=True):
    """How many requests there are; Overseerr has no `completed`."""

    total: int
    movie: int = 0
    tv: int = 0
    pending: int = 0
    approved: int = 0
    declined: int = 0
    processing: int = 0
    available: int = 0
    completed: int = 0


class WirePageInfo(msgspec.Struct, frozen=True):
    """How much of a list there is."""

    results: int = 0


class WireUsers(msgspec.Struct, frozen=True, rename="camel"):
    """A page of users as Seerr writes it."""

    page_info: WirePageInfo
    results: list[Any]


def user_of(entry: object) -> SeerrUser:
    """Return an entry of a list of users; raise `msgspec.ValidationError` if it is malformed."""
    return msgspec.convert(entry, SeerrUser, strict=False)


class WirePlexServer(msgspec.Struct, frozen=True, rename="camel"):
    """The configured Plex server."""

    machine_id: str | None = None


class WireJellyfinServer(msgspec.Struct, frozen=True, rename="camel"):
    """The configured Jellyfin or Emby server; the API description calls its id `serverID`, Seerr writes `serverId`.

    We do not read the administrator's password or key beside it.
    """

    server_id: str | None = None
    described_id: str | None = msgspec.field(default=None, name="serverID")


class JellyfinCandidate(msgspec.Struct, frozen=True):
    """An account of Seerr's own Jellyfin or Emby, by the id that Seerr uses."""

    id: str


def candidate_of(entry: object) -> JellyfinCandidate:
    """Return an entry of a list of candidates; raise `msgspec.ValidationError` if it is malformed."""
    return msgspec.convert(entry, JellyfinCandidate)
