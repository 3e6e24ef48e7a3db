"""Our client of Seerr against the stand-in, in all four dialects."""

from collections.abc import AsyncIterator
from typing import Final

import httpx
import pytest

from shared.clients.errors import CredentialRefusedError
from shared.clients.seerr.dialect import Dialect
from shared.clients.seerr.problems import UserExistsError
from shared.clients.seerr.rest import Seerr
from shared.http.calls import RefusedError
from shared.http.upstream import Upstream
from shared.schemas.secret import Secret
from simulators.plex_tv.app import PlexTv
from simulators.seerr.app import Seerr as StandIn
from simulators.seerr.dialect import Dialect as Spoken
from simulators.serving import serving

SPOKEN: Final = {
    Dialect.OVERSEERR: Spoken.OVERSEERR,
    Dialect.JELLYSEERR: Spoken.JELLYSEERR,
    Dialect.SEERR: Spoken.SEERR,
    Dialect.SEERR_3_3: Spoken.SEERR_OF_MANY_DISCORD_IDS,
}
PASSWORD: Final = Secret("long enough")
on_plex = pytest.mark.parametrize("dialect", [Dialect.SEERR], indirect=True)


@pytest.fixture(params=list(Dialect))
def dialect(request: pytest.FixtureRequest) -> Dialect:
    chosen: Dialect = request.param
    return chosen


@pytest.fixture
def stand_in(dialect: Dialect) -> StandIn:
    return StandIn(SPOKEN[dialect], api_key="key-1")


@pytest.fixture
async def url(stand_in: StandIn) -> AsyncIterator[str]:
    async with serving(stand_in) as address:
        yield address


@pytest.fixture
def seerr(http: httpx.AsyncClient, url: str) -> Seerr:
    return Seerr(http, Upstream("Seerr"), url=url, api_key=Secret("key-1"))


@pytest.fixture
def plex() -> PlexTv:
    return PlexTv()


async def test_the_dialect_is_known_without_a_key(seerr: Seerr, dialect: Dialect) -> None:
    assert await seerr.dialect() is dialect


async def test_a_local_user_is_made_once_and_found(seerr: Seerr) -> None:
    made = await seerr.create_local_user(username="anna", password=PASSWORD, email="anna@example.org")

    with pytest.raises(UserExistsError):
        await seerr.create_local_user(username="anna", password=PASSWORD, email="anna@example.org")

    found = await seerr.users()
    assert found.total == 2
    assert [(user.id, user.email, user.kind) for user in found.users] == [
        (1, "owner@example.com", "plex"),
        (made.id, "anna@example.org", "local"),
    ]
    assert (await seerr.user(made.id)).username == "anna"


async def test_users_are_read_page_by_page(seerr: Seerr, stand_in: StandIn) -> None:
    for number in range(25):
        stand_in.users.add(email=f"user{number}@example.org")

    pages = [await seerr.users(take=10, skip=skip) for skip in (0, 10, 20)]

    assert {page.total for page in pages} == {26}
    assert len({user.id for page in pages for user in page.users}) == 26


async def test_a_discord_id_arrives_and_leaves_again(seerr: Seerr, stand_in: StandIn, dialect: Dialect) -> None:
    user = await seerr.create_local_user(username="anna", password=PASSWORD)

    await seerr.write_discord_id(user.id, "1042", dialect=dialect)
    written = stand_in.users.by_id[user.id].settings
    await seerr.remove_discord_id(user.id, "1042", dialect=dialect)
    removed = stand_in.users.by_id[user.id].settings

    expected = ["1042"] if dialect is Dialect.SEERR_3_3 else "1042"
    assert written is not None
    assert written[dialect.discord_field] == expected
    assert removed is not None
    assert not removed[dialect.discord_field]


async def test_first_settings_land_on_the_user_and_not_on_the_keys_owner(
    seerr: Seerr, stand_in: StandIn, dialect: Dialect
) -> None:
    stand_in.preferences.settings_land_on_caller = True
    user = await seerr.create_local_user(username="anna", password=PASSWORD)

    await seerr.write_discord_id(user.id, "1042", dialect=dialect)

    assert stand_in.users.by_id[1].settings is None
    assert stand_in.users.by_id[user.id].settings is not None


