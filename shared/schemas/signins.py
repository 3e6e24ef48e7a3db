"""Questions about sign-ins and linked accounts, between gateway and linker; the answers are the REST shapes.

Tokens and passwords cross sealed. Questions that another system is called for have more time than others.
"""

from datetime import datetime, timedelta
from typing import ClassVar, Final, Literal

import msgspec

from shared.schemas.media import Provider
from shared.schemas.question import Question
from shared.schemas.sealed_secret import SealedSecret

TOKEN: Final = "account-token"  # noqa: S105 (the purpose of a sealed secret)
PASSWORD: Final = "account-password"  # noqa: S105 (likewise)
PATIENT: Final = timedelta(seconds=7)

Status = Literal["pending", "authorized", "expired", "denied", "refused", "cancelled"]


class Who(msgspec.Struct, frozen=True, kw_only=True):
    """Whose account it is: a user's of Usher, or somebody's whom a key speaks for, or else whoever signs in.

    `person_id` or `discord_id` come first; only an administrator may say that a Discord user is somebody.
    """

    user: str | None = None
    key: str | None = None
    person_id: str | None = None
    discord_id: str | None = None


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in that waits for the person: `url` is where to sign in, `code` what is shown or asked for there."""

    pin_id: str
    code: str
    url: str
    short_code: str | None
    expires_at: datetime


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """The account that was signed in to."""

    id: str
    username: str
    email: str | None


class ReachedServer(msgspec.Struct, frozen=True, kw_only=True):
    """A server that the account reaches."""

    name: str
    machine_identifier: str
    owned: bool = False


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a sign-in stands; `reason` says why it was refused."""

    status: Status
    account: SignedIn | None = None
    servers: list[ReachedServer] = []
    reason: str | None = None


class LinkedPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Whose account it is."""

    id: str
    name: str


class LinkedTo(msgspec.Struct, frozen=True, kw_only=True):
    """The account itself; `server` is a machine id, empty where an account is one on all servers."""

    id: str
    username: str
    server: str = ""


class Integration(msgspec.Struct, frozen=True, kw_only=True):
    """A linked account: `dead` where its token is not accepted any more, and `reason` says how that was noticed."""

    provider: Provider
    account: LinkedTo
    person: LinkedPerson
    state: Literal["ok", "dead"]
    reason: str | None
    linked_at: datetime
    checked_at: datetime | None


class IntegrationPage(msgspec.Struct, frozen=True):
    """A page of linked accounts, by system and name."""

    items: list[Integration]
    total: int
    limit: int
    offset: int


class Removed(msgspec.Struct, frozen=True):
    """The accounts that were linked until now."""

    items: list[LinkedTo]


class BeginSignIn(Question[Pin], service="linker", tag="sign_ins.begin", frozen=True, kw_only=True):
    """Begin a sign-in, or show the one that is open of whom `who` means; a key alone means another one each time.

    `server` is a configured one's name.
    """

    answered_within: ClassVar[timedelta] = PATIENT

    provider: Provider
    who: Who
    server: str | None = None


class CheckSignIn(Question[Standing], service="linker", tag="sign_ins.check", frozen=True, kw_only=True):
    """How does it stand? Asked of the other system at once. Without `provider`, it may be any.

    With `person_id`, only one that was begun for this person.
    """

    answered_within: ClassVar[timedelta] = PATIENT

    pin_id: str
    provider: Provider | None = None
    person_id: str | None = None


class CancelSignIn(Question[Standing], service="linker", tag="sign_ins.cancel", frozen=True, kw_only=True):
    """Call it off; asking again is the same. With `person_id`, only one that was begun for this person."""

    pin_id: str
    provider: Provider
    person_id: str | None = None


class ConnectAccount(Question[Integration], service="linker", tag="connections.add", frozen=True, kw_only=True):
    """Link an account by its token (Plex), or by user name and password on a configured server (Jellyfin, Emby)."""

    answered_within: ClassVar[timedelta] = PATIENT

    provider: Provider
    who: Who
    token: SealedSecret | None = None
    server: str | None = None
    username: str | None = None
    password: SealedSecret | None = None


class ListConnections(Question[IntegrationPage], service="linker", tag="connections.list", frozen=True, kw_only=True):
    """Which accounts are linked? Without `who`, everybody's."""

    who: Who | None = None
    provider: Provider | None = None
    limit: int = 50
    offset: int = 0


class RemoveConnections(Question[Removed], service="linker", tag="connections.remove", frozen=True, kw_only=True):
    """Forget the credentials of a system, or of one account; asking again is the same."""

    provider: Provider
    who: Who
    server: str | None = None
    account_id: str | None = None
