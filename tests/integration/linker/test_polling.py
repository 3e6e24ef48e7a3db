"""Polling sign-ins: by several linkers, through restarts and changed keys, within plex.tv's limits."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.linker.signins.domain import LEASE, Asker, Outcome, Pending, PollRequest, SignInCode, SignInRow, new_row
from services.linker.signins.intervals import Intervals
from services.linker.signins.providers import Providers
from services.linker.signins.store import sign_ins
from shared.keyring import new_key
from shared.owners import account_token
from shared.postgres.pool import Pool, transaction
from shared.schemas.secret import Secret
from simulators.asgi import Request, Response
from simulators.plex_tv.app import PlexTv
from tests.integration.gateway.house import House, prepared, settings
from tests.integration.linker.linking import Place, admin, claim, key, now
from tests.integration.service import until

PLEX_TV_EVERY = timedelta(milliseconds=40)
INTERVALS = Intervals(
    plex_polls=timedelta(milliseconds=300),
    looks=timedelta(milliseconds=20),
)


class Timed(PlexTv):
    """Records when each PIN was asked for, and how many at once."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.asked: dict[str, list[datetime]] = {}
        self.at_once: Counter[str] = Counter()
        self.most_at_once = 0

    async def serve(self, request: Request) -> Response:
        if not request.path.startswith("/api/v2/pins/"):
            return await super().serve(request)
        self.asked.setdefault(request.path, []).append(now())
        self.at_once[request.path] += 1
        self.most_at_once = max(self.most_at_once, self.at_once[request.path])
        await asyncio.sleep(0.05)
        answer = await super().serve(request)
        self.at_once[request.path] -= 1
        return answer


@pytest.fixture
def plex() -> Timed:
    return Timed(per_second=1000, pin_checks_at_once=1000)


async def test_two_linkers_share_the_work_and_the_limits(plex: Timed, place: Place, house: House) -> None:
    linkers = [place.linker(intervals=INTERVALS, plex_tv_every=PLEX_TV_EVERY) for _ in range(2)]
    async with linkers[0], linkers[1]:
        began = now()
        mine, theirs = await (await admin(house)).begin(), await key(house).begin()
        await until(lambda: len(plex.asked) == 4 and all(len(each) >= 4 for each in plex.asked.values()))
        spent = now() - began

    assert set(plex.asked) == {f"/api/v2/pins/{pin.id}" for pin in plex.pins.open()}
    assert mine["pin_id"] != theirs["pin_id"]
    assert plex.most_at_once == 1
    assert sum(map(len, plex.asked.values())) <= spent / PLEX_TV_EVERY + 1
    assert max(map(len, plex.asked.values())) <= spent / INTERVALS.plex_polls + 1


async def test_a_linker_that_dies_in_the_middle_leaves_its_sign_ins_to_another(
    plex: Timed, place: Place, house: House
) -> None:
    me = await admin(house)
    async with place.linker():
        pin = await me.begin()
        claim(plex, pin["code"], plex.accounts.add("anna"))
        plex.slow_next(timedelta(seconds=30), path="/api/v2/user")  # the token is read, and nothing stored
        await until(lambda: any(request.path == "/api/v2/user" for request in plex.seen))

    async with place.linker(ahead=LEASE):

        async def is_linked() -> bool:
            return len(await me.linked()) == 1

        await until(is_linked)


async def test_a_sign_in_survives_all_services_and_new_keys(
    plex: Timed, place: Place, keys: Secret, tmp_path: Any
) -> None:
    rotated = Secret(f"{new_key('k2').reveal()},{keys.reveal()}")
    first = settings(place.database_url, place.nats_url, tmp_path / "one", usher_encryption_keys=keys)
    second = settings(place.database_url, place.nats_url, tmp_path / "two", usher_encryption_keys=rotated)
    async with prepared(first) as house, place.linker():
        pin = await (await admin(house)).begin()

    async with prepared(second) as house, place.linker(keys=rotated) as linker:
        await linker.vault.rotate()
        me = await admin(house)
        anna = plex.accounts.add("anna")
        claim(plex, pin["code"], anna)

        ended = await me.settled(pin)
        kept = await linker.vault.get(account_token("plex", server="", account_id=str(anna.id)))

    assert ended["status"] == "authorized"
    assert kept is not None


