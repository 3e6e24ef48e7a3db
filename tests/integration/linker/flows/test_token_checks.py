"""What proves that a token is dead, and what does not."""

import asyncio
from datetime import timedelta
from typing import Final

import pytest

from services.linker.signins.domain import AccountToken, ProvenAccount, TokenCheck
from services.linker.signins.flows.server_choice import AnotherServerError
from services.linker.signins.flows.trakt_application import NoApplicationError
from services.linker.signins.token_checks import EmbyCheck, JellyfinCheck, TraktCheck
from services.linker.signins.trakt_renewal import TraktRenewal
from shared.bus.work import Worker
from shared.clients.errors import CredentialRefusedError
from shared.errors import TransientError, UnknownServerError
from shared.http.calls import RateLimitedError, RefusedError
from shared.schemas.secret import Secret
from simulators.emby import Emby
from simulators.jellyfin.app import Jellyfin
from simulators.mediabrowser import Client
from tests.integration.linker.flows.scenery import NOON, Scene, token_of
from tests.integration.service import until

WEEK: Final = timedelta(days=7)
PROVIDERS: Final = ["jellyfin", "emby"]


def stand_in_of(scene: Scene, provider: str) -> Jellyfin | Emby:
    return scene.jellyfin if provider == "jellyfin" else scene.emby


def check_of(scene: Scene, provider: str) -> TokenCheck:
    kind = JellyfinCheck if provider == "jellyfin" else EmbyCheck
    return kind(pool=scene.pool, clients=scene.clients)


def held_at(scene: Scene, provider: str, *, device: str = "usher-anna") -> AccountToken:
    app = stand_in_of(scene, provider)
    anna = app.household.by_name("anna") or app.household.add("anna", "hunter22")
    token = app.household.sign_in(anna, Client(client="Usher", device="Usher", device_id=device, version="1"))
    return AccountToken(
        provider="jellyfin" if provider == "jellyfin" else "emby",
        server=app.server_id,
        account_id=anna.id,
        token=Secret(token),
    )


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_good_token_is_good_and_a_revoked_one_dead(scene: Scene, provider: str) -> None:
    held, check = held_at(scene, provider), check_of(scene, provider)

    await check(held)
    stand_in_of(scene, provider).household.revoke(held.token.reveal())

    with pytest.raises(CredentialRefusedError):
        await check(held)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_check_ends_no_session(scene: Scene, provider: str) -> None:
    held, other = held_at(scene, provider), held_at(scene, provider, device="phone")

    await check_of(scene, provider)(held)

    household = stand_in_of(scene, provider).household
    assert [household.is_known(one.token.reveal()) for one in (held, other)] == [True, True]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 502, 503])
async def test_other_answers_prove_nothing(scene: Scene, provider: str, status: int) -> None:
    held = held_at(scene, provider)
    stand_in_of(scene, provider).fail_next(status)

    with pytest.raises((TransientError, RefusedError)) as raised:
        await check_of(scene, provider)(held)

    assert not isinstance(raised.value, CredentialRefusedError)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_proxy_that_asks_for_a_password_of_its_own_proves_nothing(scene: Scene, provider: str) -> None:
    held = held_at(scene, provider)
    stand_in_of(scene, provider).fail_next(401, times=2)

    with pytest.raises(TransientError, match="in front of"):
        await check_of(scene, provider)(held)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_another_server_behind_the_address_proves_nothing(scene: Scene, provider: str) -> None:
    held = held_at(scene, provider)
    app = stand_in_of(scene, provider)
    app.household.revoke(held.token.reveal())
    app.server_id = "f" * 32

    with pytest.raises(AnotherServerError):
        await check_of(scene, provider)(held)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_server_that_is_switched_off_here_is_not_asked(scene: Scene, provider: str) -> None:
    held = held_at(scene, provider)
    await scene.pool.execute("update servers set enabled = false")

    with pytest.raises(UnknownServerError):
        await check_of(scene, provider)(held)
    assert not stand_in_of(scene, provider).seen


