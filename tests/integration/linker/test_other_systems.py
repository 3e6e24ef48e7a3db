"""Linking Jellyfin, Emby and Trakt as people do it: over HTTP, from the first call to the token in the vault."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from services.linker.signins.providers import other_providers
from shared.http.client import client
from shared.owners import TokenKind, account_token, sign_in_secret
from shared.postgres.pool import Pool
from shared.schemas.events import AccountLinked, AccountUnlinked
from shared.schemas.secret import Secret
from simulators.determinism import Clock
from tests.integration.gateway.house import House
from tests.integration.linker.flows.scenery import Scene
from tests.integration.linker.linking import Linker, Person, Place, Said, admin, key, people
from tests.integration.service import until

PASSWORD = "canary-password-of-anna"


@pytest.fixture
async def scene(pool: Pool, tls: ssl.SSLContext, keys: Secret) -> AsyncIterator[Scene]:
    opened = Scene(pool, clock=Clock(), keys=keys)
    async with client(tls=tls) as http, opened.open(http):
        await opened.configure_trakt()
        opened.jellyfin.household.add("anna", PASSWORD)
        opened.emby.household.add("anna", PASSWORD)
        opened.trakt.accounts.add("anna")
        yield opened


@pytest.fixture
async def linker(place: Place, house: House, scene: Scene) -> AsyncIterator[Linker]:
    providers = other_providers(
        pool=scene.pool,
        vault=scene.vault,
        clients=scene.clients,
        application=scene.application,
        now=scene.clock.now,
    )
    async with place.linker(providers=providers) as running:
        yield running


async def settled(me: Person, pin: Any, provider: str) -> Any:
    found: list[Any] = []

    async def is_over() -> bool:
        found.append(await me.check(pin, provider))
        return bool(found[-1]["status"] != "pending")

    await until(is_over)
    return found[-1]


async def test_a_quick_connect_code_links_jellyfin(house: House, linker: Linker, scene: Scene, said: Said) -> None:
    me, anna = await admin(house), scene.jellyfin.household.by_name("anna")
    assert anna is not None
    pin = await me.begin("jellyfin")
    again = await me.begin("jellyfin")
    scene.jellyfin.approve(pin["code"], anna)

    ended = await settled(me, pin, "jellyfin")

    assert again == pin
    assert pin["url"] == f"{scene.urls['jellyfin']}/web/#/quickconnect"
    assert (ended["status"], ended["account"]["id"]) == ("authorized", anna.id)
    token = await linker.vault.get(account_token("jellyfin", server=scene.jellyfin.server_id, account_id=anna.id))
    assert token is not None
    assert scene.jellyfin.household.holder(token.reveal()) == anna
    await until(lambda: len(said.facts(AccountLinked)) == 1)
    assert said.facts(AccountLinked)[0].server == scene.jellyfin.server_id


async def test_a_code_that_was_typed_at_the_last_moment_counts(
    house: House, linker: Linker, scene: Scene, place: Place
) -> None:
    me, anna = await admin(house), scene.jellyfin.household.by_name("anna")
    assert anna is not None
    pin, other = await me.begin("jellyfin"), await me.begin("trakt")
    scene.jellyfin.approve(pin["code"], anna)
    await place.rows("update sign_ins set expires_at = now(), poll_at = now()")

    ended = [await settled(me, pin, "jellyfin"), await settled(me, other, "trakt")]

    assert [each["status"] for each in ended] == ["authorized", "expired"]


async def test_a_device_code_links_trakt_and_is_renewed_at_half_its_life(
    house: House, linker: Linker, scene: Scene, place: Place
) -> None:
    me, anna = await admin(house), scene.trakt.accounts.by_slug["anna"]
    pin = await me.begin("trakt")
    scene.trakt.accounts.approve(pin["code"], anna)

    ended = await settled(me, pin, "trakt")

    purposes: tuple[TokenKind, ...] = ("token", "refresh_token")
    assert (ended["status"], ended["account"]["username"]) == ("authorized", "anna")
    for purpose in purposes:
        owner = account_token("trakt", server="", account_id=anna.uuid, purpose=purpose)
        assert await linker.vault.get(owner) is not None
    [row] = await place.rows("select expires_at - linked_at as life, renew_at - linked_at as half from connections")
    assert round(row["life"].total_seconds() / 86400, 2) == 7
    assert round(row["half"].total_seconds() / 86400, 2) == 3.5
    assert await place.rows("select from shared.credentials where owner_kind = 'sign_in'") == []


@pytest.mark.parametrize("provider", ["jellyfin", "emby"])
async def test_name_and_password_link_an_account(
    house: House, linker: Linker, scene: Scene, said: Said, provider: str, capsys: pytest.CaptureFixture[str]
) -> None:
    me = await admin(house)

    linked = await me.post(f"{provider}/connect", {"username": "anna", "password": PASSWORD})
    wrong = await me.post(f"{provider}/connect", {"username": "anna", "password": f"{PASSWORD}-not"})

    assert (linked.status_code, linked.json()["account"]["username"], linked.json()["state"]) == (200, "anna", "ok")
    assert wrong.status_code == 400
    assert [error["path"] for error in wrong.json()["errors"]] == ["password"]
    await until(lambda: len(said.facts(AccountLinked)) == 1)
    printed = capsys.readouterr()
    everything = f"{said.messages}{printed.out}{printed.err}{wrong.text}{linked.text}"
    assert PASSWORD not in everything


FAILS = """
create function fails() returns trigger language plpgsql as $$
begin raise exception 'the database system is shutting down' using errcode = '57P01'; end $$;
create trigger fails before insert on connections for each row execute function fails();
"""


@pytest.mark.parametrize("provider", ["jellyfin", "emby"])
async def test_a_session_that_cannot_be_kept_is_ended(
    house: House, linker: Linker, scene: Scene, provider: str
) -> None:
    household = scene.jellyfin.household if provider == "jellyfin" else scene.emby.household
    anna = household.by_name("anna")
    assert anna is not None
    me = await admin(house)
    await scene.pool.execute(FAILS)

    answer = await me.post(f"{provider}/connect", {"username": "anna", "password": PASSWORD})

    assert answer.status_code == 503
    assert anna.last_login_at is not None
    assert household.tokens_of(anna) == []


UNLINKS = """
create function unlinks() returns trigger language plpgsql as $$
begin delete from connections; return null; end $$;
create constraint trigger unlinks after insert on connections deferrable initially deferred
for each row execute function unlinks();
"""


async def test_an_account_that_is_unlinked_at_the_same_moment_is_a_conflict(
    house: House, linker: Linker, scene: Scene
) -> None:
    me = await admin(house)
    await scene.pool.execute(UNLINKS)

    answer = await me.post("jellyfin/connect", {"username": "anna", "password": PASSWORD})

    assert answer.status_code == 409
    assert "unlinked at the same moment" in answer.json()["detail"]


MERGES = """
insert into persons (id, name) values ('other', 'Other');
create function merges() returns trigger language plpgsql as $$
begin update connections set person_id = 'other'; return null; end $$;
create constraint trigger merges after insert on connections deferrable initially deferred
for each row execute function merges();
"""


async def test_an_account_whose_person_is_merged_at_the_same_moment_is_linked(
    house: House, linker: Linker, scene: Scene
) -> None:
    me = await admin(house)
    await scene.pool.execute(MERGES)

    answer = await me.post("jellyfin/connect", {"username": "anna", "password": PASSWORD})

    assert answer.status_code == 200, answer.text
    assert answer.json()["person"]["name"] == "Other"


async def test_a_session_of_nobody_is_ended(house: House, linker: Linker, scene: Scene) -> None:
    anna = scene.jellyfin.household.by_name("anna")
    assert anna is not None
    body = {"username": "anna", "password": PASSWORD, "person_id": "nobody"}

    answer = await key(house).post("jellyfin/connect", body)

    assert answer.status_code == 404
    await until(lambda: scene.jellyfin.household.tokens_of(anna) == [])


async def test_too_many_wrong_passwords_are_too_many_requests(house: House, linker: Linker) -> None:
    me = await admin(house)
    answers = [await me.post("emby/connect", {"username": "anna", "password": f"wrong {n}"}) for n in range(7)]
    statuses = [answer.status_code for answer in answers]

    assert statuses == [400] * 5 + [429] * 2
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 300


async def test_an_account_that_somebody_else_has_proven_is_refused(house: House, linker: Linker, scene: Scene) -> None:
    await (await admin(house)).post("jellyfin/connect", {"username": "anna", "password": PASSWORD})
    [anna] = await people(house)
    thief = key(house)

    taken = await thief.post("emby/connect", {"username": "anna", "password": PASSWORD})
    other = taken.json()["person"]["id"]
    refused = await key(house, other).post(
        "jellyfin/connect", {"username": "anna", "password": PASSWORD, "person_id": other}
    )

    assert other != anna["id"]
    assert (taken.status_code, refused.status_code) == (200, 409)


@pytest.mark.parametrize("provider", ["jellyfin", "emby", "trakt"])
async def test_unlinking_ends_the_token_over_there_too(
    house: House, linker: Linker, scene: Scene, said: Said, provider: str
) -> None:
    me = await admin(house)
    if provider == "trakt":
        pin = await me.begin("trakt")
        scene.trakt.accounts.approve(pin["code"], scene.trakt.accounts.by_slug["anna"])
        await settled(me, pin, "trakt")
    else:
        await me.post(f"{provider}/connect", {"username": "anna", "password": PASSWORD})
    [linked] = await me.linked()
    account = linked["account"]
    owner = account_token(provider, server=account["server"], account_id=account["id"])  # type: ignore[arg-type]
    token = await linker.vault.get(owner)
    assert token is not None

    removed = await me.unlink(provider)

    def is_ended() -> bool:
        if provider == "trakt":
            return scene.trakt.accounts.holder(token.reveal()) is None
        app = scene.jellyfin if provider == "jellyfin" else scene.emby
        return not app.household.is_known(token.reveal())

    assert removed.status_code == 200
    await until(is_ended)
    assert await linker.vault.get(owner) is None
    assert await me.linked() == []
    await until(lambda: len(said.facts(AccountUnlinked)) == 1)


@pytest.mark.parametrize("how", ["cancelled", "unlinked", "over"])
async def test_tokens_of_a_redeemed_code_end_with_their_sign_in(
    house: House, linker: Linker, scene: Scene, place: Place, how: str
) -> None:
    me = await admin(house)
    pin = await me.begin("trakt")
    scene.trakt.accounts.approve(pin["code"], scene.trakt.accounts.by_slug["anna"])
    scene.trakt.api.fail_next(403)  # the code is redeemed, and nobody knows whose it is
    during = await me.check(pin, "trakt")
    access = await redeemed(linker, pin)
    was_alive = scene.trakt.accounts.holder(access) is not None

    if how == "cancelled":
        await house.delete(f"/api/integrations/trakt/auth/pin/{pin['pin_id']}")
    elif how == "unlinked":
        await me.unlink("trakt")
    else:
        scene.trakt.api.fail_next(403)
        await place.rows("update sign_ins set expires_at = now(), poll_at = now()")

    await until(lambda: scene.trakt.accounts.holder(access) is None)
    assert (during["status"], was_alive) == ("pending", True)
    assert await me.linked() == []


async def test_a_redeemed_code_that_is_called_off_leaves_the_account_linked(
    house: House, linker: Linker, scene: Scene
) -> None:
    me, anna = await admin(house), scene.trakt.accounts.by_slug["anna"]
    first = await me.begin("trakt")
    scene.trakt.accounts.approve(first["code"], anna)
    await settled(me, first, "trakt")
    second = await me.begin("trakt")
    scene.trakt.accounts.approve(second["code"], anna)
    scene.trakt.api.fail_next(403)
    await me.check(second, "trakt")
    asked = len(scene.trakt.api.seen)

    await house.delete(f"/api/integrations/trakt/auth/pin/{second['pin_id']}")
    await until(lambda: len(scene.trakt.api.seen) > asked)

    assert [each["state"] for each in await me.linked()] == ["ok"]
    assert not [request for request in scene.trakt.auth.seen if "revoke" in request.path]


async def redeemed(linker: Linker, pin: Any) -> str:
    """Return the access token that is kept in the place of the code."""
    kept = await linker.vault.get(sign_in_secret(pin["pin_id"], provider="trakt"))
    assert kept is not None
    return str(msgspec.json.decode(kept.reveal())["access"])


async def test_a_dead_token_is_found_said_once_and_shown(
    house: House, linker: Linker, scene: Scene, place: Place
) -> None:
    me = await admin(house)
    await me.post("emby/connect", {"username": "anna", "password": PASSWORD})
    await me.post("jellyfin/connect", {"username": "anna", "password": PASSWORD})
    for household in (scene.emby.household, scene.jellyfin.household):
        anna = household.by_name("anna")
        assert anna is not None
        household.revoke_all(anna)
    await place.rows("update connections set check_at = now()")

    await linker.daily_check.check_next()
    await linker.daily_check.check_next()

    assert [each["state"] for each in await me.linked()] == ["dead", "dead"]


@pytest.mark.parametrize(("provider", "remedy"), [("jellyfin", "user name and password"), ("trakt", "TRAKT_CLIENT_ID")])
async def test_what_cannot_be_begun_is_a_conflict_that_says_what_to_do(
    house: House, linker: Linker, scene: Scene, provider: str, remedy: str
) -> None:
    scene.jellyfin.has_quick_connect = False
    await scene.pool.execute("delete from servers where type = 'trakt'")

    answer = await (await admin(house)).post(f"{provider}/auth/pin", {})

    assert answer.status_code == 409
    assert remedy in answer.json()["detail"]


async def test_a_jellyfin_of_before_ten_nine_is_linked_by_quick_connect(
    house: House, linker: Linker, scene: Scene
) -> None:
    scene.jellyfin.become("10.8.13")
    me, anna = await admin(house), scene.jellyfin.household.by_name("anna")
    assert anna is not None

    pin = await me.begin("jellyfin")
    scene.jellyfin.approve(pin["code"], anna)

    assert (await settled(me, pin, "jellyfin"))["status"] == "authorized"


@pytest.mark.parametrize("provider", ["trakt", "jellyfin"])
async def test_a_system_that_asks_to_wait_is_asked_once_and_all_are_told_how_long(
    house: House, linker: Linker, scene: Scene, provider: str
) -> None:
    app = scene.trakt.auth if provider == "trakt" else scene.jellyfin
    app.fail_next(429, times=9, body=b"Rate limited", content_type="text/plain", retry_after="143")
    people = [key(house), await admin(house)]
    app.seen.clear()

    answers = await asyncio.gather(*(each.post(f"{provider}/auth/pin", {}) for each in (*people, *people, people[0])))

    assert [answer.status_code for answer in answers] == [429] * 5
    assert all(130 < int(answer.headers["Retry-After"]) <= 143 for answer in answers)
    assert all("try again in 2 minutes" in answer.json()["detail"] for answer in answers)
    assert len(app.seen) == 1


async def test_a_busy_server_asks_for_no_password_meanwhile(house: House, linker: Linker, scene: Scene) -> None:
    scene.emby.fail_next(429, body=b"", retry_after="30")
    body = {"username": "anna", "password": PASSWORD}
    scene.emby.seen.clear()

    answers = [await key(house).post("emby/connect", body) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [429] * 3
    assert "Shed" in answers[2].json()["detail"]
    assert len(scene.emby.seen) == 1


@pytest.mark.parametrize("body", [{}, {"server": "nowhere"}, {"server": "Shed"}])
async def test_a_server_that_does_not_fit_is_said(house: House, linker: Linker, scene: Scene, body: Any) -> None:
    await scene.pool.execute("update servers set enabled = false where name = 'Cellar'")

    answer = await (await admin(house)).post("jellyfin/auth/pin", body)

    assert answer.status_code == 404