async def test_tokens_stay_readable_while_keys_are_rotated(plex: Timed, place: Place, house: House) -> None:
    rotated = Secret(f"{new_key('k2').reveal()},{place.keys.reveal()}")
    anna = plex.accounts.add("anna")
    async with place.linker(), place.linker(keys=rotated) as new:
        me = await admin(house)
        pin = await me.begin()
        claim(plex, pin["code"], anna)

        ended, rotation = await asyncio.gather(me.settled(pin), new.vault.rotate())
        again = await new.vault.rotate()
        kept = await new.vault.get(account_token("plex", server="", account_id=str(anna.id)))

    assert (ended["status"], rotation.failed, again.failed) == ("authorized", 0, 0)
    assert kept is not None


class Silent:
    """A flow in which no one ever signs in; records the order in which it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def begin(self, *, server: str, sign_in_id: str, asker: Asker, forward_url: str) -> SignInCode:  # noqa: ARG002
        raise AssertionError("nobody begins here")

    async def poll(self, waiting: PollRequest) -> Outcome:
        self.asked.append(waiting.sign_in_id)
        await asyncio.sleep(0)
        return Pending()


def waiting_since(name: str, age: timedelta) -> SignInRow:
    begun = SignInCode(
        code="code",
        url="http://plex.test",
        expires_at=now() + timedelta(minutes=20),
        poll_every=timedelta(seconds=2),
    )
    asker = Asker("discord", name, "somebody")
    return new_row(begun, sign_in_id=name, provider="trakt", server="", asker=asker, at=now() - age)


@pytest.fixture
async def many(pool: Pool) -> int:
    """A thousand sign-ins that wait, some of them for long."""
    count = 1000
    async with transaction(pool) as connection:
        for number in range(count):
            await sign_ins.add(connection, waiting_since(f"s{number:04}", timedelta(seconds=number % 600)))
    return count


async def test_a_thousand_open_sign_ins_take_turns(place: Place, many: int) -> None:
    silent = Silent()
    async with place.linker(providers=Providers(flows={"trakt": silent})):
        await until(lambda: len(set(silent.asked)) >= many * 0.9, within_s=60)

    assert max(Counter(silent.asked).values()) <= 10


class Narrow(Silent):
    """Is slow, and answers one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self._turn = asyncio.Lock()

    async def poll(self, waiting: PollRequest) -> Outcome:
        async with self._turn:
            await asyncio.sleep(0.02)
            return await super().poll(waiting)


async def test_who_began_a_moment_ago_is_not_kept_waiting_by_a_crowd(place: Place, house: House, pool: Pool) -> None:
    async with transaction(pool) as connection:
        for number in range(300):
            await sign_ins.add(connection, waiting_since(f"old-{number}", timedelta(minutes=5, seconds=number)))
        for number in range(3):
            await sign_ins.add(connection, waiting_since(f"young-{number}", timedelta(seconds=10)))
    narrow = Narrow()

    async with place.linker(providers=Providers(flows={"trakt": narrow})):
        await until(lambda: len(narrow.asked) >= 12)

    first = narrow.asked[:12]
    assert {name for name in first if name.startswith("young")} == {"young-0", "young-1", "young-2"}
    assert len({name for name in first if name.startswith("old")}) == 9


async def test_many_that_began_a_moment_ago_leave_turns_to_the_others(place: Place, house: House, pool: Pool) -> None:
    async with transaction(pool) as connection:
        for number in range(20):
            await sign_ins.add(connection, waiting_since(f"old-{number}", timedelta(minutes=5, seconds=number)))
        for number in range(200):
            await sign_ins.add(connection, waiting_since(f"young-{number}", timedelta(seconds=20)))
    narrow = Narrow()

    async with place.linker(providers=Providers(flows={"trakt": narrow})):
        await until(lambda: len(narrow.asked) >= 40)

    old = [name for name in narrow.asked[:40] if name.startswith("old")]
    assert 8 <= len(old) <= 12


async def test_who_comes_to_see_how_it_stands_is_asked_for_often_again(place: Place, house: House, pool: Pool) -> None:
    async with transaction(pool) as connection:
        await sign_ins.add(connection, waiting_since("seen", timedelta(minutes=10)))

    async with place.linker(providers=Providers(flows={"trakt": Silent()})) as linker:

        async def is_asked_for_often() -> bool:
            await linker.sign_ins.check("seen")
            [row] = await place.rows("select poll_at - polled_at as pause from sign_ins")
            return bool(row["pause"] < timedelta(seconds=5))

        await until(is_asked_for_often)