async def test_other_settings_survive_a_new_discord_id(seerr: Seerr, stand_in: StandIn, dialect: Dialect) -> None:
    user = stand_in.users.add(email="anna@example.org", username="anna")
    user.settings = {"telegramChatId": "55", "notificationTypes": {"discord": 8190}, "pgpKey": None}

    await seerr.write_discord_id(user.id, "1042", dialect=dialect)

    settings = stand_in.users.by_id[user.id].settings
    assert settings is not None
    assert (settings["telegramChatId"], settings["notificationTypes"]) == ("55", {"discord": 8190})


async def test_a_discord_id_that_is_saved_late_is_written_again_without_harm(
    seerr: Seerr, stand_in: StandIn, dialect: Dialect
) -> None:
    stand_in.preferences.saves_late = True
    user = stand_in.users.add(email="anna@example.org", username="anna")

    for _ in range(3):
        await seerr.write_discord_id(user.id, "1042", dialect=dialect)
    await seerr.status()

    settings = stand_in.users.by_id[user.id].settings
    assert settings is not None
    assert settings[dialect.discord_field] in ("1042", ["1042"])


async def test_requests_are_counted(seerr: Seerr, stand_in: StandIn) -> None:
    stand_in.users.ask_for(stand_in.owner, "movie", 603)
    stand_in.users.ask_for(stand_in.owner, "tv", 1396, status=2, seasons=(1, 2))

    counts = await seerr.request_counts()

    assert (counts.total, counts.movie, counts.tv, counts.pending) == (2, 1, 1, 1)


async def test_a_wrong_key_is_known_by_it(http: httpx.AsyncClient, url: str) -> None:
    for key in ("wrong", ""):
        with pytest.raises(CredentialRefusedError):
            await Seerr(http, Upstream("Seerr"), url=url, api_key=Secret(key)).users()


async def test_the_owner_of_the_key_is_told(seerr: Seerr) -> None:
    assert (await seerr.me()).id == 1


async def test_a_user_who_is_not_there_is_distinguished_from_a_wrong_key(seerr: Seerr) -> None:
    with pytest.raises(RefusedError) as read:
        await seerr.user(99)
    with pytest.raises(RefusedError) as written:
        await seerr.save_notification_settings(99, {})

    assert read.value.answered == 404
    assert not isinstance(written.value, CredentialRefusedError)


async def test_protection_against_forgery_is_named(http: httpx.AsyncClient) -> None:
    async with serving(StandIn(api_key="key-1", csrf_protection=True)) as url:
        seerr = Seerr(http, Upstream("Seerr"), url=url, api_key=Secret("key-1"))

        with pytest.raises(RefusedError, match="CSRF"):
            await seerr.create_local_user(username="anna", password=PASSWORD)


async def test_accounts_with_access_are_imported_and_others_left_out(
    seerr: Seerr, stand_in: StandIn, plex: PlexTv
) -> None:
    accounts = plex.accounts
    owner, friend, stranger = accounts.add("owner"), accounts.add("friend"), accounts.add("stranger")
    device = accounts.add_server("Attic", owner=owner, uris=[])
    accounts.share(device, friend)
    stand_in.uses_plex(accounts, machine_id=device.machine_id, owner_id=owner.id)

    imported = await seerr.import_from_plex([friend.id, stranger.id])

    assert len(imported) == 1
    assert (await seerr.user(imported[0].id)).plex_id == friend.id


@on_plex
async def test_seerr_keeps_the_token_that_it_is_given(seerr: Seerr, stand_in: StandIn, plex: PlexTv) -> None:
    accounts = plex.accounts
    owner, stranger = accounts.add("owner"), accounts.add("stranger")
    device = accounts.add_server("Attic", owner=owner, uris=[])
    stand_in.uses_plex(accounts, machine_id=device.machine_id, owner_id=owner.id)
    token = accounts.sign_in(owner)

    await seerr.give_plex_token(Secret(token))
    with pytest.raises(RefusedError, match="Access denied"):
        await seerr.give_plex_token(Secret(accounts.sign_in(stranger)))

    assert stand_in.owner.plex_token == token


@on_plex
async def test_a_seerr_for_jellyfin_imports_from_there_and_lets_no_one_in_with_plex(
    seerr: Seerr, stand_in: StandIn
) -> None:
    stand_in.uses_jellyfin({"ab12": "ben"})

    candidates = await seerr.jellyfin_candidates()
    imported = await seerr.import_from_jellyfin(candidates)
    with pytest.raises(RefusedError, match="another media server"):
        await seerr.give_plex_token(Secret("any"))

    assert [(user.jellyfin_username, user.kind) for user in imported] == [("ben", "jellyfin")]
    assert (await seerr.public_settings()).media_server == "jellyfin"
