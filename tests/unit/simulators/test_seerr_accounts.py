"""Accounts of Plex and Jellyfin in the stand-in of Seerr: imported, and linked."""

from collections.abc import Callable
from typing import Any

from simulators.plex_tv.app import PlexTv
from simulators.seerr.app import Seerr
from simulators.seerr.dialect import Dialect
from simulators.seerr.users import UserType
from tests.unit.simulators.seerr_calls import client


def with_plex(dialect: Dialect = Dialect.SEERR) -> tuple[Seerr, PlexTv, Callable[[str], Any]]:
    seerr, plex_tv = Seerr(dialect), PlexTv()
    owner = plex_tv.accounts.add("owner")
    server = plex_tv.accounts.add_server("Attic", owner=owner, uris=["http://10.0.0.1:32400"])
    seerr.uses_plex(plex_tv.accounts, machine_id=server.machine_id, owner_id=owner.id)

    def friend(name: str) -> Any:
        account = plex_tv.accounts.add(name)
        plex_tv.accounts.share(plex_tv.accounts.devices[server.machine_id], account)
        return account

    return seerr, plex_tv, friend


async def test_plex_users_with_an_address_and_access_are_imported() -> None:
    seerr, plex_tv, friend = with_plex()
    anna, local = friend("anna"), friend("local")
    plex_tv.accounts.add_managed("Kid", home_of=seerr.imports.owner_id)
    known = seerr.users.add(email="local@example.com", username="local")
    candidates = (await client(seerr).get("/settings/plex/users")).json()
    created = await client(seerr).post("/user/import-from-plex", json={})

    assert {each["username"] for each in candidates} == {"anna", "local"}
    assert [each["plexUsername"] for each in created.json()] == ["anna"]
    assert (created.status_code, known.user_type, known.plex_id) == (201, UserType.PLEX, local.id)
    assert anna.id in {user.plex_id for user in seerr.users.by_id.values()}


async def test_a_token_given_to_seerr_is_kept_and_its_cookie_can_be_dropped() -> None:
    seerr, plex_tv, friend = with_plex()
    token = plex_tv.accounts.sign_in(friend("anna"))
    stranger = plex_tv.accounts.sign_in(plex_tv.accounts.add("stranger"))
    let_in = await client(seerr).post("/auth/plex", json={"authToken": token})
    refused = await client(seerr).post("/auth/plex", json={"authToken": stranger})
    dead = await client(seerr).post("/auth/plex", json={"authToken": "dead"})

    assert (let_in.status_code, "connect.sid" in let_in.cookies) == (200, True)
    assert seerr.users.by_id[let_in.json()["id"]].plex_token == token
    assert (refused.status_code, refused.json()) == (403, {"message": "Access denied."})
    assert (dead.status_code, dead.json()) == (500, {"message": "Unable to authenticate."})


async def test_an_account_is_linked_by_oneself_once_and_with_the_same_address() -> None:
    seerr, plex_tv, friend = with_plex()
    anna = friend("anna")
    token = plex_tv.accounts.sign_in(anna)
    user = seerr.users.add(email="anna@example.com", password="long enough")
    other = seerr.users.add(email="bert@example.com")
    statuses = [
        (await client(seerr).post(f"/user/{user.id}/settings/linked-accounts/plex", json={"authToken": token})),
        (
            await client(seerr, user=other.id).post(
                f"/user/{other.id}/settings/linked-accounts/plex", json={"authToken": token}
            )
        ),
        (
            await client(seerr, user=user.id).post(
                f"/user/{user.id}/settings/linked-accounts/plex", json={"authToken": token}
            )
        ),
        (
            await client(seerr, user=user.id).post(
                f"/user/{user.id}/settings/linked-accounts/plex", json={"authToken": token}
            )
        ),
    ]

    assert [each.status_code for each in statuses] == [403, 422, 204, 422]
    assert (user.plex_id, user.user_type) == (anna.id, UserType.PLEX)


async def test_overseerr_knows_neither_jellyfin_nor_linked_accounts() -> None:
    seerr = Seerr(Dialect.OVERSEERR)
    statuses = [
        (await client(seerr).post("/user/import-from-jellyfin", json={"jellyfinUserIds": []})).status_code,
        (await client(seerr).post("/user/1/settings/linked-accounts/plex", json={"authToken": "x"})).status_code,
    ]
    row = (await client(seerr).get("/user")).json()["results"][0]

    assert statuses == [405, 404]
    assert "jellyfinUsername" not in row


async def test_jellyfin_users_are_imported_under_their_name() -> None:
    seerr = Seerr()
    seerr.uses_jellyfin({"a1": "Anna", "b2": "Bert"})
    created = await client(seerr).post("/user/import-from-jellyfin", json={"jellyfinUserIds": ["a1"]})
    plex = await client(seerr).post("/auth/plex", json={"authToken": "x"})

    assert [each["jellyfinUsername"] for each in created.json()] == ["Anna"]
    assert seerr.users.with_email("anna") is not None
    assert (plex.status_code, plex.json()) == (500, {"error": "Plex login is disabled"})


async def test_an_id_that_jellyfin_does_not_know_leaves_a_blank_user_once() -> None:
    seerr = Seerr()
    seerr.uses_jellyfin({"a1": "Anna"})
    answers = [
        await client(seerr).post("/user/import-from-jellyfin", json={"jellyfinUserIds": [each]}) for each in ("A1", "x")
    ]

    blank = seerr.users.by_id[2]
    assert [each.status_code for each in answers] == [201, 500]
    assert (blank.email, blank.jellyfin_username, blank.jellyfin_user_id) == ("", None, None)


async def test_a_jellyfin_that_does_not_take_the_key_is_said_without_words() -> None:
    seerr = Seerr()
    seerr.uses_jellyfin({"a1": "Anna"})
    seerr.imports.is_jellyfin_key_dead = True
    listed = await client(seerr).get("/settings/jellyfin/users")

    assert (listed.status_code, listed.json()) == (500, {"message": ""})


async def test_an_owner_without_friends_or_with_a_dead_token_cannot_import() -> None:
    seerr, plex_tv, friend = with_plex()
    alone = [
        await client(seerr).post("/user/import-from-plex", json={}),
        await client(seerr).get("/settings/plex/users"),
    ]
    friend("anna")
    plex_tv.accounts.revoke(seerr.owner.plex_token or "")
    dead = await client(seerr).post("/user/import-from-plex", json={"plexIds": ["1"]})

    assert [(each.status_code, each.json()["message"]) for each in (*alone, dead)] == [
        (500, "plexUsersResponse.MediaContainer.User is not iterable"),
        (500, "Unable to retrieve unimported Plex users."),
        (500, "Request failed with status code 401"),
    ]
