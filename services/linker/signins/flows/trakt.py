"""Signs in to Trakt by a device code, which Trakt redeems only once.

So the tokens replace the code in the vault before Trakt is asked whose they are. From then on a crash, or a failure of
that question, costs nothing. Only a crash between Trakt's answer and the vault means that the person begins again.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from services.linker.signins.domain import (
    Asker,
    Authorization,
    Ended,
    Outcome,
    Pending,
    PollRequest,
    ProvenAccount,
    SignInCode,
)
from services.linker.signins.flows.trakt_application import TraktApplication
from shared.clients.trakt import Ended as CodeEnded
from shared.clients.trakt import Pending as CodePending
from shared.clients.trakt import Poll, SlowDown, Tokens, Trakt
from shared.errors import UnavailableError, UsherError
from shared.owners import sign_in_secret
from shared.schemas.secret import Secret
from shared.vault import Vault

SLOWER: Final = timedelta(seconds=10)
"""The pause where Trakt asks to slow down and does not say how much."""

log = structlog.get_logger()


class TraktFlow:
    """A `Flow`; Trakt has no servers, so `server` is empty."""

    def __init__(self, *, application: TraktApplication, vault: Vault, now: Callable[[], datetime]) -> None:
        self._application = application
        self._vault = vault
        self._now = now

    async def begin(self, *, server: str, sign_in_id: str, asker: Asker, forward_url: str) -> SignInCode:  # noqa: ARG002
        """Begin a sign-in; raises `NoApplicationError` where Trakt is not set up."""
        trakt = await self._application.client()
        async with self._application.rate_limit.acquire_alone():
            started_at = self._now()
            device = await trakt.device_code()
        return SignInCode(
            code=device.user_code,
            url=device.verification_url,
            expires_at=started_at + device.expires_in,
            poll_every=device.interval,
            secret=device.device_code,
        )

    async def poll(self, request: PollRequest) -> Outcome:
        """Poll once."""
        if request.secret is None:
            return Ended("expired")
        trakt = await self._application.client()
        if (redeemed := _decode(request.secret)) is not None:
            return await _authorize(trakt, redeemed)
        return await self._outcome(trakt, request, await trakt.device_token(request.secret))

    async def _outcome(self, trakt: Trakt, request: PollRequest, poll: Poll) -> Outcome:
        match poll:
            case CodePending():
                return Pending()
            case SlowDown(wait):
                return Pending(wait or SLOWER)
            case CodeEnded("used"):
                return await self._finish_earlier(trakt, request)
            case CodeEnded(reason):
                return Ended("denied" if reason == "denied" else "expired")
            case Tokens():
                return await self._finish(trakt, request, _RedeemedTokens.of(poll, now=self._now()))

    async def _finish(self, trakt: Trakt, request: PollRequest, redeemed: "_RedeemedTokens") -> Outcome:
        is_kept = await self._store(request, redeemed)
        try:
            return await _authorize(trakt, redeemed)
        except UsherError:
            if not is_kept:
                await _revoke(trakt, request, redeemed)
            raise

    async def _finish_earlier(self, trakt: Trakt, request: PollRequest) -> Outcome:
        """Go on with the tokens that another poll of the same code got: by another replica, or before a crash."""
        kept = await self._vault.get(sign_in_secret(request.sign_in_id, provider="trakt"))
        redeemed = None if kept is None else _decode(kept)
        return Ended("expired") if redeemed is None else await _authorize(trakt, redeemed)

    async def _store(self, request: PollRequest, redeemed: "_RedeemedTokens") -> bool:
        """Return False where the sign-in was cancelled meanwhile, or Postgres is away."""
        owner = sign_in_secret(request.sign_in_id, provider="trakt")
        try:
            return await self._vault.replace(owner, redeemed.as_secret())
        except UnavailableError as exc:
            log.warning("trakt_tokens_not_kept", sign_in=request.sign_in_id, reason=exc.detail)
            return False


class _RedeemedTokens(msgspec.Struct, frozen=True, tag="trakt.redeemed"):
    """Tokens that replace the code that they were issued for."""

    access: str
    refresh: str
    expires_at: datetime

    @classmethod
    def of(cls, tokens: Tokens, *, now: datetime) -> "_RedeemedTokens":
        """Return tokens with their expiry by our clock, whatever Trakt's shows."""
        return cls(tokens.access.reveal(), tokens.refresh.reveal(), now + (tokens.expires_at - tokens.created_at))

    def as_secret(self) -> Secret:
        """Return all of it as one secret."""
        return Secret(msgspec.json.encode(self).decode())


def redeemed_access_token(secret: Secret) -> Secret | None:
    """Return the access token that a sign-in's secret holds, once its code is redeemed; None before."""
    redeemed = _decode(secret)
    return None if redeemed is None else Secret(redeemed.access)


def _decode(secret: Secret) -> _RedeemedTokens | None:
    """Return the tokens that replaced a code; None for a code."""
    try:
        return msgspec.json.decode(secret.reveal(), type=_RedeemedTokens)
    except (msgspec.MsgspecError, RecursionError):
        return None


async def _authorize(trakt: Trakt, redeemed: _RedeemedTokens) -> Authorization:
    access = Secret(redeemed.access)
    account = await trakt.account(access)
    return Authorization(
        proven=ProvenAccount(provider="trakt", account_id=account.id, username=account.username),
        token=access,
        refresh_token=Secret(redeemed.refresh),
        expires_at=redeemed.expires_at,
    )


async def _revoke(trakt: Trakt, request: PollRequest, redeemed: _RedeemedTokens) -> None:
    """Revoke tokens that could not be stored."""
    try:
        await trakt.revoke(Secret(redeemed.access))
    except UsherError as exc:
        log.warning("trakt_tokens_left_behind", sign_in=request.sign_in_id, reason=exc.detail)
