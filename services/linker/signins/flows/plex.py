"""Signing in to Plex: a strong PIN behind a button, and beside it four characters for plex.tv/link.

Whichever is claimed first counts. Both belong to the client id that asked for them, and give their token as often as
they are asked for it until they are over.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from services.linker.signins.domain import Asker, Authorized, Begun, Ended, Held, Outcome, Pending, Proven, Waiting
from services.linker.signins.intervals import INTERVALS
from shared.clients.plex_accounts import Pin
from shared.clients.plex_tv import PinExpiredError
from shared.errors import UnavailableError, UsherError
from shared.schemas.secret import Secret
from shared.upstreams.clients import Clients
from shared.upstreams.rate_limit import RateLimit

SHORT_WITHIN: Final = timedelta(seconds=2)
"""What waits for the four characters; the button does without them."""


class ReachedServer(msgspec.Struct, frozen=True):
    """A Plex server that an account reaches."""

    name: str
    machine_id: str
    owned: bool


class PlexFlow:
    """Plex as a `Flow`, and what else a Plex token tells."""

    def __init__(self, clients: Clients, *, poll_every: timedelta = INTERVALS.plex_polls) -> None:
        self._plex_tv = clients.plex_tv()
        self._plex_tv_alone = clients.plex_tv(RateLimit.acquire_alone)
        self._poll_every = poll_every

    async def begin(self, *, server: str, sign_in_id: str, asker: Asker, forward_url: str) -> Begun:  # noqa: ARG002
        """Make both PINs; the short one may fail, as the button does as well."""
        strong = await self._plex_tv_alone.create_pin(strong=True)
        short = await self._short_pin()
        return Begun(
            code=strong.code,
            url=self._plex_tv.auth_url(strong.code, forward_url=forward_url),
            expires_at=strong.expires_at,
            poll_every=self._poll_every,
            short_code=None if short is None else short.code,
            short_until=None if short is None else short.expires_at,
            references=tuple(_reference(pin) for pin in (strong, short) if pin is not None),
        )

    async def poll(self, waiting: Waiting) -> Outcome:
        """Ask for each PIN that is not over; what goes wrong with one is raised only where no other was claimed."""
        now = datetime.now(UTC)
        told: list[UsherError | None] = []
        for pin_id in [pin_id for pin_id, until in map(_pin, waiting.references) if until > now]:
            token = await self._told(pin_id)
            if isinstance(token, Secret):
                return await self.signed_in(token)
            told.append(token)
        return _outcome(told)

    async def signed_in(self, token: Secret) -> Authorized:
        """Return whose token this is; raise `CredentialRefusedError` where it is nobody's."""
        account = await self._plex_tv.account(token)
        proven = Proven(provider="plex", account_id=str(account.id), username=account.username, email=account.email)
        return Authorized(proven=proven, token=token)

    async def check(self, held: Held) -> None:
        """Be a `Check`, and let plex.tv know that the token is in use, so that it does not lapse."""
        await self._plex_tv.ping(held.token)

    async def servers(self, token: Secret) -> list[ReachedServer]:
        """Return the servers that the account reaches."""
        found = await self._plex_tv.resources(token)
        return [ReachedServer(each.name, each.machine_id, each.owned) for each in found.rows]

    async def _told(self, pin_id: int) -> Secret | UsherError | None:
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


def _outcome(told: Sequence[UsherError | None]) -> Outcome:
    """Return how a sign-in stands none of whose PINs gave a token; raise what kept one from being seen."""
    for each in told:
        if each is not None and not isinstance(each, PinExpiredError):
            raise each
    return Pending() if None in told else Ended("expired")


def _reference(pin: Pin) -> str:
    return f"{pin.id}@{int(pin.expires_at.timestamp())}"


def _pin(reference: str) -> tuple[int, datetime]:
    pin_id, _, until = reference.partition("@")
    return int(pin_id), datetime.fromtimestamp(int(until), UTC)
