"""Our client of Trakt against the stand-in."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from shared.clients.errors import CredentialRefusedError
from shared.clients.trakt import Ended, Pending, RefreshRefusedError, SlowDown, Tokens, Trakt
from shared.http.calls import FailingError, RateLimitedError, RefusedError
from shared.http.upstream import Upstream
from shared.schemas.secret import Secret
from simulators.determinism import Clock
from simulators.serving import serving
from simulators.trakt.app import Trakt as StandIn

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def stand_in() -> StandIn:
    return StandIn(clock=Clock(NOON))


def client(http: httpx.AsyncClient, stand_in: StandIn, urls: tuple[str, str], *, secret: str | None = None) -> Trakt:
    return Trakt(
        http,
        Upstream("Trakt"),
        client_id=stand_in.accounts.client_id,
        client_secret=Secret(secret or stand_in.accounts.client_secret),
        auth_url=urls[0],
        api_url=urls[1],
    )


@pytest.fixture
async def urls(stand_in: StandIn) -> AsyncIterator[tuple[str, str]]:
    async with serving(stand_in.auth) as auth, serving(stand_in.api) as api:
        yield auth, api


@pytest.fixture
def trakt(http: httpx.AsyncClient, stand_in: StandIn, urls: tuple[str, str]) -> Trakt:
    return client(http, stand_in, urls)


async def linked(trakt: Trakt, stand_in: StandIn) -> Tokens:
    stand_in.accounts.add("anna")
    grant = stand_in.accounts.grant("anna")
    return await trakt.refresh(Secret(grant.refresh))


async def test_an_approved_device_proves_an_account(trakt: Trakt, stand_in: StandIn) -> None:
    anna = stand_in.accounts.add("anna")

    begun = await trakt.device_code()
    before = await trakt.device_token(begun.device_code)
    too_soon = await trakt.device_token(begun.device_code)
    stand_in.accounts.approve(begun.user_code, anna)
    stand_in.accounts.clock.advance(begun.interval)
    tokens = await trakt.device_token(begun.device_code)
    stand_in.accounts.clock.advance(begun.interval)
    again = await trakt.device_token(begun.device_code)

    assert before == Pending()
    assert too_soon == SlowDown(timedelta(seconds=1))
    assert isinstance(tokens, Tokens)
    assert tokens.expires_at - tokens.created_at == timedelta(days=7)
    assert again == Ended("used")
    assert (await trakt.account(tokens.access)).id == anna.uuid


async def test_a_device_is_turned_down_or_too_late_or_unknown(trakt: Trakt, stand_in: StandIn) -> None:
    denied, late = await trakt.device_code(), await trakt.device_code()
    stand_in.accounts.deny(denied.user_code)

    assert await trakt.device_token(denied.device_code) == Ended("denied")
    stand_in.accounts.clock.advance(timedelta(minutes=11))
    assert await trakt.device_token(late.device_code) == Ended("expired")
    assert await trakt.device_token(Secret("unknown")) == Ended("unknown")


async def test_a_refresh_token_is_good_for_once(trakt: Trakt, stand_in: StandIn) -> None:
    first = await linked(trakt, stand_in)

    second = await trakt.refresh(first.refresh)
    with pytest.raises(RefreshRefusedError):
        await trakt.refresh(first.refresh)

    assert (await trakt.account(second.access)).username == "anna"
    with pytest.raises(CredentialRefusedError):
        await trakt.account(first.access)


async def test_tokens_that_were_given_back_are_dead(trakt: Trakt, stand_in: StandIn) -> None:
    tokens = await linked(trakt, stand_in)

    await trakt.revoke(tokens.access)

    with pytest.raises(CredentialRefusedError):
        await trakt.account(tokens.access)
    with pytest.raises(RefreshRefusedError):
        await trakt.refresh(tokens.refresh)


async def test_a_wrong_application_is_distinguished_from_a_dead_token(
    http: httpx.AsyncClient, stand_in: StandIn, urls: tuple[str, str]
) -> None:
    wrong = client(http, stand_in, urls, secret="wrong")

    for call in (wrong.device_token, wrong.refresh):
        with pytest.raises(CredentialRefusedError):
            await call(Secret("any"))


async def test_a_locked_account_is_not_a_dead_token(trakt: Trakt, stand_in: StandIn) -> None:
    tokens = await linked(trakt, stand_in)
    stand_in.accounts.locked.add("anna")

    with pytest.raises(RefusedError) as raised:
        await trakt.account(tokens.access)

    assert raised.value.answered == 423
    assert not isinstance(raised.value, CredentialRefusedError)


async def test_cloudflare_in_between_is_worth_another_try(trakt: Trakt, stand_in: StandIn) -> None:
    stand_in.auth.fail_next(403)
    stand_in.api.fail_next(403)

    with pytest.raises(FailingError):
        await trakt.device_code()
    with pytest.raises(FailingError):
        await trakt.account(Secret("any"))


async def test_a_long_wait_is_handed_on(trakt: Trakt, stand_in: StandIn) -> None:
    stand_in.api.fail_next(429, body=b"", retry_after="2852")

    with pytest.raises(RateLimitedError) as raised:
        await trakt.account(Secret("any"))

    assert raised.value.retry_after == timedelta(seconds=2852)
