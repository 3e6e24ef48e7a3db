"""Our clients of Jellyfin and Emby against their stand-ins."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from shared.clients.emby import Emby
from shared.clients.errors import CredentialRefusedError, WrongPasswordError
from shared.clients.jellyfin import Jellyfin, QuickConnectExpiredError, QuickConnectOffError
from shared.clients.mediabrowser import Device
from shared.http.calls import RefusedError
from shared.http.upstream import Upstream
from shared.schemas.secret import Secret
from simulators.determinism import Clock
from simulators.emby import Emby as EmbyStandIn
from simulators.jellyfin.app import Jellyfin as StandIn
from simulators.serving import serving

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DEVICE = Device(id="usher-person-1")
PASSWORD = Secret("hunter22")


@pytest.fixture
def stand_in() -> StandIn:
    return StandIn(clock=Clock(NOON), name="Cellar")


@pytest.fixture
async def jellyfin(http: httpx.AsyncClient, stand_in: StandIn) -> AsyncIterator[Jellyfin]:
    stand_in.takes_legacy_headers = False
    async with serving(stand_in) as url:
        yield Jellyfin(http, Upstream("Cellar"), url=url, device=DEVICE)


@pytest.fixture
def emby_stand_in() -> EmbyStandIn:
    return EmbyStandIn(clock=Clock(NOON), name="Attic")


@pytest.fixture
async def emby(http: httpx.AsyncClient, emby_stand_in: EmbyStandIn) -> AsyncIterator[Emby]:
    async with serving(emby_stand_in) as url:
        yield Emby(http, Upstream("Attic"), url=f"{url}/emby", device=DEVICE)


async def test_both_say_who_they_are(
    jellyfin: Jellyfin, stand_in: StandIn, emby: Emby, emby_stand_in: EmbyStandIn
) -> None:
    first, second = await jellyfin.public_server(), await emby.public_server()

    assert (first.id, first.name) == (stand_in.server_id, "Cellar")
    assert (second.id, second.name) == (emby_stand_in.server_id, "Attic")


async def test_signing_in_to_jellyfin_proves_an_account_until_signing_out(
    jellyfin: Jellyfin, stand_in: StandIn
) -> None:
    anna = stand_in.household.add("Änna", "hunter22")

    signed_in = await jellyfin.sign_in(username="änna", password=PASSWORD)
    me = await jellyfin.me(signed_in.token)
    await jellyfin.sign_out(signed_in.token)

    assert me == signed_in.user
    assert (me.id, me.name, signed_in.server_id) == (anna.id, "Änna", stand_in.server_id)
    with pytest.raises(CredentialRefusedError):
        await jellyfin.me(signed_in.token)


async def test_signing_in_to_emby_proves_an_account_until_signing_out(emby: Emby, emby_stand_in: EmbyStandIn) -> None:
    anna = emby_stand_in.household.add("anna", "hunter22")

    signed_in = await emby.sign_in(username="anna", password=PASSWORD)
    user = await emby.user(anna.id, signed_in.token)
    await emby.sign_out(signed_in.token)

    assert user == signed_in.user
    with pytest.raises(CredentialRefusedError):
        await emby.user(anna.id, signed_in.token)


async def test_a_wrong_password_is_distinguished_from_a_locked_account(
    jellyfin: Jellyfin, stand_in: StandIn, emby: Emby, emby_stand_in: EmbyStandIn
) -> None:
    stand_in.household.add("anna", "hunter22").is_disabled = True
    emby_stand_in.household.add("anna", "hunter22")

    with pytest.raises(WrongPasswordError):
        await jellyfin.sign_in(username="anna", password=Secret("wrong"))
    with pytest.raises(WrongPasswordError):
        await emby.sign_in(username="nobody", password=PASSWORD)
    with pytest.raises(RefusedError, match="disabled"):
        await jellyfin.sign_in(username="anna", password=PASSWORD)


async def test_people_with_devices_of_their_own_do_not_sign_each_other_out(
    http: httpx.AsyncClient, stand_in: StandIn
) -> None:
    stand_in.household.add("anna", "hunter22")
    async with serving(stand_in) as url:
        clients = [
            Jellyfin(http, Upstream("Cellar"), url=url, device=Device(id=f"usher-{number}")) for number in (1, 2)
        ]
        tokens = [(await client.sign_in(username="anna", password=PASSWORD)).token for client in clients]

        assert [(await client.me(token)).name for client, token in zip(clients, tokens, strict=True)] == ["anna"] * 2


async def test_a_quick_connect_code_is_approved_and_redeemed(jellyfin: Jellyfin, stand_in: StandIn) -> None:
    anna = stand_in.household.add("anna")

    begun = await jellyfin.start_quick_connect()
    before = await jellyfin.is_approved(begun.secret)
    with pytest.raises(QuickConnectExpiredError):
        await jellyfin.finish_quick_connect(begun.secret)
    stand_in.approve(begun.code, anna)
    after = await jellyfin.is_approved(begun.secret)
    signed_in = await jellyfin.finish_quick_connect(begun.secret)

    assert (before, after) == (False, True)
    assert (await jellyfin.me(signed_in.token)).id == anna.id


async def test_a_quick_connect_code_ends(jellyfin: Jellyfin, stand_in: StandIn) -> None:
    begun = await jellyfin.start_quick_connect()
    stand_in.household.clock.advance(timedelta(minutes=11))

    with pytest.raises(QuickConnectExpiredError):
        await jellyfin.is_approved(begun.secret)


async def test_a_jellyfin_without_quick_connect_says_so(jellyfin: Jellyfin, stand_in: StandIn) -> None:
    stand_in.has_quick_connect = False

    with pytest.raises(QuickConnectOffError):
        await jellyfin.start_quick_connect()


async def test_an_api_key_lists_all_users_and_others_may_not(
    jellyfin: Jellyfin, stand_in: StandIn, emby: Emby, emby_stand_in: EmbyStandIn
) -> None:
    for household in (stand_in.household, emby_stand_in.household):
        household.add("owner", is_administrator=True)
        household.add("anna", "hunter22").is_disabled = True
        household.add("ben", "hunter22")

    listed = [
        await jellyfin.users(Secret(stand_in.household.add_key())),
        await emby.users(Secret(emby_stand_in.household.add_key())),
    ]
    signed_in = await jellyfin.sign_in(username="ben", password=PASSWORD)
    with pytest.raises(RefusedError) as raised:
        await jellyfin.users(signed_in.token)

    assert [[(user.name, user.is_admin, user.is_disabled) for user in users.rows] for users in listed] == [
        [("owner", True, False), ("anna", False, True), ("ben", False, False)]
    ] * 2
    assert raised.value.answered == 403


async def test_an_api_key_belongs_to_no_user(jellyfin: Jellyfin, stand_in: StandIn) -> None:
    with pytest.raises(RefusedError) as raised:
        await jellyfin.me(Secret(stand_in.household.add_key()))

    assert raised.value.answered == 400
