"""People come in by signing in with Plex: as the person whose account it is, with the scope `self` and no other.

Anybody can begin a sign-in, so few begin from one address. What the browser keeps (`pin_id`) is known to nobody else:
the linker has only its digest, and its own id of the sign-in, which stands in addresses, lets nobody in. Each sign-in
gives one session.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from services.gateway.access import login_limits, tokens
from services.gateway.access.login import IssuedSession, new_session
from services.gateway.ask import Ask
from services.gateway.store import audit, plex_sign_ins, users
from services.gateway.store.audit import AuditEntry
from services.gateway.store.plex_sign_ins import PlexSignIn
from shared.clock import SteadyClock
from shared.errors import NotFoundError, ThrottledError, UnavailableError
from shared.postgres.pool import Pool, transaction
from shared.schemas.identifiers import random_id
from shared.schemas.signins import AccountHolder, BeginSignIn, CheckSignIn, Pin, SignInState, Status

WINDOW: Final = timedelta(minutes=10)
MOST_OF_ADDRESS: Final = 8
"""Sign-ins that begin within the window; of IPv6, the first 64 bits are one address."""
MOST_OF_AREA: Final = 24
"""Likewise from a network of 48 bits, which may belong to one owner."""
GRACE: Final = timedelta(minutes=10)
"""How long after its code has expired a sign-in may still let somebody in who was in time."""
KEPT: Final = timedelta(days=1)
_UNKNOWN: Final = "there is no such sign-in, or it ended long ago: begin a new one"
_NOBODYS: Final = "this account is nobody's any more: sign in again"


class PlexLoginState(msgspec.Struct, frozen=True):
    """How a sign-in stands; the session is there once, at the first look after it was authorized."""

    status: Status
    reason: str | None = None
    session: IssuedSession | None = None


class PlexLogin:
    """Begins sign-ins and issues their sessions."""

    def __init__(self, pool: Pool, ask: Ask, clock: SteadyClock, *, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._ask = ask
        self._clock = clock
        self._now = now

    async def begin(self, *, address: str) -> Pin:
        """Begin a sign-in; raises `ThrottledError` after too many, and what the linker raises."""
        pin_id = random_id()
        visitor = _visitor(pin_id)
        await self._count(visitor, address)
        try:
            pin = await self._ask(BeginSignIn(provider="plex", who=AccountHolder(visitor=visitor)))
        except UnavailableError:
            await plex_sign_ins.take_back(self._pool, visitor)
            raise
        await plex_sign_ins.remember_pin(self._pool, visitor, pin)
        return msgspec.structs.replace(pin, pin_id=pin_id)

    async def begun(self, pin_id: str) -> Pin:
        """Return a sign-in as it began; raises `NotFoundError`."""
        found = await self._find(pin_id)
        return Pin(
            pin_id=pin_id, code=found.code, url=found.url, short_code=found.short_code, expires_at=found.expires_at
        )

    async def check(self, pin_id: str, *, address: str) -> PlexLoginState:
        """Return how a sign-in stands; raises `NotFoundError`, and what the linker raises."""
        found = await self._find(pin_id)
        if found.ended_at is None and found.expires_at + GRACE <= self._now():
            return PlexLoginState("expired")
        question = CheckSignIn(pin_id=found.sign_in_id, provider="plex", visitor=found.visitor)
        state = _with_person(await self._ask(question))
        if state.status == "pending" or found.ended_at is not None:
            return PlexLoginState(state.status, state.reason)
        session = await self._end(found, state, address)
        return PlexLoginState(state.status, state.reason, session)

    async def _find(self, pin_id: str) -> PlexSignIn:
        found = await plex_sign_ins.find_sign_in(self._pool, _visitor(pin_id))
        if found is None:
            raise NotFoundError(_UNKNOWN)
        return found

    async def _count(self, visitor: str, address: str) -> None:
        one, area = login_limits.network(address), login_limits.area(address)
        async with transaction(self._pool) as connection:
            await plex_sign_ins.lock_sign_ins(connection, area=area)
            since = self._clock.now() - WINDOW
            begun = await plex_sign_ins.begun_since(connection, since, address=one, area=area)
            self._clock.catch_up(begun[0][0] if begun else None)
            now = self._clock.now()
            if wait := remaining_wait(begun, now=now):
                raise ThrottledError("too many sign-ins from here: wait, then try again", retry_after=wait)
            await plex_sign_ins.add_sign_in(
                connection, visitor, address=one, area=area, now=now, until=self._now() + WINDOW
            )

    async def _end(self, found: PlexSignIn, state: SignInState, address: str) -> IssuedSession | None:
        """Use a sign-in up, and return its session; None where it lets nobody in, or did before."""
        now = self._now()
        async with transaction(self._pool) as connection:
            if not await plex_sign_ins.end_sign_in(connection, found.visitor, now=now):
                return None
            if state.person_id is None:
                if state.status == "refused":
                    await audit.note(connection, _entry("login.refused", actor="unknown", address=address, at=now))
                return None
            user = await users.let_person_in(connection, state.person_id, now=now)
            session, issued = new_session(user.id, address=address, now=now)
            await users.begin_session(connection, session)
            await audit.note(connection, _entry("login", actor=user.username, address=address, at=now))
        return issued


def remaining_wait(begun: Sequence[tuple[datetime, bool]], *, now: datetime) -> timedelta:
    """Return how long the next sign-in has to wait for those before it, of which the last comes first."""
    own = [at for at, is_same in begun if is_same]
    waits = [
        times[most - 1] + WINDOW - now
        for times, most in ((own, MOST_OF_ADDRESS), ([at for at, _ in begun], MOST_OF_AREA))
        if len(times) >= most
    ]
    return max([timedelta(0), *waits])


def _visitor(pin_id: str) -> str:
    return tokens.digest(pin_id).hex()


def _with_person(state: SignInState) -> SignInState:
    """Return the state as it is here: without a person, nobody is let in, and without authorization nobody's name."""
    if state.status != "authorized":
        return msgspec.structs.replace(state, person_id=None)
    return state if state.person_id is not None else SignInState(status="refused", reason=_NOBODYS)


def _entry(action: str, *, actor: str, address: str, at: datetime) -> AuditEntry:
    return AuditEntry(at=at, actor=actor, address=address, action=action, object="session with Plex")
