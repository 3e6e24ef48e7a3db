"""Signing in while plex.tv fails, is slow, or asks to wait."""

import asyncio
from datetime import timedelta

import pytest

from services.linker.signins.intervals import Intervals
from simulators.plex_tv.app import PlexTv
from tests.integration.gateway.house import House
from tests.integration.linker.linking import Linker, Place, admin, claim, key


@pytest.mark.parametrize("status", [500, 403])
async def test_what_goes_wrong_with_one_pin_hides_no_other(
    plex: PlexTv, house: House, linker: Linker, status: int
) -> None:
    me = await admin(house)
    pin = await me.begin()
    strong = plex.pins.with_code(pin["code"])
    assert strong is not None
    plex.fail_next(status, times=20, path=f"/api/v2/pins/{strong.id}")
    claim(plex, pin["short_code"], plex.accounts.add("anna"))

    ended = await me.settled(pin)

    assert ended["status"] == "authorized"


@pytest.mark.parametrize("status", [500, 502, 200, 403, 401])
async def test_what_goes_wrong_over_there_ends_nothing(plex: PlexTv, house: House, linker: Linker, status: int) -> None:
    me = await admin(house)
    pin = await me.begin()
    plex.fail_next(status, times=2)

    during = await me.check(pin)

    assert during["status"] == "pending"
    claim(plex, pin["code"], plex.accounts.add("anna"))
    assert (await me.settled(pin))["status"] == "authorized"


async def test_a_slow_plex_holds_up_a_check_for_a_moment_only(plex: PlexTv, house: House, place: Place) -> None:
    rarely = Intervals(plex_polls=timedelta(hours=1), check_within=timedelta(milliseconds=200))
    async with place.linker(intervals=rarely):
        me = await admin(house)
        pin = await me.begin()
        plex.slow_next(timedelta(hours=1), times=1)

        during = await me.check(pin)

    assert during["status"] == "pending"
    assert any(request.path.startswith("/api/v2/pins/") for request in plex.seen)


async def test_a_429_holds_up_all_sign_ins_as_long_as_it_says(plex: PlexTv, house: House, place: Place) -> None:
    async with place.linker(intervals=Intervals(plex_polls=timedelta(hours=1))):  # so that only the checks ask
        me, other = await admin(house), key(house)
        pin, others = await me.begin(), await other.begin()
        plex.fail_next(429, times=1, body=b'{"errors":[{"code":1003}]}', Retry_After="600")
        await me.check(pin)
        plex.seen.clear()

        during = [await me.check(pin), await other.check(others)]

        assert [each["status"] for each in during] == ["pending", "pending"]
        assert [request for request in plex.seen if "/pins/" in request.path] == []
        [limit] = await place.rows("select held_until - clock_timestamp() as wait from shared.rate_limits")
        assert timedelta(seconds=570) < limit["wait"] <= timedelta(seconds=600)
        await place.rows("update shared.rate_limits set held_until = clock_timestamp()")
        claim(plex, pin["code"], plex.accounts.add("anna"))
        assert (await me.settled(pin))["status"] == "authorized"


async def test_a_plex_that_asks_to_wait_makes_one_pin_for_nobody(plex: PlexTv, house: House, linker: Linker) -> None:
    plex.fail_next(429, times=9, body=b'{"errors":[{"code":1003}]}', Retry_After="143")

    answers = await asyncio.gather(*(key(house).post("plex/auth/pin", {}) for _ in range(5)))

    assert [answer.status_code for answer in answers] == [429] * 5
    assert all(130 < int(answer.headers["Retry-After"]) <= 143 for answer in answers)
    assert all("try again in 2 minutes" in answer.json()["detail"] for answer in answers)
    assert [request.path for request in plex.seen] == ["/api/v2/pins"]
