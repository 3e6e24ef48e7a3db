"""Sign-ins: a person proves that an account is his by signing in to it, while Usher waits for the outcome.

Plex PINs, Jellyfin's Quick Connect and Trakt's device codes go the same way: begin, show a code, ask again and again
how it stands, until it is authorized, denied or over. Values and decisions only.
"""

from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

import msgspec

from shared.schemas.media import Provider
from shared.schemas.secret import Secret

POLL_LIMIT: Final = timedelta(seconds=20)
"""What asking once how a sign-in stands may take."""
LEASE: Final = POLL_LIMIT + timedelta(seconds=10)
"""How long a replica has a sign-in for itself; one that dies in the middle leaves it to the others after this."""
_PATIENT: Final = ((timedelta(minutes=5), timedelta(seconds=30)), (timedelta(minutes=1), timedelta(seconds=5)))
"""How long after it was last wanted a sign-in is asked for how seldom: most people sign in at once or never."""
WANTED_FOR: Final = timedelta(minutes=2)
"""For so long after somebody began a sign-in, or came to see how it stands, it does not wait its turn among all."""
WANTED_WAIT: Final = timedelta(seconds=4)
"""It waits so long beyond its time, and then goes before those that nobody is waiting for."""

MOST_OF_A_KEY: Final = 50
"""So many people may be signing in at a time for whom a key begins it without saying who they are."""

SERVERLESS: Final[tuple[Provider, ...]] = ("plex", "trakt")
"""Where an account is one on all servers, so that none is chosen."""

AskerKind = Literal["discord", "usher", "person", "key"]
State = Literal["pending", "authorized", "expired", "denied", "refused", "cancelled"]


class Asker(msgspec.Struct, frozen=True):
    """Who wants to link.

    A Discord user by id and a user of Usher by name become identities of the person. A `person` is named by somebody
    who may speak for others; an API `key` speaks for whoever signs in, who is another one each time.
    """

    kind: AskerKind
    id: str
    name: str

    def of_one_sign_in(self, sign_in_id: str) -> "Asker":
        """Return who asks in this sign-in: the visitors of a website share its key, and nothing else."""
        return Asker(self.kind, f"{self.id}/{sign_in_id}", self.name) if self.kind == "key" else self

    @property
    def key_id(self) -> str:
        """Return which key it is that speaks for one of many."""
        return self.id.partition("/")[0]


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
    """To be typed by who cannot open `url`, until `short_until` where it ends before `expires_at`."""
    short_until: datetime | None = None
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
    """Not yet; `wait` is how long the other side asked us to leave it alone, `problem` why it could not be asked."""

    wait: timedelta | None = None
    problem: str | None = None


class Ended(msgspec.Struct, frozen=True):
    """Over without an account."""

    state: Literal["expired", "denied"]


class Refused(msgspec.Struct, frozen=True):
    """It cannot come to anything; the reason is for the person."""

    reason: str


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


class Revoke(Protocol):
    """How one system is told that a token is not needed any more; raises what its client raises."""

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
    account_id: str | None = None
    username: str | None = None
    email: str | None = None
    was_open: bool = False
    """It had begun before it was asked for now."""


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
    """When somebody last began it or came to see how it stands."""
    reason: str | None = None
    account_id: str | None = None
    username: str | None = None
    email: str | None = None
    interaction_id: str | None = None

    def shown(self, *, now: datetime) -> SignIn:
        """Return it as people see it: a code that is over is not shown."""
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


def begun_row(
    begun: Begun, *, sign_in_id: str, provider: Provider, server: str, asker: Asker, at: datetime
) -> SignInRow:
    """Return a sign-in that has just begun."""
    return SignInRow(
        id=sign_in_id,
        provider=provider,
        server=server,
        asker=asker,
        state="pending",
        code=begun.code,
        short_code=begun.short_code,
        short_until=begun.short_until,
        url=begun.url,
        references=begun.references,
        poll_every=begun.poll_every,
        expires_at=begun.expires_at,
        created_at=at,
        wanted_at=at,
    )


def at_the_end(outcome: Outcome | Refused) -> Outcome | Refused:
    """Return how a sign-in ends whose time is over; what kept us from learning how it stood is said."""
    match outcome:
        case Pending(problem=str() as problem):
            return Refused(problem)
        case Pending():
            return Ended("expired")
        case _:
            return outcome


def poll_again_at(row: SignInRow, *, now: datetime, wait: timedelta | None = None) -> datetime:
    """Return when to ask next how a sign-in stands; `wait` is what the other side asked for, if anything."""
    unwanted = now - row.wanted_at
    by_age = next((pause for least, pause in _PATIENT if unwanted >= least), timedelta())
    return min(now + max(row.poll_every, by_age, wait or timedelta()), max(row.expires_at, now))
