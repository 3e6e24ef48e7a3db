"""What real systems forget, end or use up around a sign-in, as the stand-ins do."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import pytest

from simulators.asgi import App
from simulators.determinism import Clock
from simulators.emby import Emby
from simulators.jellyfin.app import Jellyfin
from simulators.trakt.app import Trakt

NOW: Final = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DEVICE: Final = 'Client="Usher", Device="Server", DeviceId="usher-1", Version="1.0"'
PASSWORD: Final = "secret"


def client(app: App, scheme: str = "MediaBrowser") -> httpx.AsyncClient:
    headers = {"Authorization": f"{scheme} {DEVICE}", "User-Agent": "usher/1.0"}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://server", headers=headers)


async def waiting(jellyfin: Jellyfin) -> Any:
    return (await client(jellyfin).post("/QuickConnect/Initiate")).json()


async def statuses(jellyfin: Jellyfin, secret: str) -> tuple[int, int]:
    asking = client(jellyfin)
    status = await asking.get("/QuickConnect/Connect", params={"secret": secret})
    token = await asking.post("/Users/AuthenticateWithQuickConnect", json={"Secret": secret})
    return status.status_code, token.status_code


async def test_a_quick_connect_says_longer_that_it_was_approved_than_it_gives_the_token() -> None:
    clock = Clock(NOW)
    jellyfin = Jellyfin(clock=clock)
    anna = jellyfin.household.add("anna", PASSWORD)
    made = await waiting(jellyfin)
    jellyfin.approve(made["Code"], anna)
    seen = []
    for minutes in (9, 1, 1):
        clock.advance(timedelta(minutes=minutes))
        seen.append(await statuses(jellyfin, made["Secret"]))

    assert seen == [(200, 200), (200, 404), (404, 404)]


async def test_a_restart_forgets_quick_connects_and_keeps_tokens() -> None:
    jellyfin = Jellyfin(clock=Clock(NOW))
    anna = jellyfin.household.add("anna", PASSWORD)
    made = await waiting(jellyfin)
    jellyfin.approve(made["Code"], anna)
    body = {"Secret": made["Secret"]}
    token = (await client(jellyfin).post("/Users/AuthenticateWithQuickConnect", json=body)).json()["AccessToken"]

    jellyfin.restart()

    assert await statuses(jellyfin, made["Secret"]) == (404, 404)
    assert jellyfin.household.is_known(token)


async def test_a_code_that_was_typed_before_is_refused_otherwise_than_an_unknown_one() -> None:
    jellyfin = Jellyfin(clock=Clock(NOW))
    anna = jellyfin.household.add("anna", PASSWORD)
    made = await waiting(jellyfin)
    jellyfin.approve(made["Code"], anna)
    by_name = await client(jellyfin).post("/Users/AuthenticateByName", json={"Username": "anna", "Pw": PASSWORD})
    header = {"Authorization": f'MediaBrowser Token="{by_name.json()["AccessToken"]}", {DEVICE}'}
    typing = httpx.AsyncClient(transport=httpx.ASGITransport(jellyfin), base_url="http://server", headers=header)
    answers = [await typing.post("/QuickConnect/Authorize", params={"code": code}) for code in (made["Code"], "000000")]

    assert [answer.status_code for answer in answers] == [500, 404]


@pytest.mark.parametrize(("app", "scheme", "lives_on"), [(Jellyfin(), "MediaBrowser", True), (Emby(), "Emby", False)])
async def test_whose_sessions_of_a_device_end_at_a_sign_in(
    app: Jellyfin | Emby, scheme: str, *, lives_on: bool
) -> None:
    tokens = []
    for name in ("anna", "ben"):
        app.household.add(name, PASSWORD)
        body = {"Username": name, "Pw": PASSWORD}
        answer = await client(app, scheme).post("/Users/AuthenticateByName", json=body)
        tokens.append(answer.json()["AccessToken"])

    assert [app.household.is_known(token) for token in tokens] == [lives_on, True]


async def test_trakt_reads_json_only() -> None:
    trakt = Trakt(clock=Clock(NOW))

    answer = await client(trakt.auth).post("/oauth/device/code", data={"client_id": trakt.accounts.client_id})

    assert answer.status_code == 401


async def test_an_answer_that_is_lost_had_its_effect() -> None:
    trakt = Trakt(clock=Clock(NOW))
    trakt.accounts.add("anna")
    grant = trakt.accounts.grant("anna")
    body = {
        "client_id": trakt.accounts.client_id,
        "client_secret": trakt.accounts.client_secret,
        "grant_type": "refresh_token",
        "refresh_token": grant.refresh,
    }
    trakt.auth.lose_next()
    answers = [await client(trakt.auth).post("/oauth/token", json=body) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [502, 400]
    assert trakt.accounts.holder(grant.access) is None
