from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import pytest

from simulators.asgi import App
from simulators.determinism import Clock
from simulators.trakt.app import Trakt

NOW: Final = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
AGENT: Final = "usher/1.0"


@pytest.fixture
def trakt() -> Trakt:
    return Trakt(clock=Clock(NOW))


def client(app: App, **headers: str) -> httpx.AsyncClient:
    named = {"User-Agent": AGENT, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://trakt", headers=named)


def body(trakt: Trakt, **more: str) -> dict[str, str]:
    return {"client_id": trakt.accounts.client_id, "client_secret": trakt.accounts.client_secret, **more}


async def code(trakt: Trakt) -> Any:
    response = await client(trakt.auth).post("/oauth/device/code", json={"client_id": trakt.accounts.client_id})
    return response.json()


async def poll(trakt: Trakt, device_code: str, *, after: timedelta = timedelta(seconds=5)) -> httpx.Response:
    trakt.accounts.clock.advance(after)
    return await client(trakt.auth).post("/oauth/device/token", json=body(trakt, code=device_code))


async def refresh(trakt: Trakt, token: str) -> httpx.Response:
    sent = body(trakt, refresh_token=token, grant_type="refresh_token")
    return await client(trakt.auth).post("/oauth/token", json=sent)


async def settings(trakt: Trakt, token: str, **headers: str) -> httpx.Response:
    named = {"Authorization": f"Bearer {token}", "trakt_api_version": "2", "trakt_api_key": trakt.accounts.client_id}
    return await client(trakt.api, **{**named, **headers}).get("/users/settings")


async def test_a_code_is_pending_then_gives_tokens_once(trakt: Trakt) -> None:
    anna = trakt.accounts.add("anna")
    made = await code(trakt)
    pending = await poll(trakt, made["device_code"])
    trakt.accounts.approve(made["user_code"].lower(), anna)
    granted = await poll(trakt, made["device_code"])
    used = await poll(trakt, made["device_code"])
    found = await settings(trakt, granted.json()["access_token"])

    assert [pending.status_code, granted.status_code, used.status_code] == [400, 200, 409]
    assert granted.json()["expires_in"] == 7 * 24 * 3600
    assert found.json()["user"]["ids"] == {"slug": "anna", "uuid": anna.uuid}


async def test_unknown_denied_and_old_codes_are_told_apart(trakt: Trakt) -> None:
    denied, old = await code(trakt), await code(trakt)
    trakt.accounts.deny(denied["user_code"])
    statuses = [
        (await poll(trakt, "unknown")).status_code,
        (await poll(trakt, denied["device_code"])).status_code,
        (await poll(trakt, old["device_code"], after=timedelta(minutes=10))).status_code,
    ]

    assert statuses == [404, 418, 410]
    with pytest.raises(LookupError):
        trakt.accounts.approve(old["user_code"], trakt.accounts.add("anna"))


async def test_polling_faster_than_the_interval_is_refused(trakt: Trakt) -> None:
    made = await code(trakt)
    statuses = [
        (await poll(trakt, made["device_code"], after=timedelta(seconds=seconds))).status_code for seconds in (5, 4, 5)
    ]

    assert statuses == [400, 429, 400]


async def test_a_refresh_token_is_good_for_once_and_ends_the_access_token(trakt: Trakt) -> None:
    grant = trakt.accounts.grant(trakt.accounts.add("anna").slug)
    first = await refresh(trakt, grant.refresh)
    again = await refresh(trakt, grant.refresh)
    old, new = await settings(trakt, grant.access), await settings(trakt, first.json()["access_token"])

    assert (first.status_code, again.status_code, again.json()["error"]) == (200, 400, "invalid_grant")
    assert (old.status_code, new.status_code) == (401, 200)


async def test_an_access_token_lives_for_seven_days(trakt: Trakt) -> None:
    grant = trakt.accounts.grant(trakt.accounts.add("anna").slug)
    trakt.accounts.clock.advance(timedelta(days=7) - timedelta(seconds=1))
    before = await settings(trakt, grant.access)
    trakt.accounts.clock.advance(timedelta(seconds=1))
    after = await settings(trakt, grant.access)
    renewed = await refresh(trakt, grant.refresh)

    assert (before.status_code, after.status_code, renewed.status_code) == (200, 401, 200)


async def test_a_revoked_token_cannot_be_refreshed(trakt: Trakt) -> None:
    grant = trakt.accounts.grant(trakt.accounts.add("anna").slug)
    revoked = await client(trakt.auth).post("/oauth/revoke", json=body(trakt, token=grant.access))

    assert (revoked.status_code, (await refresh(trakt, grant.refresh)).status_code) == (200, 400)
    assert (await settings(trakt, grant.access)).status_code == 401


@pytest.mark.parametrize("path", ["/oauth/device/code", "/oauth/device/token", "/oauth/token", "/oauth/revoke"])
async def test_an_unknown_application_gets_nothing(trakt: Trakt, path: str) -> None:
    response = await client(trakt.auth).post(path, json={"client_id": "x", "client_secret": "y"})

    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("agent", ["", "python-httpx/0.28.1"])
async def test_who_has_no_name_is_stopped_by_cloudflare(trakt: Trakt, agent: str) -> None:
    response = await client(trakt.auth, User_Agent=agent).post("/oauth/device/code", json={})

    assert (response.status_code, response.headers["content-type"][:9]) == (403, "text/html")
    assert "x-runtime" not in response.headers


async def test_the_api_wants_key_version_and_token_and_has_no_oauth(trakt: Trakt) -> None:
    grant = trakt.accounts.grant(trakt.accounts.add("anna").slug)
    answers = [
        await settings(trakt, grant.access, trakt_api_key="other"),
        await settings(trakt, grant.access, trakt_api_key=""),
        await settings(trakt, grant.access, trakt_api_version="1"),
        await settings(trakt, "unknown"),
        await client(trakt.api).post("/oauth/token", json={}),
    ]

    assert [each.status_code for each in answers] == [403, 403, 412, 401, 404]
    assert all("x-runtime" in each.headers for each in answers)


async def test_a_locked_account_is_told_so(trakt: Trakt) -> None:
    anna = trakt.accounts.add("anna")
    trakt.accounts.locked.add(anna.slug)

    assert (await settings(trakt, trakt.accounts.grant(anna.slug).access)).status_code == 423


async def test_a_thousand_calls_in_five_minutes_are_the_most(trakt: Trakt) -> None:
    grant = trakt.accounts.grant(trakt.accounts.add("anna").slug)
    statuses = {(await settings(trakt, grant.access)).status_code for _ in range(1000)}
    refused = await settings(trakt, grant.access)
    trakt.accounts.clock.advance(timedelta(minutes=5))
    later = await settings(trakt, grant.access)

    assert (statuses, refused.status_code, refused.headers["Retry-After"], later.status_code) == (
        {200},
        429,
        "300",
        200,
    )
