"""Questions about sign-ins and linked accounts, between gateway and linker; the answers are the REST shapes.

Tokens and passwords are sent sealed. Questions that need calls to other systems may take longer.
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


class AccountHolder(msgspec.Struct, frozen=True, kw_only=True):
    """Who an account belongs to: a user of Usher, someone an API key acts for, or else whoever signs in.

    `person_id` or `discord_id` take precedence; only an administrator may say who a Discord user is. A `visitor` is a
    browser in which nobody is logged in yet, by an id that the gateway made for one sign-in with Plex.
    """

    user: str | None = None
    key: str | None = None
    visitor: str | None = None
    person_id: str | None = None
    discord_id: str | None = None


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in that waits for the person: `url` is where to sign in, `code` is shown or asked for there."""

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


class SignInState(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a sign-in; `reason` says why it was refused, `person_id` whose the account is."""

    status: Status
    account: SignedIn | None = None
    servers: list[ReachedServer] = []
    reason: str | None = None
    person_id: str | None = None


class PastSignIn(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in, open or ended, without its codes."""

    id: str
    provider: Provider
    server: str
    asked_by: str
    """Who asked for it: a user of Discord or Usher, a person or a key, by kind and name."""
    state: str
    reason: str | None
    account_id: str | None
    username: str | None
    email: str | None
    created_at: datetime


class SignInHistory(msgspec.Struct, frozen=True, kw_only=True):
    """A person's last sign-ins, newest first, and their ids, also of who was merged into them.

    `user_names` are their names that nobody else has.
    """

    person_ids: list[str]
    user_names: list[str]
    items: list[PastSignIn]


class LinkedPerson(msgspec.Struct, frozen=True, kw_only=True):
    """The person an account belongs to."""

    id: str
    name: str


class ConnectedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A linked account; `server` is a machine id, empty for accounts that are valid on all servers."""

    id: str
    username: str
    server: str = ""


class Integration(msgspec.Struct, frozen=True, kw_only=True):
    """A linked account: `dead` if its token is no longer accepted; `reason` says how that was noticed."""

    provider: Provider
    account: ConnectedAccount
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


class RemovedAccounts(msgspec.Struct, frozen=True):
    """The accounts that were unlinked."""

    items: list[ConnectedAccount]


class BeginSignIn(Question[Pin], service="linker", tag="sign_ins.begin", frozen=True, kw_only=True):
    """Begin a sign-in, or return the open one of `who`; a key alone always begins a new one.

    What a visitor signs in to is linked only where it is a known identity or reaches an enabled server.

    `server` is the name of a configured server.
    """

    answered_within: ClassVar[timedelta] = PATIENT

    provider: Provider
    who: AccountHolder
    server: str | None = None


class CheckSignIn(Question[SignInState], service="linker", tag="sign_ins.check", frozen=True, kw_only=True):
    """Return the state of a sign-in, asking the other system now; without `provider`, of any system.

    With `person_id`, only one that was begun for this person; with `visitor`, only theirs.
    """

    answered_within: ClassVar[timedelta] = PATIENT

    pin_id: str
    provider: Provider | None = None
    person_id: str | None = None
    visitor: str | None = None


class CancelSignIn(Question[SignInState], service="linker", tag="sign_ins.cancel", frozen=True, kw_only=True):
    """Cancel a sign-in; asking again gives the same answer. With `person_id`, only one begun for this person."""

    pin_id: str
    provider: Provider
    person_id: str | None = None


class ConnectAccount(Question[Integration], service="linker", tag="connections.add", frozen=True, kw_only=True):
    """Link an account by its token (Plex), or by user name and password on a configured server (Jellyfin, Emby)."""

    answered_within: ClassVar[timedelta] = PATIENT

    provider: Provider
    who: AccountHolder
    token: SealedSecret | None = None
    server: str | None = None
    username: str | None = None
    password: SealedSecret | None = None


class ListSignIns(Question[SignInHistory], service="linker", tag="sign_ins.list", frozen=True, kw_only=True):
    """List the last sign-ins of a person, as long as they are kept; 200 at most."""

    person_id: str


class ListConnections(Question[IntegrationPage], service="linker", tag="connections.list", frozen=True, kw_only=True):
    """List linked accounts; without `who`, everyone's."""

    who: AccountHolder | None = None
    provider: Provider | None = None
    limit: int = 50
    offset: int = 0


class RemoveConnections(
    Question[RemovedAccounts], service="linker", tag="connections.remove", frozen=True, kw_only=True
):
    """Unlink the accounts of a system, or one of them; asking again gives the same answer."""

    provider: Provider
    who: AccountHolder
    server: str | None = None
    account_id: str | None = None
