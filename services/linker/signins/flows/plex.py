"""Signs in to Plex by two PINs: a strong one behind a button, and four characters for plex.tv/link.

Whichever is claimed first counts. Both belong to the client id that asked for them, and give their token as often as
they are polled until they expire.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from services.linker.signins.domain import (
    AccountToken,
    Asker,
    Authorization,
    Ended,
    Outcome,
    Pending,
    PollRequest,
    ProvenAccount,
    SignInCode,
)
from services.linker.signins.intervals import INTERVALS
from shared.clients.plex_accounts import Pin
from shared.clients.plex_tv import PinExpiredError
from shared.errors import UnavailableError, UsherError
from shared.schemas.secret import Secret
from shared.upstreams.clients import Clients
from shared.upstreams.rate_limit import RateLimit

SHORT_WITHIN: Final = timedelta(seconds=2)
"""How long to wait for the four characters; the button works without them."""


class ReachedServer(msgspec.Struct, frozen=True):
    """A Plex server that an account reaches."""

    name: str
    machine_id: str
    owned: bool


class PlexFlow:
    """A `Flow`, and what else a Plex token tells."""

    def __init__(self, clients: Clients, *, poll_every: timedelta = INTERVALS.plex_polls) -> None:
        self._plex_tv = clients.plex_tv()
        self._plex_tv_alone = clients.plex_tv(RateLimit.acquire_alone)
        self._poll_every = poll_every

    async def begin(self, *, server: str, sign_in_id: str, asker: Asker, forward_url: str) -> SignInCode:  # noqa: ARG002
        """Create both PINs; the short one may fail, because the button works without it."""
        strong = await self._plex_tv_alone.create_pin(strong=True)
        short = await self._short_pin()
        return SignInCode(
            code=strong.code,
            url=self._plex_tv.auth_url(strong.code, forward_url=forward_url),
            expires_at=strong.expires_at,
            poll_every=self._poll_every,
            short_code=None if short is None else short.code,
            short_until=None if short is None else short.expires_at,
            references=tuple(_reference(pin) for pin in (strong, short) if pin is not None),
        )

    async def poll(self, request: PollRequest) -> Outcome:
        """Poll each PIN that has not expired; an error is raised only where no other PIN was claimed."""
        now = datetime.now(UTC)
        answers: list[UsherError | None] = []
        for pin_id in [pin_id for pin_id, until in map(_pin, request.references) if until > now]:
            token = await self._check_pin(pin_id)
            if isinstance(token, Secret):
                return await self.authorize(token)
            answers.append(token)
        return _outcome(answers)

    async def authorize(self, token: Secret) -> Authorization:
        """Return the account of a token; raise `CredentialRefusedError` where Plex does not accept it."""
        account = await self._plex_tv.account(token)
        proven = ProvenAccount(
            provider="plex", account_id=str(account.id), username=account.username, email=account.email
        )
        return Authorization(proven=proven, token=token)

    async def check(self, account: AccountToken) -> None:
        """Check a token as a `TokenCheck`; the call also keeps it from expiring."""
        await self._plex_tv.ping(account.token)

    async def servers(self, token: Secret) -> list[ReachedServer]:
        """Return the servers that the account reaches."""
        found = await self._plex_tv.resources(token)
        return [ReachedServer(each.name, each.machine_id, each.owned) for each in found.rows]

    async def _check_pin(self, pin_id: int) -> Secret | UsherError | None:
        try:
            return await self._plex_tv.check_pin(pin_id)
        except UnavailableError:
            raise
        except UsherError as exc:
            return exc

    async def _short_pin(self) -> Pin | None:
        try:
            async with asyncio.timeout(SHORT_WITHIN.total_seconds()):
                return await self._plex_tv.create_pin(strong=False)
        except (UsherError, TimeoutError):
            return None


def _outcome(answers: Sequence[UsherError | None]) -> Outcome:
    """Return the outcome where no PIN gave a token; raise the error of a PIN that could not be polled."""
    for each in answers:
        if each is not None and not isinstance(each, PinExpiredError):
            raise each
    return Pending() if None in answers else Ended("expired")


def _reference(pin: Pin) -> str:
    return f"{pin.id}@{int(pin.expires_at.timestamp())}"


def _pin(reference: str) -> tuple[int, datetime]:
    pin_id, _, until = reference.partition("@")
    return int(pin_id), datetime.fromtimestamp(int(until), UTC)
