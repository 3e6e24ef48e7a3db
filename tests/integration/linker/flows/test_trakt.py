"""Trakt's device code, which is redeemed once: what it gave must survive whatever comes between."""

import asyncio
from datetime import timedelta

import pytest

from services.linker.signins.domain import Authorization, Ended, Outcome, Pending, SignInCode
from services.linker.signins.flows.trakt import SLOWER, TraktFlow
from services.linker.signins.flows.trakt_application import NoApplicationError
from shared.clients.errors import CredentialRefusedError
from shared.errors import TransientError
from shared.http.calls import RateLimitedError
from tests.integration.linker.flows.scenery import ANNA, NOON, Scene
from tests.integration.service import until


@pytest.fixture
async def flow(scene: Scene) -> TraktFlow:
    await scene.configure_trakt()
    return TraktFlow(application=scene.application, vault=scene.vault, now=scene.clock.now)


async def begin(flow: TraktFlow, scene: Scene) -> SignInCode:
    begun = await flow.begin(server="", sign_in_id="s1", asker=ANNA, forward_url="http://usher.example/linked")
    await scene.keep(begun, "trakt")
    return begun


async def poll(flow: TraktFlow, scene: Scene) -> Outcome:
    scene.clock.advance(timedelta(seconds=5))
    return await flow.poll(await scene.waiting("trakt"))


async def test_a_code_that_was_typed_proves_the_account(flow: TraktFlow, scene: Scene) -> None:
    anna = scene.trakt.accounts.add("anna")

    begun = await begin(flow, scene)
    before = await poll(flow, scene)
    scene.trakt.accounts.approve(begun.code, anna)
    after = await poll(flow, scene)

    assert (begun.url, begun.poll_every) == ("https://auth.trakt.tv/activate", timedelta(seconds=5))
    assert begun.expires_at == NOON + timedelta(minutes=10)
    assert before == Pending()
    assert isinstance(after, Authorization)
    assert (after.proven.account_id, after.proven.username, after.proven.server) == (anna.uuid, "anna", "")
    assert after.refresh_token is not None
    assert after.expires_at == scene.clock.now() + timedelta(days=7)
    assert scene.trakt.accounts.holder(after.token.reveal()) == anna


async def test_who_asks_too_often_is_told_to_wait(flow: TraktFlow, scene: Scene) -> None:
    await begin(flow, scene)
    waiting = await scene.waiting("trakt")

    outcomes = [await flow.poll(waiting) for _ in range(2)]
    scene.trakt.auth.fail_next(429, body=b"", retry_after="2852")
    scene.trakt.auth.fail_next(429, body=b"")
    slowed = [await flow.poll(waiting) for _ in range(2)]

    assert outcomes == [Pending(), Pending(timedelta(seconds=1))]
    assert slowed == [Pending(timedelta(seconds=2852)), Pending(SLOWER)]


async def test_codes_end_denied_or_expired(flow: TraktFlow, scene: Scene) -> None:
    begun = await begin(flow, scene)
    scene.trakt.accounts.deny(begun.code)
    denied = await poll(flow, scene)
    await begin(flow, scene)
    scene.clock.advance(timedelta(minutes=10))
    expired = await poll(flow, scene)
    scene.trakt.accounts.devices.clear()
    unknown = await poll(flow, scene)

    assert [denied, expired, unknown] == [Ended("denied"), Ended("expired"), Ended("expired")]


async def test_without_its_secret_a_sign_in_is_over(flow: TraktFlow, scene: Scene) -> None:
    assert await flow.poll(await scene.waiting("trakt")) == Ended("expired")


async def test_tokens_survive_a_trakt_that_does_not_say_whose_they_are(flow: TraktFlow, scene: Scene) -> None:
    begun = await begin(flow, scene)
    scene.trakt.accounts.approve(begun.code, scene.trakt.accounts.add("anna"))
    scene.trakt.api.fail_next(503)
    scene.trakt.api.fail_next(403)
    scene.trakt.api.fail_next(429, body=b"", retry_after="30")

    for _ in range(3):
        with pytest.raises(TransientError):
            await poll(flow, scene)
    outcome = await poll(flow, scene)

    assert isinstance(outcome, Authorization)
    assert scene.trakt.accounts.holder(outcome.token.reveal()) is not None
    asked = [request.path for request in scene.trakt.auth.seen]
    assert asked == ["/oauth/device/code", "/oauth/device/token"]


async def test_asking_again_after_the_end_gives_the_same(flow: TraktFlow, scene: Scene) -> None:
    begun = await begin(flow, scene)
    scene.trakt.accounts.approve(begun.code, scene.trakt.accounts.add("anna"))

    first = await poll(flow, scene)
    again = await poll(flow, scene)

    assert isinstance(first, Authorization)
    assert first == again


async def test_a_poll_that_comes_second_goes_on_with_what_the_first_got(flow: TraktFlow, scene: Scene) -> None:
    begun = await begin(flow, scene)
    scene.trakt.accounts.approve(begun.code, scene.trakt.accounts.add("anna"))
    before = await scene.waiting("trakt")

    first = await flow.poll(before)
    scene.clock.advance(timedelta(seconds=5))
    second = await flow.poll(before)

    assert isinstance(first, Authorization)
    assert first == second


async def test_a_code_whose_answer_was_lost_is_over(flow: TraktFlow, scene: Scene) -> None:
    begun = await begin(flow, scene)
    scene.trakt.accounts.approve(begun.code, scene.trakt.accounts.add("anna"))
    scene.trakt.auth.lose_next()

    with pytest.raises(TransientError):
        await poll(flow, scene)

    assert await poll(flow, scene) == Ended("expired")


