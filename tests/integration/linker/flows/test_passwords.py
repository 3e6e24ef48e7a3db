"""User names and passwords of Jellyfin and Emby: what is proven, what is refused, how often one may try."""

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Final

import pytest

from services.linker.signins.domain import Asker, Authorization
from services.linker.signins.flows.passwords import PasswordSignIn
from services.linker.signins.flows.server_choice import AnotherServerError
from shared.clients.errors import WrongPasswordError
from shared.clock import SteadyClock
from shared.errors import InvalidError, ThrottledError, TransientError, UnknownServerError
from shared.http.calls import RefusedError
from shared.schemas.media import Provider
from shared.schemas.secret import Secret
from tests.integration.linker.flows.scenery import ANNA, BEN, Scene

SERVERS: Final[dict[Provider, str]] = {"jellyfin": "Cellar", "emby": "Shed"}
PROVIDERS: Final[list[Provider]] = ["jellyfin", "emby"]
RIGHT: Final = "hunter22"


class People:
    """People who type names and passwords."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        clock = SteadyClock(wall=scene.clock.now, elapsed_s=lambda: scene.clock.now().timestamp())
        self._replicas = [PasswordSignIn(pool=scene.pool, clients=scene.clients, clock=clock) for _ in range(2)]
        self._turn = 0
        for household in (scene.jellyfin.household, scene.emby.household):
            household.add("Anna", RIGHT)
            household.add("Ben", RIGHT)

    async def type(
        self,
        provider: Provider,
        username: str,
        password: str,
        *,
        asker: Asker = ANNA,
        server: str | None = None,
    ) -> Authorization:
        async with self.lent(provider, username, password, asker=asker, server=server) as authorized:
            return authorized

    def lent(
        self, provider: Provider, username: str, password: str, *, asker: Asker = ANNA, server: str | None = None
    ) -> AbstractAsyncContextManager[Authorization]:
        """Type them; one replica answers after the other."""
        self._turn += 1
        return self._replicas[self._turn % 2].sign_in(
            provider,
            server=SERVERS[provider] if server is None else server,
            username=username,
            password=Secret(password),
            asker=asker,
        )

    async def fail(self, provider: Provider, username: str, *, times: int) -> None:
        for number in range(times):
            with pytest.raises(WrongPasswordError):
                await self.type(provider, username, f"wrong {number}")


@pytest.fixture
def people(scene: Scene) -> People:
    return People(scene)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_name_and_password_prove_the_account(people: People, provider: Provider) -> None:
    stand_in = people.scene.jellyfin if provider == "jellyfin" else people.scene.emby

    authorized = await people.type(provider, "anna", RIGHT)

    anna = stand_in.household.by_name("anna")
    assert anna is not None
    assert authorized.proven.provider == provider
    assert (authorized.proven.account_id, authorized.proven.username) == (anna.id, "Anna")
    assert authorized.proven.server == stand_in.server_id
    assert stand_in.household.holder(authorized.token.reveal()) == anna


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("username", ["anna", "nobody", "'; drop table users --", "名前"])
async def test_a_wrong_password_is_wrong_input(people: People, provider: Provider, username: str) -> None:
    with pytest.raises(WrongPasswordError) as raised:
        await people.type(provider, username, "wrong")

    assert raised.value.status == 400
    assert [fault.path for fault in raised.value.faults] == ["password"]


@pytest.mark.parametrize(
    ("username", "password", "wrong"),
    [
        ("", "x", ["username"]),
        ("  ", "x", ["username"]),
        ("a" * 257, "x", ["username"]),
        ("anna", "", ["password"]),
        ("anna", "x" * 257, ["password"]),
        ("", "", ["username", "password"]),
    ],
)
async def test_what_cannot_be_right_is_not_sent(people: People, username: str, password: str, wrong: list[str]) -> None:
    with pytest.raises(InvalidError) as raised:
        await people.type("jellyfin", username, password)

    assert [fault.path for fault in raised.value.faults] == wrong
    assert not people.scene.jellyfin.seen


async def test_an_account_without_a_password_is_not_proven_by_its_name(people: People) -> None:
    people.scene.jellyfin.household.add("guest")

    with pytest.raises(InvalidError, match="cannot be right"):
        await people.type("jellyfin", "guest", "")


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_session_that_was_not_kept_in_time_is_ended(people: People, provider: Provider) -> None:
    household = (people.scene.jellyfin if provider == "jellyfin" else people.scene.emby).household
    way = people.lent(provider, "anna", RIGHT)

    begun = asyncio.Event()

    async def keep_for_ever() -> None:
        async with way:
            begun.set()
            await asyncio.Event().wait()

    anna = household.by_name("anna")
    assert anna is not None
    keeping = asyncio.create_task(keep_for_ever())
    await begun.wait()
    keeping.cancel()
    await asyncio.wait([keeping])

    assert household.tokens_of(anna) == []


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_after_five_failures_it_is_time_to_wait_on_all_replicas(people: People, provider: Provider) -> None:
    await people.fail(provider, "anna", times=5)

    with pytest.raises(ThrottledError) as raised:
        await people.type(provider, " ANNA ", RIGHT, asker=BEN)
    people.scene.clock.advance(timedelta(minutes=4))
    with pytest.raises(ThrottledError) as later:
        await people.type(provider, "anna", RIGHT)
    people.scene.clock.advance(timedelta(minutes=1))
    authorized = await people.type(provider, "anna", RIGHT)

    assert (raised.value.retry_after, later.value.retry_after) == (timedelta(minutes=5), timedelta(minutes=1))
    assert authorized.proven.username == "Anna"


async def test_others_and_other_servers_are_not_throttled_with_somebody(people: People) -> None:
    await people.fail("jellyfin", "anna", times=5)

    assert (await people.type("jellyfin", "ben", RIGHT)).proven.username == "Ben"
    assert (await people.type("emby", "anna", RIGHT)).proven.username == "Anna"


async def test_who_knows_the_password_begins_anew(people: People) -> None:
    await people.fail("jellyfin", "anna", times=4)
    await people.type("jellyfin", "anna", RIGHT)

    await people.fail("jellyfin", "anna", times=5)


async def test_many_at_once_are_all_counted(people: People) -> None:
    outcomes = await asyncio.gather(
        *(people.type("jellyfin", "anna", f"wrong {number}") for number in range(20)), return_exceptions=True
    )

    assert (
        sorted(type(outcome).__name__ for outcome in outcomes) == ["ThrottledError"] * 15 + ["WrongPasswordError"] * 5
    )
    assert len([one for one in people.scene.jellyfin.seen if "Authenticate" in one.path]) == 5


async def test_right_passwords_at_once_cost_no_try(people: People) -> None:
    linked = await asyncio.gather(*(people.type("jellyfin", "anna", RIGHT) for _ in range(20)))

    assert {one.proven.username for one in linked} == {"Anna"}


async def test_a_clock_that_was_set_back_prolongs_no_wait(people: People) -> None:
    await people.fail("jellyfin", "anna", times=5)
    await people.scene.pool.execute("update password_tries set tried_at = tried_at + interval '1 hour'")

    with pytest.raises(ThrottledError) as raised:
        await people.type("jellyfin", "anna", RIGHT)
    people.scene.clock.advance(timedelta(minutes=5))

    assert raised.value.retry_after == timedelta(minutes=5)
    assert (await people.type("jellyfin", "anna", RIGHT)).proven.username == "Anna"


async def test_a_server_that_does_not_answer_costs_no_try(people: People) -> None:
    people.scene.jellyfin.fail_next(503, times=6)
    for _ in range(6):
        with pytest.raises(TransientError) as raised:
            await people.type("jellyfin", "anna", RIGHT)
        assert not isinstance(raised.value, ThrottledError)

    assert (await people.type("jellyfin", "anna", RIGHT)).proven.username == "Anna"


async def test_disabled_accounts_are_refused_and_counted(people: People) -> None:
    anna = people.scene.jellyfin.household.by_name("anna")
    assert anna is not None
    anna.is_disabled = True

    for _ in range(5):
        with pytest.raises(RefusedError, match="disabled"):
            await people.type("jellyfin", "anna", RIGHT)
    with pytest.raises(ThrottledError):
        await people.type("jellyfin", "anna", RIGHT)


async def test_tries_are_forgotten_and_name_nobody(people: People) -> None:
    await people.fail("jellyfin", "anna", times=2)
    rows = str(await people.scene.pool.fetch("select * from password_tries"))
    people.scene.clock.advance(timedelta(minutes=5))
    await people.fail("emby", "ben", times=1)

    assert "anna" not in rows.lower()
    assert await people.scene.pool.fetchval("select count(*) from password_tries") == 1


async def test_two_accounts_of_one_asker_live_side_by_side_on_emby(people: People) -> None:
    first = await people.type("emby", "anna", RIGHT)
    second = await people.type("emby", "ben", RIGHT)
    again = await people.type("emby", "ben", RIGHT)

    household = people.scene.emby.household
    assert [household.is_known(one.token.reveal()) for one in (first, second, again)] == [True, False, True]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_another_server_behind_the_address_proves_nothing_and_sees_no_password(
    people: People, provider: Provider
) -> None:
    await people.scene.pool.execute("update servers set machine_id = 'another'")

    with pytest.raises(AnotherServerError, match=f"another server than {SERVERS[provider]} answers"):
        await people.type(provider, "anna", RIGHT)

    stand_in = people.scene.jellyfin if provider == "jellyfin" else people.scene.emby
    assert [request.path for request in stand_in.seen] == ["/System/Info/Public"]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_server_of_another_kind_is_not_found(people: People, provider: Provider) -> None:
    other = SERVERS["emby" if provider == "jellyfin" else "jellyfin"]

    with pytest.raises(UnknownServerError):
        await people.type(provider, "anna", RIGHT, server=other)
