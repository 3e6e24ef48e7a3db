"""One server's limit, deadline and breaker, with calls that only wait, fail or return."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from shared.errors import PermanentError, TransientError
from shared.http.breaker import Breaker
from shared.http.calls import CircuitOpenError, FailingError, RateLimitedError, RefusedError, UnreachableError
from shared.http.egress import EgressError
from shared.http.upstream import Upstream, Upstreams


class FakeClock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def fail(upstream: Upstream, error: BaseException, *, expected: type[BaseException]) -> None:
    with pytest.raises(expected):
        async with upstream.call():
            raise error


async def succeed(upstream: Upstream) -> None:
    async with upstream.call():
        pass


def answer(status: int) -> httpx.HTTPStatusError:
    request = httpx.Request("GET", "http://attic")
    return httpx.HTTPStatusError("", request=request, response=httpx.Response(status, request=request))


async def test_only_so_many_calls_run_at_once() -> None:
    upstream = Upstream("Plex", calls_at_once=3)
    running: list[int] = []
    most = 0

    async def one() -> None:
        nonlocal most
        async with upstream.call():
            running.append(1)
            most = max(most, len(running))
            await asyncio.sleep(0)
            running.pop()

    await asyncio.gather(*(one() for _ in range(50)))

    assert most == 3


async def test_waiting_for_a_slot_ends() -> None:
    upstream = Upstream("Plex", calls_at_once=1, patience=timedelta(milliseconds=10))

    async with upstream.call():
        with pytest.raises(TransientError, match="Plex is busy"):
            await succeed(upstream)

    await succeed(upstream)


async def test_a_call_that_takes_too_long_fails_and_frees_its_slot() -> None:
    upstream = Upstream("Plex", calls_at_once=1, deadline=timedelta(milliseconds=10))

    with pytest.raises(FailingError, match="Plex is out of reach"):
        async with upstream.call():
            await asyncio.Event().wait()

    await succeed(upstream)


async def test_a_time_out_of_the_callers_own_is_his() -> None:
    with pytest.raises(TimeoutError):
        async with Upstream("Plex").call(), asyncio.timeout(0.001):
            await asyncio.Event().wait()


async def test_five_failed_connections_stop_all_calls() -> None:
    upstream = Upstream("Plex", breaker=Breaker(clock=FakeClock()))
    for _ in range(5):
        await fail(upstream, httpx.ConnectError(""), expected=UnreachableError)

    with pytest.raises(CircuitOpenError) as refused:
        await succeed(upstream)

    assert upstream.state == "open"
    assert refused.value.retry_after == timedelta(seconds=15)


async def test_three_calls_after_the_pause_make_it_as_before() -> None:
    clock = FakeClock()
    upstream = Upstream("Plex", breaker=Breaker(clock=clock))
    for _ in range(5):
        await fail(upstream, httpx.ConnectError(""), expected=UnreachableError)
    clock.now += 15

    for _ in range(3):
        await succeed(upstream)

    assert upstream.state == "closed"


async def test_only_one_probe_goes_while_others_are_told_to_wait() -> None:
    clock = FakeClock()
    upstream = Upstream("Plex", breaker=Breaker(clock=clock))
    for _ in range(5):
        await fail(upstream, httpx.ConnectError(""), expected=UnreachableError)
    clock.now += 15

    async with upstream.call():
        with pytest.raises(CircuitOpenError) as refused:
            await succeed(upstream)

    assert refused.value.retry_after == timedelta(seconds=1)


async def test_a_cancelled_probe_lets_the_next_one_go() -> None:
    clock = FakeClock()
    upstream = Upstream("Plex", breaker=Breaker(clock=clock))
    for _ in range(5):
        await fail(upstream, httpx.ConnectError(""), expected=UnreachableError)
    clock.now += 15

    await fail(upstream, asyncio.CancelledError(), expected=asyncio.CancelledError)

    await succeed(upstream)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (answer(401), RefusedError),
        (answer(404), RefusedError),
        (answer(429), RateLimitedError),
        (httpx.DecodingError(""), RefusedError),
        (httpx.PoolTimeout(""), TransientError),
        (EgressError("no"), EgressError),
        (PermanentError("ours"), PermanentError),
        (KeyError("a bug"), KeyError),
        (asyncio.CancelledError(), asyncio.CancelledError),
    ],
)
async def test_what_is_no_failure_of_the_server_never_opens_its_breaker(
    error: BaseException, expected: type[BaseException]
) -> None:
    upstream = Upstream("Plex")

    for _ in range(30):
        await fail(upstream, error, expected=expected)

    assert upstream.state == "closed"


@pytest.mark.parametrize("make", [lambda: answer(500), lambda: httpx.ReadTimeout(""), lambda: answer(503)])
async def test_ten_failures_open_it(make: Callable[[], Exception]) -> None:
    upstream = Upstream("Plex")

    for _ in range(10):
        await fail(upstream, make(), expected=FailingError)

    assert upstream.state == "open"


async def test_servers_are_told_apart_by_name() -> None:
    upstreams = Upstreams()
    for _ in range(5):
        await fail(upstreams.of("Plex attic"), httpx.ConnectError(""), expected=UnreachableError)

    await succeed(upstreams.of("Plex cellar"))

    assert [upstreams.of(name).state for name in ("Plex attic", "Plex cellar")] == ["open", "closed"]


async def test_a_forgotten_server_begins_anew() -> None:
    upstreams = Upstreams()
    for _ in range(5):
        await fail(upstreams.of("Plex attic"), httpx.ConnectError(""), expected=UnreachableError)
    upstreams.forget("Plex attic")

    await succeed(upstreams.of("Plex attic"))

    upstreams.forget("never known")
    assert upstreams.of("Plex attic").state == "closed"