async def test_tokens_of_a_sign_in_that_was_called_off_are_not_kept(flow: TraktFlow, scene: Scene) -> None:
    begun = await begin(flow, scene)
    waiting = await scene.waiting("trakt")
    scene.trakt.accounts.approve(begun.code, scene.trakt.accounts.add("anna"))
    await scene.pool.execute("delete from shared.credentials where owner_kind = 'sign_in'")

    outcome = await flow.poll(waiting)

    assert isinstance(outcome, Authorization)
    assert await scene.vault.owners(kind="sign_in") == []


async def test_tokens_that_nobody_keeps_and_that_are_nobodys_are_given_back(flow: TraktFlow, scene: Scene) -> None:
    begun = await begin(flow, scene)
    waiting = await scene.waiting("trakt")
    scene.trakt.accounts.approve(begun.code, scene.trakt.accounts.add("anna"))
    await scene.pool.execute("delete from shared.credentials where owner_kind = 'sign_in'")
    scene.trakt.api.fail_next(503)

    with pytest.raises(TransientError):
        await flow.poll(waiting)

    assert [request.path for request in scene.trakt.auth.seen][-1] == "/oauth/revoke"


async def test_cancelled_in_the_middle_nothing_is_lost(flow: TraktFlow, scene: Scene) -> None:
    begun = await begin(flow, scene)
    scene.trakt.accounts.approve(begun.code, scene.trakt.accounts.add("anna"))
    goes_on = scene.trakt.api.hold_next()
    polling = asyncio.create_task(poll(flow, scene))
    await until(lambda: len(scene.trakt.api.seen) == 1)
    polling.cancel()
    await asyncio.gather(polling, return_exceptions=True)
    goes_on.set()

    assert isinstance(await poll(flow, scene), Authorization)


async def test_no_column_holds_a_token(flow: TraktFlow, scene: Scene) -> None:
    begun = await begin(flow, scene)
    scene.trakt.accounts.approve(begun.code, scene.trakt.accounts.add("anna"))
    outcome = await poll(flow, scene)
    assert isinstance(outcome, Authorization)

    rows = str(await scene.pool.fetch("select * from shared.credentials"))

    assert outcome.token.reveal() not in rows
    assert outcome.token.reveal().encode().hex() not in rows


async def test_without_an_application_it_is_said_what_to_do(scene: Scene) -> None:
    flow = TraktFlow(application=scene.application, vault=scene.vault, now=scene.clock.now)

    with pytest.raises(NoApplicationError, match="TRAKT_CLIENT_ID"):
        await begin(flow, scene)


async def test_an_application_without_its_secret_or_switched_off_is_none(scene: Scene) -> None:
    flow = TraktFlow(application=scene.application, vault=scene.vault, now=scene.clock.now)
    await scene.configure("Trakt", "trakt", "https://trakt.tv", scene.trakt.accounts.client_id)

    with pytest.raises(NoApplicationError):
        await begin(flow, scene)


async def test_a_wrong_secret_of_the_application_is_nobodys_end(scene: Scene) -> None:
    await scene.configure_trakt(secret="wrong")
    flow = TraktFlow(application=scene.application, vault=scene.vault, now=scene.clock.now)
    await begin(flow, scene)

    with pytest.raises(CredentialRefusedError):
        await poll(flow, scene)


async def test_a_busy_trakt_is_asked_once_and_left_alone_for_as_long_as_it_says(flow: TraktFlow, scene: Scene) -> None:
    scene.trakt.auth.fail_next(429, times=9, body=b"Rate limited", content_type="text/plain", retry_after="143")
    other = TraktFlow(application=scene.another_application(), vault=scene.vault, now=scene.clock.now)

    begun = await asyncio.gather(*(begin(flow, scene) for _ in range(5)), return_exceptions=True)
    later = await asyncio.gather(begin(flow, scene), begin(other, scene), return_exceptions=True)

    assert len(scene.trakt.auth.seen) == 1
    waits = [each.retry_after for each in (*begun, *later) if isinstance(each, RateLimitedError) and each.retry_after]
    assert len(waits) == 7
    assert all(timedelta(seconds=130) < wait <= timedelta(seconds=143) for wait in waits)


@pytest.mark.parametrize("named", ["", "0", "soon"])
async def test_a_trakt_that_names_no_wait_is_left_alone_for_a_minute(flow: TraktFlow, scene: Scene, named: str) -> None:
    scene.trakt.auth.fail_next(429, body=b"", retry_after=named)

    begun = await asyncio.gather(*(begin(flow, scene) for _ in range(2)), return_exceptions=True)

    assert len(scene.trakt.auth.seen) == 1
    waits = [each.retry_after for each in begun if isinstance(each, RateLimitedError) and each.retry_after]
    assert all(timedelta(seconds=50) < wait <= timedelta(seconds=60) for wait in waits)
    assert len(waits) == 2


async def test_a_code_that_waits_is_asked_for_while_no_other_may_begin(flow: TraktFlow, scene: Scene) -> None:
    begun = await begin(flow, scene)
    scene.trakt.auth.fail_next(429, body=b"", retry_after="143")
    with pytest.raises(RateLimitedError):
        await begin(flow, scene)
    scene.trakt.accounts.approve(begun.code, scene.trakt.accounts.add("anna"))

    assert isinstance(await poll(flow, scene), Authorization)
