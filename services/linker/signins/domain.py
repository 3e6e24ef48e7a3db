"""Sign-ins: a person proves that an account is theirs by signing in to it, while Usher polls for the outcome.

Plex PINs, Jellyfin's Quick Connect and Trakt's device codes work alike: begin, show a code, then poll until the sign-in
is authorized, denied or expired. Values and decisions only.
"""

from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

import msgspec

from shared.schemas.media import Provider
from shared.schemas.secret import Secret

POLL_TIMEOUT: Final = timedelta(seconds=20)
"""How long one poll may take."""
LEASE: Final = POLL_TIMEOUT + timedelta(seconds=10)
"""How long a replica has a sign-in to itself; if it dies, others may poll it after this."""
_PATIENT: Final = ((timedelta(minutes=5), timedelta(seconds=30)), (timedelta(minutes=1), timedelta(seconds=5)))
"""The longer nobody has looked at a sign-in, the less often it is polled: most people sign in at once or never."""
WANTED_FOR: Final = timedelta(minutes=2)
"""How long after somebody began or looked at a sign-in it counts as wanted."""
WANTED_WAIT: Final = timedelta(seconds=4)
"""How long a wanted sign-in may be overdue before it goes ahead of the others."""

MAX_OPEN_PER_KEY: Final = 50
"""Open sign-ins that one API key may have for people whom it does not name."""
MAX_OPEN_OF_VISITORS: Final = 50
"""Open sign-ins that all people together may have who are not logged in: anybody can begin one."""

WITHOUT_SERVER: Final[tuple[Provider, ...]] = ("plex", "trakt")
"""Systems whose accounts are the same on all servers, so that no server is chosen."""

AskerKind = Literal["discord", "usher", "person", "key", "visitor"]
State = Literal["pending", "authorized", "expired", "denied", "refused", "cancelled"]


class Asker(msgspec.Struct, frozen=True):
    """Who wants to link.

    A Discord user (by id) and a user of Usher (by name) become identities of the person. A `person` is named by
    somebody who may act for others; an API `key` acts for whoever signs in, each time somebody else. A `visitor` is a
    browser that nobody is logged in to yet, by an id for this sign-in alone.
    """

    kind: AskerKind
    id: str
    name: str

    def of_one_sign_in(self, sign_in_id: str) -> "Asker":
        """Return the asker of this one sign-in: visitors of a website share nothing but its key."""
        return Asker(self.kind, f"{self.id}/{sign_in_id}", self.name) if self.kind == "key" else self

    @property
    def key_id(self) -> str:
        """Return the id of the API key."""
        return self.id.partition("/")[0]


class ProvenAccount(msgspec.Struct, frozen=True, kw_only=True):
    """The account that somebody signed in to; `server` is a machine id, empty where accounts are one on all servers."""

    provider: Provider
    account_id: str
    username: str
    server: str = ""
    email: str | None = None


class SignInCode(msgspec.Struct, frozen=True, kw_only=True):
    """The code of a new sign-in. `secret` redeems it; `references` are its ids at the other system."""

    code: str
    url: str
    expires_at: datetime
    poll_every: timedelta
    short_code: str | None = None
    """For people who cannot open `url`; valid until `short_until`, if that is before `expires_at`."""
    short_until: datetime | None = None
    references: tuple[str, ...] = ()
    secret: Secret | None = None


class PollRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a poll needs to know of a sign-in."""

    sign_in_id: str
    server: str
    """The configured server's name, empty for plex.tv and Trakt."""
    references: tuple[str, ...]
    secret: Secret | None


class Pending(msgspec.Struct, frozen=True):
    """Not yet; `wait` is the pause that the other system asks for, `problem` why the poll failed."""

    wait: timedelta | None = None
    problem: str | None = None


class Ended(msgspec.Struct, frozen=True):
    """Over, without an account."""

    state: Literal["expired", "denied"]


