"""Our client of plex.tv against the stand-in."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from shared.clients.errors import CredentialRefusedError
from shared.clients.plex_app import PlexApp
from shared.clients.plex_connections import usable
from shared.clients.plex_tv import PinExpiredError, PlexPassNeededError, PlexTv, hosts_of
from shared.http.calls import FailingError, RateLimitedError
from shared.http.upstream import Upstream
from shared.schemas.secret import Secret
from simulators.determinism import Clock
from simulators.plex_tv.app import PlexTv as StandIn
from simulators.serving import serving

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def stand_in() -> StandIn:
    return StandIn(clock=Clock(NOON))


@pytest.fixture
async def url(stand_in: StandIn) -> AsyncIterator[str]:
    async with serving(stand_in) as address:
        yield address


@pytest.fixture
def plex_tv(http: httpx.AsyncClient, url: str) -> PlexTv:
    return PlexTv(http, Upstream("plex.tv"), app=PlexApp(client_id="usher-1"), hosts=hosts_of(url))


async def test_a_claimed_pin_proves_an_account(plex_tv: PlexTv, stand_in: StandIn) -> None:
    anna = stand_in.accounts.add("anna")

    pin = await plex_tv.create_pin(strong=True)
    unclaimed = await plex_tv.check_pin(pin.id)
    stand_in.pins.claim(pin.id, anna)
    token = await plex_tv.check_pin(pin.id)

    assert unclaimed is None
    assert pin.expires_at == NOON + timedelta(minutes=30)
    assert token is not None
    account = await plex_tv.account(token)
    assert (account.id, account.uuid, account.username, account.email) == (anna.id, anna.uuid, "anna", anna.email)
    await plex_tv.ping(token)


async def test_a_pin_for_typing_has_four_characters(plex_tv: PlexTv) -> None:
    assert len((await plex_tv.create_pin(strong=False)).code) == 4


async def test_a_pin_ends(plex_tv: PlexTv, stand_in: StandIn) -> None:
    pin = await plex_tv.create_pin(strong=True)
    stand_in.clock.advance(timedelta(minutes=31))

    with pytest.raises(PinExpiredError):
        await plex_tv.check_pin(pin.id)


async def test_the_pin_of_another_client_is_no_pin_of_ours(http: httpx.AsyncClient, url: str, plex_tv: PlexTv) -> None:
    pin = await plex_tv.create_pin(strong=True)
    other = PlexTv(http, Upstream("plex.tv"), app=PlexApp(client_id="another"), hosts=hosts_of(url))

    with pytest.raises(PinExpiredError):
        await other.check_pin(pin.id)


async def test_who_asks_too_often_is_told_to_wait(plex_tv: PlexTv) -> None:
    pin = await plex_tv.create_pin(strong=True)
    for _ in range(3):
        await plex_tv.check_pin(pin.id)

    with pytest.raises(RateLimitedError, match="code 1003"):
        await plex_tv.check_pin(pin.id)


async def test_a_revoked_token_is_dead(plex_tv: PlexTv, stand_in: StandIn) -> None:
    token = stand_in.accounts.sign_in(stand_in.accounts.add("anna"))
    stand_in.accounts.revoke(token)

    for call in (plex_tv.account, plex_tv.resources, plex_tv.ping):
        with pytest.raises(CredentialRefusedError):
            await call(Secret(token))


async def test_a_shared_server_comes_with_a_token_of_its_own(plex_tv: PlexTv, stand_in: StandIn) -> None:
    accounts = stand_in.accounts
    owner, friend = accounts.add("owner"), accounts.add("friend")
    uris = ["https://1-2-3-4.m1.plex.direct:32400", "https://relay.plex.direct:443", "http://192.168.1.20:32400"]
    device = accounts.add_server("Attic", owner=owner, uris=uris)
    share = accounts.share(device, friend)

    servers = (await plex_tv.resources(Secret(accounts.sign_in(friend)))).rows

    assert [(server.name, server.machine_id, server.owned) for server in servers] == [
        ("Attic", device.machine_id, False)
    ]
    assert servers[0].access_token == Secret(share)
    ordered = [connection.uri for connection in usable(servers[0].connections, https_required=True)]
    assert ordered == [uris[2], uris[0], uris[1]]


@pytest.mark.parametrize("status", [500, 502, 200, 403])
async def test_pages_instead_of_data_are_worth_another_try(plex_tv: PlexTv, stand_in: StandIn, status: int) -> None:
    stand_in.fail_next(status)

    with pytest.raises(FailingError):
        await plex_tv.create_pin(strong=True)

    await plex_tv.create_pin(strong=True)


async def test_webhooks_are_read_and_replaced_as_a_whole(plex_tv: PlexTv, stand_in: StandIn) -> None:
    token = Secret(stand_in.accounts.sign_in(stand_in.accounts.add("anna", has_pass=True)))
    urls = [Secret("http://a.example/?x=1&y=ä b"), Secret("http://b.example")]

    await plex_tv.replace_webhooks(token, urls)
    kept = await plex_tv.webhooks(token)
    await plex_tv.replace_webhooks(token, [])

    assert kept == urls
    assert await plex_tv.webhooks(token) == []


async def test_without_plex_pass_there_are_no_webhooks(plex_tv: PlexTv, stand_in: StandIn) -> None:
    token = Secret(stand_in.accounts.sign_in(stand_in.accounts.add("anna")))

    with pytest.raises(PlexPassNeededError):
        await plex_tv.webhooks(token)
    with pytest.raises(PlexPassNeededError):
        await plex_tv.replace_webhooks(token, [])
