"""What callers of `/api/integrations` send, in the path, the query and the body."""

from typing import Annotated, Final, Literal

import msgspec
from litestar.params import PathParameter, QueryParameter
from msgspec import Meta

from services.gateway.page import PersonId

_PLAIN: Final = r"^[^\x00-\x1f\x7f]*$"
_ID: Final = r"^[A-Za-z0-9_.:-]+$"

Provider = Annotated[Literal["plex", "jellyfin", "emby", "trakt"], PathParameter(description="the system")]
DiscordId = Annotated[str, Meta(pattern="^[0-9]{15,22}$")]
Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=_PLAIN)]
Hidden = Annotated[str, Meta(min_length=1, max_length=4096)]
Person = Annotated[
    str | None,
    QueryParameter(
        min_length=1, max_length=100, pattern=_ID, description="whose, by a person's id; another's needs admin"
    ),
]
Server = Annotated[
    str | None, QueryParameter(min_length=1, max_length=200, pattern=_PLAIN, description="a configured server's name")
]
Account = Annotated[
    str | None, QueryParameter(min_length=1, max_length=200, pattern=_PLAIN, description="one account only, by its id")
]
All = Annotated[Literal["true", "false"], QueryParameter(description="`true`: everybody's; needs the scope admin")]


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For whom a sign-in is, if not for the caller (needs the scope admin), and on which server of several."""

    server: Name | None = None
    person_id: PersonId | None = None


class Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which sign-in."""

    pin_id: PersonId


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Plex: `token`. Jellyfin and Emby: `username` and `password`, and `server` where there are several.

    For the scope admin, `person_id` says whose it is to be, and `discord_id` which Discord user that is.
    """

    token: Hidden | None = None
    server: Name | None = None
    username: Name | None = None
    password: Hidden | None = None
    person_id: PersonId | None = None
    discord_id: DiscordId | None = None

    def __repr__(self) -> str:
        return "Credentials(***)"
