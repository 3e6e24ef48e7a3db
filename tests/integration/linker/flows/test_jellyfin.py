"""Quick Connect, from the code to the token, against a stand-in as forgetful as Jellyfin."""

import asyncio
from datetime import timedelta

import pytest

from services.linker.signins.domain import Asker, Authorization, Ended, Pending, SignInCode
from services.linker.signins.flows.jellyfin import JellyfinFlow
from services.linker.signins.flows.passwords import PasswordSignIn
from services.linker.signins.flows.server_choice import AnotherServerError
from shared.clients.jellyfin import NoQuickConnectError, QuickConnectOffError
from shared.clock import SteadyClock
from shared.errors import ConflictError, UnknownServerError
from shared.http.calls import RateLimitedError
from shared.schemas.secret import Secret
from simulators.mediabrowser import User
from tests.integration.linker.flows.scenery import ANNA, BEN, NOON, Scene

FORWARD = "http://usher.example/linked"


@pytest.fixture
def flow(scene: Scene) -> JellyfinFlow:
    return JellyfinFlow(pool=scene.pool, clients=scene.clients, now=scene.clock.now)


async def begin(
    flow: JellyfinFlow, scene: Scene, *, asker: Asker = ANNA, server: str = "Cellar", sign_in_id: str = "s1"
) -> SignInCode:
    begun = await flow.begin(server=server, sign_in_id=sign_in_id, asker=asker, forward_url=FORWARD)
    await scene.keep(begun, "jellyfin", sign_in_id=sign_in_id)
    return begun


async def signed_in(
    flow: JellyfinFlow, scene: Scene, *, asker: Asker, sign_in_id: str, user: User | None = None
) -> Authorization:
    user = user or scene.jellyfin.household.by_name("anna")
    assert user is not None
    begun = await begin(flow, scene, asker=asker, sign_in_id=sign_in_id)
    scene.jellyfin.approve(begun.code, user)
    outcome = await flow.poll(await scene.waiting("jellyfin", server="Cellar", sign_in_id=sign_in_id))
    assert isinstance(outcome, Authorization)
    return outcome


async def test_a_code_that_was_typed_proves_the_account(flow: JellyfinFlow, scene: Scene) -> None:
    anna = scene.jellyfin.household.add("anna")

    begun = await begin(flow, scene)
    waiting = await scene.waiting("jellyfin", server="Cellar")
    before = await flow.poll(waiting)
    scene.jellyfin.approve(begun.code, anna)
    after = await flow.poll(waiting)

    assert (len(begun.code), begun.url) == (6, f"{scene.urls['jellyfin']}/web/#/quickconnect")
    assert (begun.expires_at, begun.poll_every) == (NOON + timedelta(minutes=10), timedelta(seconds=5))
    assert before == Pending()
    assert isinstance(after, Authorization)
    assert (after.proven.account_id, after.proven.username) == (anna.id, "anna")
    assert after.proven.server == scene.jellyfin.server_id
    assert (after.refresh_token, after.expires_at) == (None, None)
    assert scene.jellyfin.household.holder(after.token.reveal()) == anna


async def test_asking_again_gives_the_same_token_for_ten_minutes(flow: JellyfinFlow, scene: Scene) -> None:
    anna = scene.jellyfin.household.add("anna")
    begun = await begin(flow, scene)
    waiting = await scene.waiting("jellyfin", server="Cellar")
    scene.clock.advance(timedelta(minutes=9))
    scene.jellyfin.approve(begun.code, anna)

    first = await flow.poll(waiting)
    scene.clock.advance(timedelta(minutes=9))
    again = await flow.poll(waiting)
    scene.clock.advance(timedelta(minutes=1))
    too_late = await flow.poll(waiting)

    assert first == again
    assert too_late == Ended("expired")


async def test_a_code_that_nobody_typed_ends(flow: JellyfinFlow, scene: Scene) -> None:
    await begin(flow, scene)
    scene.clock.advance(timedelta(minutes=10))

    assert await flow.poll(await scene.waiting("jellyfin", server="Cellar")) == Ended("expired")


async def test_a_jellyfin_that_restarts_forgets_the_sign_in(flow: JellyfinFlow, scene: Scene) -> None:
    begun = await begin(flow, scene)
    scene.jellyfin.approve(begun.code, scene.jellyfin.household.add("anna"))
    scene.jellyfin.restart()

    assert await flow.poll(await scene.waiting("jellyfin", server="Cellar")) == Ended("expired")


async def test_without_its_secret_a_sign_in_is_over(flow: JellyfinFlow, scene: Scene) -> None:
    assert await flow.poll(await scene.waiting("jellyfin", server="Cellar")) == Ended("expired")


async def test_where_quick_connect_is_off_people_are_told_of_passwords(flow: JellyfinFlow, scene: Scene) -> None:
    scene.jellyfin.has_quick_connect = False

    with pytest.raises(QuickConnectOffError, match="Cellar: link with user name and password"):
        await begin(flow, scene)


