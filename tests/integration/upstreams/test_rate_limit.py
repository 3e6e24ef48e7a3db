"""One rate limit for all services and replicas, and for every client of plex.tv."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import httpx
import pytest

from shared.clients.plex_tv import PlexTv
from shared.http.calls import RateLimitedError
from shared.http.client import client
from shared.http.egress import Egress
from shared.postgres import pool as postgres
from shared.postgres.migrations import migrate
from shared.postgres.pool import Pool, transaction
from shared.schemas.secret import Secret
from shared.settings import UpstreamSettings
from shared.upstreams import store
from shared.upstreams.clients import Clients
from shared.upstreams.opening import open_clients
from shared.upstreams.rate_limit import Acquire, RateLimit
from simulators.plex_tv.app import PlexTv as PlexTvStandIn
from simulators.serving import serving


@pytest.fixture
async def syncers_pool(database_url: Secret) -> AsyncIterator[Pool]:
    async with postgres.connect(database_url, schema="syncer", size=4) as opened:
        yield opened


async def test_all_services_and_replicas_get_their_moments_in_one_rate_limit(pool: Pool, syncers_pool: Pool) -> None:
    minute, waits = timedelta(minutes=1), list[float]()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async def call(limit: RateLimit) -> None:
        async with limit.acquire():
            pass

    both = [
        RateLimit(each, "plex.tv", every=minute, patience=10 * minute, sleep=sleep) for each in (pool, syncers_pool)
    ]
    await asyncio.gather(*(call(limit) for limit in both * 5))

    assert sorted(round(wait / minute.total_seconds()) for wait in waits) == list(range(1, 10))


async def test_a_wait_that_is_asked_for_holds_up_even_those_who_have_a_moment(pool: Pool) -> None:
    called: list[str] = []
    is_held = asyncio.Event()

    async def sleep(_seconds: float) -> None:
        await is_held.wait()

    limit = RateLimit(pool, "plex.tv", every=timedelta(seconds=2), sleep=sleep)

    async def is_asked_to_wait() -> None:
        try:
            async with limit.acquire():
                raise RateLimitedError("wait", retry_after=timedelta(seconds=30))
        finally:
            is_held.set()

    async def call() -> None:
        async with limit.acquire():
            called.append("called")

    results = await asyncio.gather(is_asked_to_wait(), call(), call(), return_exceptions=True)

    assert [type(each) for each in results] == [RateLimitedError] * 3
    assert called == []
    with pytest.raises(RateLimitedError) as refused:
        await call()
    assert refused.value.retry_after is not None
    assert refused.value.retry_after > timedelta(seconds=25)


@pytest.fixture
async def plex_tv() -> AsyncIterator[tuple[PlexTvStandIn, UpstreamSettings]]:
    stand_in = PlexTvStandIn()
    async with serving(stand_in) as url:
        yield stand_in, UpstreamSettings(plex_tv_url=url)


TOKEN = Secret("anybody's")
CALLS: dict[str, Callable[[PlexTv], Awaitable[object]]] = {
    "create a PIN": lambda plex_tv: plex_tv.create_pin(strong=True),
    "check a PIN": lambda plex_tv: plex_tv.check_pin(1),
    "account": lambda plex_tv: plex_tv.account(TOKEN),
    "resources": lambda plex_tv: plex_tv.resources(TOKEN),
    "shares": lambda plex_tv: plex_tv.count_shares(TOKEN, machine_id="m1"),
    "webhooks": lambda plex_tv: plex_tv.webhooks(TOKEN),
    "replace webhooks": lambda plex_tv: plex_tv.replace_webhooks(TOKEN, [TOKEN]),
    "ping": lambda plex_tv: plex_tv.ping(TOKEN),
}


@pytest.mark.parametrize("acquire", [RateLimit.acquire, RateLimit.acquire_alone, RateLimit.acquire_at_once])
async def test_no_client_of_plex_tv_calls_while_another_services_was_asked_to_wait(
    plex_tv: tuple[PlexTvStandIn, UpstreamSettings], pool: Pool, syncers_pool: Pool, acquire: Acquire
) -> None:
    stand_in, config = plex_tv
    stand_in.fail_next(429, Retry_After="30")
    tls = httpx.create_ssl_context(trust_env=False)
    async with client(tls=tls) as http:
        linkers, syncers = (
            Clients(http, config, each, plex_client_id="usher-1").plex_tv(acquire) for each in (pool, syncers_pool)
        )
        with pytest.raises(RateLimitedError):
            await linkers.resources(TOKEN)
        for call in CALLS.values():
            with pytest.raises(RateLimitedError, match=r"plex\.tv asked us to wait"):
                await call(syncers)

    assert [request.path for request in stand_in.seen] == ["/api/v2/resources"]


def test_those_are_all_calls_of_the_client() -> None:
    assert len(CALLS) == len([name for name, call in vars(PlexTv).items() if inspect.iscoroutinefunction(call)])


async def test_all_services_say_the_same_name_to_plex_tv(
    plex_tv: tuple[PlexTvStandIn, UpstreamSettings], pool: Pool, syncers_pool: Pool
) -> None:
    stand_in, config = plex_tv
    for each in (pool, syncers_pool, pool):
        async with open_clients(config, each, egress=Egress()) as clients:
            await clients.plex_tv().create_pin(strong=True)

    assert len({request.header("x-plex-client-identifier") for request in stand_in.seen}) == 1


async def test_the_name_of_an_earlier_version_is_kept(pool: Pool) -> None:
    await pool.execute("insert into linker.installation (name, value) values ('plex_client_id', 'as before')")
    await pool.execute("drop table shared.rate_limits, shared.installation")
    await pool.execute("delete from shared.migrations where name like '%0002_upstreams%'")

    await migrate(pool, schema="shared", packages=("shared",))

    async with transaction(pool) as connection:
        assert await store.get_or_store(connection, "plex_client_id", otherwise="another") == "as before"