class TraktScene:
    """A Trakt account, and the check of its token."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.check = TraktCheck(pool=scene.pool, vault=scene.vault, application=scene.application, now=scene.clock.now)

    async def link(self, *, renew_in: timedelta = WEEK / 2) -> ProvenAccount:
        return await self.scene.link_trakt("anna", renew_at=NOON + renew_in, expires_at=NOON + WEEK)

    async def held(self, proven: ProvenAccount) -> AccountToken:
        token = await self.scene.vault.get(token_of(proven))
        assert token is not None
        return AccountToken(provider="trakt", server="", account_id=proven.account_id, token=token)


@pytest.fixture
async def trakt(scene: Scene) -> TraktScene:
    await scene.configure_trakt()
    return TraktScene(scene)


async def test_a_trakt_token_is_good_until_it_is_taken_back(trakt: TraktScene) -> None:
    held = await trakt.held(await trakt.link())

    await trakt.check(held)
    trakt.scene.trakt.accounts.revoke(held.token.reveal())

    with pytest.raises(CredentialRefusedError):
        await trakt.check(held)


@pytest.mark.parametrize(("status", "page"), [(403, True), (423, False), (429, False), (500, True), (521, True)])
async def test_cloudflare_and_locked_accounts_prove_nothing(trakt: TraktScene, status: int, *, page: bool) -> None:
    held = await trakt.held(await trakt.link())
    trakt.scene.trakt.api.fail_next(status, body=b"<html></html>" if page else b"")

    with pytest.raises((TransientError, RefusedError, RateLimitedError)) as raised:
        await trakt.check(held)

    assert not isinstance(raised.value, CredentialRefusedError)


async def test_a_token_that_ended_while_usher_was_off_is_renewed_and_not_dead(trakt: TraktScene) -> None:
    held = await trakt.held(await trakt.link())
    trakt.scene.clock.advance(timedelta(days=8))

    with pytest.raises(TransientError, match="renewed"):
        await trakt.check(held)


async def test_a_token_that_ended_and_cannot_be_renewed_is_dead(trakt: TraktScene) -> None:
    proven = await trakt.link()
    held = await trakt.held(proven)
    await trakt.scene.pool.execute("delete from shared.credentials where purpose = 'refresh_token'")
    trakt.scene.clock.advance(timedelta(days=8))

    with pytest.raises(CredentialRefusedError):
        await trakt.check(held)


async def test_a_token_that_is_renewed_at_this_moment_is_not_dead(trakt: TraktScene) -> None:
    scene = trakt.scene
    held = await trakt.held(await trakt.link(renew_in=timedelta()))
    renewal = TraktRenewal(
        worker=Worker(scene.pool),
        pool=scene.pool,
        vault=scene.vault,
        application=scene.application,
        now=scene.clock.now,
    )
    scene.trakt.auth.slow_next(timedelta(seconds=1))
    renewing = asyncio.create_task(renewal.renew_next())
    await until(lambda: any(one.path == "/oauth/token" for one in scene.trakt.auth.seen))
    scene.trakt.api.fail_next(401, body=b"")

    with pytest.raises(TransientError, match="renewed"):
        await trakt.check(held)
    await renewing


async def test_an_account_that_was_unlinked_meanwhile_is_not_dead(trakt: TraktScene) -> None:
    held = await trakt.held(await trakt.link())
    await trakt.scene.pool.execute("delete from connections")
    trakt.scene.trakt.accounts.revoke(held.token.reveal())

    with pytest.raises(TransientError):
        await trakt.check(held)


async def test_without_an_application_no_token_is_dead(scene: Scene) -> None:
    trakt = TraktScene(scene)

    with pytest.raises(NoApplicationError):
        await trakt.check(await trakt.held(await trakt.link()))
