"""Sign-ins: a person proves that an account is his by signing in to it, while Usher waits for the outcome.

Plex PINs, Jellyfin's Quick Connect and Trakt's device codes go the same way: begin, show a code, ask again and again
how it stands, until it is authorized, denied or over. Values and decisions only.
"""

from datetime import datetime, timedelta
from typing import Literal, Protocol

import msgspec

from shared.schemas.media import Provider
from shared.schemas.secret import Secret

AskerKind = Literal["discord", "usher"]
State = Literal["pending", "authorized", "expired", "denied", "refused", "cancelled"]


class Asker(msgspec.Struct, frozen=True):
    """Who wants to link: a Discord user by id, or a user of Usher by name; becomes an identity of the person."""

    kind: AskerKind
    id: str
    name: str


class Proven(msgspec.Struct, frozen=True, kw_only=True):
    """The account that somebody signed in to; `server` is a machine id, empty where accounts are one on all servers."""

    provider: Provider
    account_id: str
    username: str
    server: str = ""
    email: str | None = None


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in that the other system waits for. `secret` redeems it; `references` are what it is called there."""

    code: str
    url: str
    expires_at: datetime
    poll_every: timedelta
    short_code: str | None = None
    """To be typed at `short_url`, for who cannot open `url`."""
    references: tuple[str, ...] = ()
    secret: Secret | None = None


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed to ask how a sign-in stands."""

    sign_in_id: str
    server: str
    """The configured server's name, empty for plex.tv and Trakt."""
    references: tuple[str, ...]
    secret: Secret | None


class Pending(msgspec.Struct, frozen=True):
    """Not yet; `wait` is how long the other side asked us to leave it alone."""

    wait: timedelta | None = None


class Ended(msgspec.Struct, frozen=True):
    """Over without an account."""

    state: Literal["expired", "denied"]


class Authorized(msgspec.Struct, frozen=True, kw_only=True):
    """The person signed in. Tokens that end have `expires_at` and mostly a `refresh_token`."""

    proven: Proven
    token: Secret
    refresh_token: Secret | None = None
    expires_at: datetime | None = None


Outcome = Pending | Ended | Authorized


class Flow(Protocol):
    """One system's way of signing in by a code. Raises what its client raises."""

    async def begin(self, *, server: str, sign_in_id: str, asker: Asker, forward_url: str) -> Begun:
        """Begin one; `forward_url` is where the person's browser may be sent at the end.

        Where a system knows devices, each asker is one: his next sign-in takes the place of his last one there, and
        never of anybody else's.
        """
        ...

    async def poll(self, waiting: Waiting) -> Outcome:
        """Ask once how it stands; asking again after `Authorized` must be possible, or lose nothing."""
        ...


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """An account that Usher holds a token for."""

    provider: Provider
    server: str
    account_id: str
    token: Secret


class Check(Protocol):
    """How one system is asked whether a token is still good: raises `CredentialRefusedError` where it is dead.

    Any other error is no proof of that.
    """

    async def __call__(self, held: Held) -> None: ...


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in as people see it."""

    id: str
    provider: Provider
    state: State
    code: str
    url: str
    expires_at: datetime
    server: str = ""
    short_code: str | None = None
    reason: str | None = None
    """Why it was refused, for the person."""
    username: str | None = None
    email: str | None = None
