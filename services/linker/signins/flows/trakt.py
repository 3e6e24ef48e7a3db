"""Signing in to Trakt by a device code, which Trakt redeems once only.

So the tokens go into the vault before anything else is asked, in the place of the code that they were given for: from
then on a crash, or a Trakt that does not say whose they are, costs nothing. What is left is the moment between Trakt's
answer and the vault; who is caught in it begins again.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from services.linker.signins.domain import Asker, Authorized, Begun, Ended, Outcome, Pending, Proven, Waiting
from services.linker.signins.flows.applications import Applications
from shared.clients.trakt import Ended as CodeEnded
from shared.clients.trakt import Pending as CodePending
from shared.clients.trakt import Poll, SlowDown, Tokens, Trakt
from shared.errors import UnavailableError, UsherError
from shared.owners import sign_in_secret
from shared.schemas.secret import Secret
from shared.vault import Vault

SLOWER: Final = timedelta(seconds=10)
"""How long Trakt is left alone where it asks for more time and does not say how much."""

log = structlog.get_logger()


class TraktFlow:
    """A `Flow`; accounts of Trakt are the same everywhere, so `server` is empty."""

    def __init__(self, *, applications: Applications, vault: Vault, now: Callable[[], datetime]) -> None:
        self._applications = applications
        self._vault = vault
        self._now = now

    async def begin(self, *, server: str, sign_in_id: str, asker: Asker, forward_url: str) -> Begun:  # noqa: ARG002
        """Begin one; raises `NoApplicationError` where Trakt is not set up."""
        trakt = await self._applications.trakt()
        async with self._applications.rate_limit.acquire_alone():
            begun_at = self._now()
            device = await trakt.device_code()
        return Begun(
            code=device.user_code,
            url=device.verification_url,
            expires_at=begun_at + device.expires_in,
            poll_every=device.interval,
            secret=device.device_code,
        )

    async def poll(self, waiting: Waiting) -> Outcome:
        """Ask once how it stands."""
        if waiting.secret is None:
            return Ended("expired")
        trakt = await self._applications.trakt()
        if (redeemed := _redeemed(waiting.secret)) is not None:
            return await _authorized(trakt, redeemed)
        return await self._outcome(trakt, waiting, await trakt.device_token(waiting.secret))

    async def _outcome(self, trakt: Trakt, waiting: Waiting, poll: Poll) -> Outcome:
        match poll:
            case CodePending():
                return Pending()
            case SlowDown(wait):
                return Pending(wait or SLOWER)
            case CodeEnded("used"):
                return await self._redeemed_before(trakt, waiting)
            case CodeEnded(reason):
                return Ended("denied" if reason == "denied" else "expired")
            case Tokens():
                return await self._just_redeemed(trakt, waiting, _Redeemed.of(poll, now=self._now()))

    async def _just_redeemed(self, trakt: Trakt, waiting: Waiting, redeemed: "_Redeemed") -> Outcome:
        is_kept = await self._keep(waiting, redeemed)
        try:
            return await _authorized(trakt, redeemed)
        except UsherError:
            if not is_kept:
                await _give_back(trakt, waiting, redeemed)
            raise

    async def _redeemed_before(self, trakt: Trakt, waiting: Waiting) -> Outcome:
        """Go on with what another poll of the same code got: a replica's, or one that was cut short."""
        kept = await self._vault.get(sign_in_secret(waiting.sign_in_id, provider="trakt"))
        redeemed = None if kept is None else _redeemed(kept)
        return Ended("expired") if redeemed is None else await _authorized(trakt, redeemed)

    async def _keep(self, waiting: Waiting, redeemed: "_Redeemed") -> bool:
        """Return False where the sign-in was called off meanwhile, or Postgres is away."""
        owner = sign_in_secret(waiting.sign_in_id, provider="trakt")
        try:
            return await self._vault.replace(owner, redeemed.sealed())
        except UnavailableError as exc:
            log.warning("trakt_tokens_not_kept", sign_in=waiting.sign_in_id, reason=exc.detail)
            return False


class _Redeemed(msgspec.Struct, frozen=True, tag="trakt.redeemed"):
    """Tokens in the place of the code that they were given for."""

    access: str
    refresh: str
    expires_at: datetime

    @classmethod
    def of(cls, tokens: Tokens, *, now: datetime) -> "_Redeemed":
        """Return tokens with their end by our clock, whatever Trakt's says."""
        return cls(tokens.access.reveal(), tokens.refresh.reveal(), now + (tokens.expires_at - tokens.created_at))

    def sealed(self) -> Secret:
        """Return all of it as one secret."""
        return Secret(msgspec.json.encode(self).decode())


def redeemed_token(secret: Secret) -> Secret | None:
    """Return the access token that a sign-in's secret holds, once its code is redeemed; None before."""
    redeemed = _redeemed(secret)
    return None if redeemed is None else Secret(redeemed.access)


def _redeemed(secret: Secret) -> _Redeemed | None:
    """Return the tokens that stand in the place of a code; None for a code."""
    try:
        return msgspec.json.decode(secret.reveal(), type=_Redeemed)
    except (msgspec.MsgspecError, RecursionError):
        return None


async def _authorized(trakt: Trakt, redeemed: _Redeemed) -> Authorized:
    access = Secret(redeemed.access)
    account = await trakt.account(access)
    return Authorized(
        proven=Proven(provider="trakt", account_id=account.id, username=account.username),
        token=access,
        refresh_token=Secret(redeemed.refresh),
        expires_at=redeemed.expires_at,
    )


async def _give_back(trakt: Trakt, waiting: Waiting, redeemed: _Redeemed) -> None:
    """Let tokens end that nobody keeps and nobody will ask for again."""
    try:
        await trakt.revoke(Secret(redeemed.access))
    except UsherError as exc:
        log.warning("trakt_tokens_left_behind", sign_in=waiting.sign_in_id, reason=exc.detail)
