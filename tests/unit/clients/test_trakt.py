"""Trakt: the device flow, token renewal, and answers by Cloudflare instead."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from shared.clients.errors import CredentialRefusedError
from shared.clients.trakt import Account, DeviceCode, Ended, Pending, RefreshRefusedError, SlowDown, Tokens, Trakt
from shared.http.calls import FailingError, RateLimitedError, RefusedError
from shared.http.upstream import Upstream
from shared.schemas.secret import Secret
from tests.unit.clients.scripted import Scripted, good, page

TOKENS: dict[str, Any] = {
    "access_token": "access-1",
    "token_type": "bearer",
    "expires_in": 604_800,
    "refresh_token": "refresh-1",
    "scope": "public",
    "created_at": 1_795_000_000,
}
CREATED = datetime(2026, 11, 18, 11, 6, 40, tzinfo=UTC)
BEGUN = {
    "device_code": "device-1",
    "user_code": "5055CC52",
    "verification_url": "https://trakt.tv/activate",
    "expires_in": 600,
    "interval": 5,
}


def trakt(server: Scripted) -> Trakt:
    return Trakt(server.http, Upstream("Trakt"), client_id="app-1", client_secret=Secret("app-secret"))


async def test_a_sign_in_begins_on_the_host_for_signing_in() -> None:
    server = Scripted(good(BEGUN))

    begun = await trakt(server).device_code()

    assert begun == DeviceCode(
        device_code=Secret("device-1"),
        user_code="5055CC52",
        verification_url="https://trakt.tv/activate",
        expires_in=timedelta(minutes=10),
        interval=timedelta(seconds=5),
    )
    assert str(server.last.url) == "https://auth.trakt.tv/oauth/device/code"
    assert server.body == {"client_id": "app-1"}


async def test_every_call_has_a_name_or_cloudflare_refuses_it() -> None:
    server = Scripted(good(BEGUN), good({"user": {"username": "anna", "ids": {"uuid": "u1"}}}))

    await trakt(server).device_code()
    await trakt(server).account(Secret("access-1"))

    for request in server.asked:
        assert request.headers["User-Agent"].startswith("Usher/")
        assert request.headers["trakt-api-version"] == "2"
        assert request.headers["trakt-api-key"] == "app-1"
    assert server.asked[0].headers["Content-Type"] == "application/json"


async def test_no_interval_is_shorter_than_a_second() -> None:
    begun = await trakt(Scripted(good({**BEGUN, "interval": 0}))).device_code()

    assert begun.interval == timedelta(seconds=1)


async def test_an_approved_code_gives_both_tokens() -> None:
    server = Scripted(good(TOKENS))

    tokens = await trakt(server).device_token(Secret("device-1"))

    assert tokens == Tokens(
        access=Secret("access-1"),
        refresh=Secret("refresh-1"),
        created_at=CREATED,
        expires_at=CREATED + timedelta(days=7),
    )
    assert server.body == {"code": "device-1", "client_id": "app-1", "client_secret": "app-secret"}
    assert "access-1" not in repr(tokens)
    assert "refresh-1" not in repr(tokens)


@pytest.mark.parametrize(
    ("status", "poll"),
    [
        (400, Pending()),
        (404, Ended("unknown")),
        (409, Ended("used")),
        (410, Ended("expired")),
        (418, Ended("denied")),
        (429, SlowDown(wait=None)),
    ],
)
async def test_how_a_sign_in_stands_is_an_answer_and_no_failure(status: int, poll: Pending | SlowDown | Ended) -> None:
    server = Scripted(httpx.Response(status))

    assert await trakt(server).device_token(Secret("device-1")) == poll


async def test_slowing_down_takes_as_long_as_trakt_says() -> None:
    answer = httpx.Response(429, headers={"Retry-After": "10"})

    assert await trakt(Scripted(answer)).device_token(Secret("device-1")) == SlowDown(timedelta(seconds=10))


async def test_a_wrong_secret_of_the_application_is_a_refused_credential() -> None:
    with pytest.raises(CredentialRefusedError):
        await trakt(Scripted(good({"error": "invalid_client"}, 401))).device_token(Secret("device-1"))


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (httpx.Response(403), "refuses the application .*app.trakt.tv/settings/apps/api.*TRAKT_CLIENT_ID"),
        (httpx.Response(403, html="<html>", headers={"x-runtime": "0.01"}), "refuses the application"),
        (httpx.Response(403, json={"error": "forbidden", "error_description": "VIP only"}), "requires VIP"),
        (httpx.Response(403, headers={"x-upgrade-url": "https://trakt.tv/vip"}), "requires VIP"),
        (httpx.Response(426), "requires VIP"),
        (httpx.Response(401, json={"error": "invalid_client"}), "it was deleted.*TRAKT_CLIENT_ID"),
    ],
)
async def test_a_refusal_says_whose_it_is_and_what_to_do(answer: httpx.Response, says: str) -> None:
    with pytest.raises(RefusedError, match=says):
        await trakt(Scripted(answer)).device_code()


@pytest.mark.parametrize("status", [403, 404, 200])
async def test_cloudflare_is_not_trakt(status: int) -> None:
    for call in (trakt(Scripted(page(status))).device_token, trakt(Scripted(page(status))).account):
        with pytest.raises(FailingError, match=r"blocking us.*Cloudflare"):
            await call(Secret("token"))


async def test_trakts_own_refusal_is_a_refusal() -> None:
    answer = httpx.Response(403, html="<html>", headers={"x-runtime": "0.01"})

    with pytest.raises(RefusedError):
        await trakt(Scripted(answer)).account(Secret("access-1"))


async def test_tokens_are_renewed_at_half_their_life() -> None:
    server = Scripted(good(TOKENS))

    tokens = await trakt(server).refresh(Secret("refresh-0"))

    assert tokens.renew_at == CREATED + timedelta(days=3.5)
    assert str(server.last.url) == "https://auth.trakt.tv/oauth/token"
    assert server.body == {
        "refresh_token": "refresh-0",
        "grant_type": "refresh_token",
        "redirect_uri": "urn:ietf:wg:oauth:2.0:oob",
        "client_id": "app-1",
        "client_secret": "app-secret",
    }


@pytest.mark.parametrize("status", [400, 401])
async def test_a_used_refresh_token_asks_for_a_new_link(status: int) -> None:
    answer = good({"error": "invalid_grant", "error_description": "The provided authorization grant…"}, status)

    with pytest.raises(RefreshRefusedError) as raised:
        await trakt(Scripted(answer)).refresh(Secret("refresh-0"))

    assert not isinstance(raised.value, CredentialRefusedError)


async def test_a_wrong_application_is_not_a_used_token() -> None:
    with pytest.raises(CredentialRefusedError, match="application"):
        await trakt(Scripted(good({"error": "invalid_client"}, 400))).refresh(Secret("refresh-0"))


@pytest.mark.parametrize("body", [b"", b"[]", b'{"error": 5}', b'{"error": "odd"}', b"\xff"])
async def test_an_odd_refusal_to_renew_is_no_reason_to_give_the_link_up(body: bytes) -> None:
    with pytest.raises(RefusedError) as raised:
        await trakt(Scripted(httpx.Response(400, content=body))).refresh(Secret("refresh-0"))

    assert not isinstance(raised.value, RefreshRefusedError)


@pytest.mark.parametrize(
    "odd", [{"expires_in": 10**30}, {"expires_in": -1}, {"created_at": 10**18}, {"access_token": None}]
)
async def test_tokens_of_an_absurd_age_are_refused(odd: dict[str, Any]) -> None:
    with pytest.raises(RefusedError, match="does not understand"):
        await trakt(Scripted(good({**TOKENS, **odd}))).refresh(Secret("refresh-0"))


async def test_a_long_wait_is_handed_on() -> None:
    answer = httpx.Response(429, headers={"Retry-After": "2852"})

    with pytest.raises(RateLimitedError) as raised:
        await trakt(Scripted(answer)).account(Secret("access-1"))

    assert raised.value.retry_after == timedelta(seconds=2852)


async def test_tokens_are_given_back() -> None:
    server = Scripted(good({}))

    await trakt(server).revoke(Secret("access-1"))

    assert str(server.last.url) == "https://auth.trakt.tv/oauth/revoke"
    assert server.body["token"] == "access-1"


@pytest.mark.parametrize(
    ("user", "account"),
    [
        ({"username": "anna", "ids": {"slug": "anna-s", "uuid": "u1"}}, Account("u1", "anna")),
        ({"username": "anna", "ids": {"slug": "anna-s"}}, Account("anna-s", "anna")),
        ({"username": "anna"}, Account("anna", "anna")),
        ({"username": None, "ids": {"uuid": "u1"}}, Account("u1", "u1")),
    ],
)
async def test_a_token_belongs_to_somebody(user: dict[str, Any], account: Account) -> None:
    server = Scripted(good({"user": user}))

    assert await trakt(server).account(Secret("access-1")) == account
    assert str(server.last.url) == "https://api.trakt.tv/users/settings"
    assert server.last.headers["Authorization"] == "Bearer access-1"


async def test_a_token_of_nobody_is_refused() -> None:
    with pytest.raises(RefusedError, match="who the token belongs to"):
        await trakt(Scripted(good({"user": {}}))).account(Secret("access-1"))


async def test_a_dead_access_token_is_a_refused_credential() -> None:
    with pytest.raises(CredentialRefusedError):
        await trakt(Scripted(httpx.Response(401))).account(Secret("access-1"))