async def test_a_busy_jellyfin_is_asked_once_and_left_alone_for_as_long_as_it_says(
    flow: JellyfinFlow, scene: Scene
) -> None:
    scene.jellyfin.fail_next(429, times=9, body=b"slow down", content_type="text/plain", retry_after="30")
    passwords = PasswordSignIn(pool=scene.pool, clients=scene.clients, clock=SteadyClock(wall=scene.clock.now))

    begun = await asyncio.gather(*(begin(flow, scene) for _ in range(5)), return_exceptions=True)
    with pytest.raises(RateLimitedError) as refused:
        async with passwords.sign_in("jellyfin", server="Cellar", username="anna", password=Secret("pw"), asker=ANNA):
            pass

    assert [type(each) for each in begun] == [RateLimitedError] * 5
    assert refused.value.detail == "Cellar asked us to wait"
    assert len(scene.jellyfin.seen) == 1


@pytest.mark.parametrize("version", ["10.7.7", "10.8.13", "10.9.11", "12.0.0"])
async def test_quick_connect_goes_with_every_version_that_has_it(
    flow: JellyfinFlow, scene: Scene, version: str
) -> None:
    scene.jellyfin.become(version)

    signed = await signed_in(flow, scene, asker=ANNA, sign_in_id="s1", user=scene.jellyfin.household.add("anna"))

    assert signed.proven.username == "anna"


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (404, {}),
        (405, {}),
        (405, {"allow": "POST"}),
        (405, {"allow": "HEAD, get"}),
        (401, {}),
        (403, {}),
        (501, {}),
    ],
)
async def test_where_quick_connect_cannot_be_people_are_told_of_passwords(
    flow: JellyfinFlow, scene: Scene, status: int, headers: dict[str, str]
) -> None:
    scene.jellyfin.fail_next(status, times=2, body=b"", **headers)

    with pytest.raises(ConflictError, match=r"link with user name and password .*usher link jellyfin NAME") as refused:
        await begin(flow, scene)

    assert "Cellar" in refused.value.detail


async def test_a_jellyfin_without_quick_connect_says_so(flow: JellyfinFlow, scene: Scene) -> None:
    scene.jellyfin.become("10.6.4")

    with pytest.raises(NoQuickConnectError, match="Cellar has no Quick Connect"):
        await begin(flow, scene)


async def test_linking_again_ends_the_askers_former_session_and_nobody_elses(flow: JellyfinFlow, scene: Scene) -> None:
    scene.jellyfin.household.add("anna")

    annas = [await signed_in(flow, scene, asker=ANNA, sign_in_id=f"a{number}") for number in range(2)]
    other = await signed_in(flow, scene, asker=BEN, sign_in_id="b")

    tokens = [one.token.reveal() for one in (*annas, other)]
    assert [scene.jellyfin.household.is_known(token) for token in tokens] == [False, True, True]


async def test_those_who_share_an_api_key_do_not_end_each_others_sessions(flow: JellyfinFlow, scene: Scene) -> None:
    scene.jellyfin.household.add("anna")
    key = Asker("key", "k1", "the bot")

    both = [await signed_in(flow, scene, asker=key, sign_in_id=f"k{number}") for number in range(2)]

    assert [scene.jellyfin.household.is_known(one.token.reveal()) for one in both] == [True, True]


async def test_the_only_jellyfin_needs_no_name_and_several_do(flow: JellyfinFlow, scene: Scene) -> None:
    await begin(flow, scene, server="")
    await scene.configure("Barn", "jellyfin", "http://127.0.0.1:9", None)

    with pytest.raises(ConflictError, match="several Jellyfin servers, say which: Barn, Cellar"):
        await begin(flow, scene, server="")


@pytest.mark.parametrize("name", ["Shed", "nowhere", "x" * 10_000, "\x00", "'; drop table servers --"])
async def test_a_server_that_is_none_or_no_jellyfin_is_not_found(flow: JellyfinFlow, scene: Scene, name: str) -> None:
    with pytest.raises(UnknownServerError) as raised:
        await begin(flow, scene, server=name)

    assert len(raised.value.detail) < 500


async def test_a_server_that_is_switched_off_is_not_asked(flow: JellyfinFlow, scene: Scene) -> None:
    await scene.pool.execute("update servers set enabled = false where name = 'Cellar'")

    with pytest.raises(ConflictError, match="switched off"):
        await begin(flow, scene)
    assert not scene.jellyfin.seen


async def test_another_server_behind_the_address_proves_nothing(flow: JellyfinFlow, scene: Scene) -> None:
    await scene.pool.execute("update servers set machine_id = 'another' where name = 'Cellar'")
    begun = await begin(flow, scene)
    anna = scene.jellyfin.household.add("anna")
    scene.jellyfin.approve(begun.code, anna)

    with pytest.raises(AnotherServerError):
        await flow.poll(await scene.waiting("jellyfin", server="Cellar"))
    assert anna.last_login_at is not None
    assert scene.jellyfin.household.tokens_of(anna) == []


async def test_a_server_whose_id_is_not_known_yet_says_it_itself(flow: JellyfinFlow, scene: Scene) -> None:
    await scene.pool.execute("update servers set machine_id = null where name = 'Cellar'")
    scene.jellyfin.household.add("anna")

    outcome = await signed_in(flow, scene, asker=ANNA, sign_in_id="s1")

    assert outcome.proven.server == scene.jellyfin.server_id