class Refused(msgspec.Struct, frozen=True):
    """It cannot succeed; the reason is shown to the person."""

    reason: str


class Authorization(msgspec.Struct, frozen=True, kw_only=True):
    """The person signed in. Tokens that expire have `expires_at` and usually a `refresh_token`."""

    proven: ProvenAccount
    token: Secret
    refresh_token: Secret | None = None
    expires_at: datetime | None = None


Outcome = Pending | Ended | Authorization


class Flow(Protocol):
    """Signs in to one system by a code. Raises what its client raises."""

    async def begin(self, *, server: str, sign_in_id: str, asker: Asker, forward_url: str) -> SignInCode:
        """Begin a sign-in; `forward_url` is where the person's browser may be sent at the end.

        Where a system knows devices, each asker is a device: their next session there replaces their last one, never
        anybody else's.
        """
        ...

    async def poll(self, waiting: PollRequest) -> Outcome:
        """Poll once; polling again after an `Authorization` must give it again, or lose nothing."""
        ...


class AccountToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token and its account."""

    provider: Provider
    server: str
    account_id: str
    token: Secret


class TokenCheck(Protocol):
    """Asks one system whether a token still works; raises `CredentialRefusedError` where it is dead.

    Any other error proves nothing.
    """

    async def __call__(self, account: AccountToken) -> None: ...


class TokenRevoker(Protocol):
    """Revokes a token at one system; raises what its client raises."""

    async def __call__(self, account: AccountToken) -> None: ...


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
    account_id: str | None = None
    username: str | None = None
    email: str | None = None
    was_open: bool = False
    """It was open already when it was asked for."""


class SignInRow(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in as it is stored; its secrets are in the vault."""

    id: str
    provider: Provider
    server: str
    asker: Asker
    state: State
    code: str
    short_code: str | None
    short_until: datetime | None
    url: str
    references: tuple[str, ...]
    poll_every: timedelta
    expires_at: datetime
    created_at: datetime
    wanted_at: datetime
    """When somebody last began it or looked at it."""
    reason: str | None = None
    account_id: str | None = None
    username: str | None = None
    email: str | None = None
    interaction_id: str | None = None

    def as_sign_in(self, *, now: datetime) -> SignIn:
        """Return it as people see it: an expired code is left out."""
        is_short_over = self.short_until is not None and self.short_until <= now
        return SignIn(
            id=self.id,
            provider=self.provider,
            state=self.state,
            code=self.code,
            url=self.url,
            expires_at=self.expires_at,
            server=self.server,
            short_code=None if is_short_over else self.short_code,
            reason=self.reason,
            account_id=self.account_id,
            username=self.username,
            email=self.email,
        )


def new_row(
    code: SignInCode, *, sign_in_id: str, provider: Provider, server: str, asker: Asker, at: datetime
) -> SignInRow:
    """Return the row of a sign-in that has just code."""
    return SignInRow(
        id=sign_in_id,
        provider=provider,
        server=server,
        asker=asker,
        state="pending",
        code=code.code,
        short_code=code.short_code,
        short_until=code.short_until,
        url=code.url,
        references=code.references,
        poll_every=code.poll_every,
        expires_at=code.expires_at,
        created_at=at,
        wanted_at=at,
    )


def final_outcome(outcome: Outcome | Refused) -> Outcome | Refused:
    """Return how an expired sign-in ends; where the last poll failed, it is refused with the reason."""
    match outcome:
        case Pending(problem=str() as problem):
            return Refused(problem)
        case Pending():
            return Ended("expired")
        case _:
            return outcome


def next_poll_at(row: SignInRow, *, now: datetime, wait: timedelta | None = None) -> datetime:
    """Return when to poll a sign-in next; `wait` is the pause that the other system asked for, if any."""
    unwanted = now - row.wanted_at
    by_age = next((pause for least, pause in _PATIENT if unwanted >= least), timedelta())
    return min(now + max(row.poll_every, by_age, wait or timedelta()), max(row.expires_at, now))
