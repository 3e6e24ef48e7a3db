"""Seerr: users, settings, counts, and refusals."""

from typing import Any

import httpx
import pytest

from shared.clients.errors import CredentialRefusedError
from shared.clients.seerr.dialect import Dialect
from shared.clients.seerr.problems import CsrfProtectedError, ImportRefusedError, UserExistsError
from shared.clients.seerr.rest import Seerr
from shared.clients.seerr.users import RequestCounts, SeerrUser
from shared.errors import TransientError
from shared.http.calls import RefusedError
from shared.http.upstream import Upstream
from shared.schemas.secret import Secret
from tests.unit.clients.scripted import Scripted, good, page

USER = {
    "id": 7,
    "email": "anna@example.org",
    "username": None,
    "plexUsername": "anna",
    "plexId": 139113761,
    "jellyfinUserId": None,
    "userType": 1,
    "permissions": 32,
    "displayName": "anna",
    "requestCount": 3,
    "createdAt": "2026-01-01T00:00:00.000Z",
    "warnings": [],
}
NO_ACCESS = {"status": 403, "error": "You do not have permission to access this endpoint"}


def seerr(server: Scripted, url: str = "http://seerr:5055") -> Seerr:
    return Seerr(server.http, Upstream("Seerr"), url=url, api_key=Secret("api-key-1"))


async def test_the_key_goes_in_a_header() -> None:
    server = Scripted(good(USER))

    user = await seerr(server).user(7)

    assert user == SeerrUser(
        id=7,
        email="anna@example.org",
        plex_username="anna",
        plex_id=139113761,
        user_type=1,
        permissions=32,
        display_name="anna",
        created_at="2026-01-01T00:00:00.000Z",
    )
    assert server.last.headers["X-API-Key"] == "api-key-1"
    assert "X-API-User" not in server.last.headers


@pytest.mark.parametrize("url", ["http://seerr:5055", "http://seerr:5055/", "http://seerr:5055/api/v1/"])
async def test_the_address_may_be_written_in_several_ways(url: str) -> None:
    server = Scripted(good({"version": "3.1.0"}))

    await seerr(server, url).status()

    assert str(server.last.url) == "http://seerr:5055/api/v1/status"


async def test_what_anybody_may_know_is_asked_without_the_key() -> None:
    server = Scripted(good({"version": "3.1.0", "commitTag": "f74306ed"}), good({"mediaServerType": 2}))

    assert await seerr(server).dialect() is Dialect.SEERR
    assert not [request for request in server.asked if "X-API-Key" in request.headers]


async def test_overseerr_names_no_media_server() -> None:
    server = Scripted(good({"version": "1.33.2"}), good({"initialized": True}))

    assert await seerr(server).dialect() is Dialect.OVERSEERR


@pytest.mark.parametrize(
    ("number", "name"), [(1, "plex"), (2, "jellyfin"), (3, "emby"), (4, "none"), (9, "unknown"), (None, "plex")]
)
async def test_the_media_server_has_a_name(number: int | None, name: str) -> None:
    settings = await seerr(Scripted(good({"mediaServerType": number}))).public_settings()

    assert settings.media_server == name


@pytest.mark.parametrize(
    ("number", "kind"), [(1, "plex"), (2, "local"), (3, "jellyfin"), (4, "emby"), (77, "unknown"), (None, "unknown")]
)
async def test_a_user_is_of_a_kind(number: int | None, kind: str) -> None:
    user = await seerr(Scripted(good({"id": 1, "userType": number}))).user(1)

    assert user.kind == kind


async def test_users_come_in_pages_with_their_number() -> None:
    server = Scripted(good({"pageInfo": {"pages": 2, "pageSize": 1, "results": 41, "page": 1}, "results": [USER]}))

    found = await seerr(server).users(take=1, skip=40)

    assert (found.total, [user.id for user in found.users]) == (41, [7])
    assert server.last.url.query == b"take=1&skip=40&sort=created"


async def test_a_page_with_a_user_that_cannot_be_read_is_not_used_and_says_which() -> None:
    rows = [USER, {**USER, "id": None, "username": "cleo"}]
    server = Scripted(good({"pageInfo": {"results": 2}, "results": rows}))

    with pytest.raises(RefusedError, match=r"entry 2 \(cleo\) cannot be read.*the list is not used"):
        await seerr(server).users()


async def test_counts_of_overseerr_lack_what_it_does_not_know() -> None:
    counts = await seerr(Scripted(good({"total": 9, "movie": 4, "tv": 5, "pending": 1}))).request_counts()

    assert counts == RequestCounts(total=9, movie=4, tv=5, pending=1)


async def test_a_local_user_is_made() -> None:
    server = Scripted(good(USER, 201))

    await seerr(server).create_local_user(username="anna", password=Secret("long enough"), email="a@example.org")

    assert (server.last.method, server.last.url.path) == ("POST", "/api/v1/user")
    assert server.body == {"username": "anna", "password": "long enough", "email": "a@example.org"}


async def test_without_an_email_address_none_is_sent() -> None:
    server = Scripted(good(USER, 201))

    await seerr(server).create_local_user(username="anna", password=Secret("long enough"))

    assert "email" not in server.body


async def test_a_user_who_is_there_is_distinguished_from_other_refusals() -> None:
    answer = good({"message": "User already exists with submitted email.", "errors": ["USER_EXISTS"]}, 409)

    with pytest.raises(UserExistsError) as raised:
        await seerr(Scripted(answer)).create_local_user(username="anna", password=Secret("long enough"))

    assert raised.value.status == 409


async def test_accounts_are_imported_by_their_ids() -> None:
    server = Scripted(good([USER], 201))

    users = await seerr(server).import_from_plex([139113761])

    assert [user.id for user in users] == [7]
    assert server.body == {"plexIds": ["139113761"]}


async def test_nobody_imported_is_an_answer() -> None:
    assert await seerr(Scripted(good([], 201))).import_from_jellyfin(["ab"]) == []


async def test_the_administrators_password_is_not_read() -> None:
    answer = good({"name": "Cellar", "serverId": "s1", "adminPass": "hunter22", "apiKey": "k"})

    assert await seerr(Scripted(answer)).jellyfin_server_id() == "s1"


@pytest.mark.parametrize(("body", "found"), [({"serverID": "s1"}, "s1"), ({"serverId": ""}, None), ({}, None)])
async def test_the_servers_id_is_found_under_its_described_name_too(body: dict[str, str], found: str | None) -> None:
    assert await seerr(Scripted(good(body))).jellyfin_server_id() == found


@pytest.mark.parametrize(
    ("dialect", "before", "after"),
    [
        (Dialect.SEERR, {"pgpKey": None}, {"pgpKey": None, "discordId": "42"}),
        (Dialect.SEERR_3_3, {"discordIds": ["1"]}, {"discordIds": ["1", "42"]}),
    ],
)
async def test_a_discord_id_is_written_as_the_user_himself(
    dialect: Dialect, before: dict[str, Any], after: dict[str, Any]
) -> None:
    server = Scripted(good({**before, "discordEnabled": True}), good({}))

    await seerr(server).write_discord_id(7, "42", dialect=dialect)

    assert server.last.url.path == "/api/v1/user/7/settings/notifications"
    assert server.last.headers["X-API-User"] == "7"
    assert server.body == after


async def test_a_discord_id_that_is_there_is_not_written_again() -> None:
    server = Scripted(good({"discordId": "42"}))

    await seerr(server).write_discord_id(7, "42", dialect=Dialect.SEERR)

    assert [request.method for request in server.asked] == ["GET"]


async def test_a_discord_id_of_somebody_else_is_not_taken_out() -> None:
    server = Scripted(good({"discordId": "1"}))

    await seerr(server).remove_discord_id(7, "42", dialect=Dialect.SEERR)

    assert [request.method for request in server.asked] == ["GET"]


async def test_a_discord_id_is_taken_out() -> None:
    server = Scripted(good({"discordId": "42"}), good({}))

    await seerr(server).remove_discord_id(7, "42", dialect=Dialect.SEERR)

    assert server.body == {"discordId": ""}


async def test_a_wrong_key_is_a_refused_credential_although_seerr_says_403() -> None:
    with pytest.raises(CredentialRefusedError, match="API key"):
        await seerr(Scripted(good(NO_ACCESS, 403))).users()


async def test_a_missing_key_is_a_refused_credential() -> None:
    with pytest.raises(CredentialRefusedError, match="requires an API key"):
        await seerr(Scripted(good({"message": "cookie 'connect.sid' required"}, 401))).users()


async def test_a_user_whom_seerr_does_not_know_is_no_wrong_key() -> None:
    with pytest.raises(RefusedError, match="no such user") as raised:
        await seerr(Scripted(good(NO_ACCESS, 403))).save_notification_settings(99, {})

    assert not isinstance(raised.value, CredentialRefusedError)


async def test_a_refusal_in_words_is_handed_on_in_words() -> None:
    answer = good({"message": "You do not have permission to modify this user's settings.\x00"}, 403)

    with pytest.raises(RefusedError, match="modify this user's settings") as raised:
        await seerr(Scripted(answer)).save_notification_settings(1, {})

    assert not isinstance(raised.value, CredentialRefusedError)


async def test_a_protection_that_refuses_every_change_is_named() -> None:
    with pytest.raises(RefusedError, match="CSRF protection off"):
        await seerr(Scripted(good({"message": "invalid csrf token"}, 403))).save_notification_settings(7, {})


async def test_long_words_are_cut() -> None:
    with pytest.raises(RefusedError) as raised:
        await seerr(Scripted(good({"message": "x" * 10_000}, 400))).user(7)

    assert len(str(raised.value)) < 300


async def test_a_web_page_means_a_wrong_address() -> None:
    with pytest.raises(RefusedError, match="is the address right"):
        await seerr(Scripted(page(200))).status()


async def test_seerr_is_given_a_token_without_the_key() -> None:
    server = Scripted(httpx.Response(200, json=USER, headers={"Set-Cookie": "connect.sid=s; Path=/"}))

    await seerr(server).give_plex_token(Secret("plex-token"))

    assert (server.last.url.path, server.body) == ("/api/v1/auth/plex", {"authToken": "plex-token"})
    assert "X-API-Key" not in server.last.headers


@pytest.mark.parametrize("body", [{"error": "Plex login is disabled"}, {"message": "Plex login is disabled"}])
async def test_a_seerr_without_plex_is_no_failing_seerr(body: dict[str, str]) -> None:
    with pytest.raises(RefusedError, match="another media server"):
        await seerr(Scripted(good(body, 500))).give_plex_token(Secret("t"))


async def test_an_account_without_access_is_refused() -> None:
    with pytest.raises(RefusedError, match="Access denied") as raised:
        await seerr(Scripted(good({"message": "Access denied."}, 403))).give_plex_token(Secret("plex-token"))

    assert not isinstance(raised.value, CredentialRefusedError)


@pytest.mark.parametrize("secret", ["api-key-1", "token-of-anna"])
async def test_what_seerr_repeats_of_a_secret_is_not_passed_on(secret: str) -> None:
    server = Scripted(good({"message": f"cannot use {secret} for this"}, 400))

    with pytest.raises(RefusedError) as error:
        await seerr(server).give_plex_token(Secret("token-of-anna"))

    assert error.value.detail == "Seerr refused: cannot use *** for this (400)"


async def test_all_users_are_read_page_by_page() -> None:
    pages = [[{"id": number} for number in some] for some in (range(1, 101), range(101, 131))]
    server = Scripted(*(good({"pageInfo": {"results": 130}, "results": users}) for users in pages))

    users = await seerr(server).all_users()

    assert [user.id for user in users] == list(range(1, 131))
    assert [request.url.params["skip"] for request in server.asked] == ["0", "100"]


@pytest.mark.parametrize(
    "pages",
    [
        [([1, 2], 5), ([4], 4), ([], 4)],  # the third moved up while the first two were removed
        [([1, 2], 4), ([2, 3], 4)],
        [([], 3)],
    ],
)
async def test_a_list_that_changes_while_it_is_read_is_read_again_later(pages: list[tuple[list[int], int]]) -> None:
    answers = [good({"pageInfo": {"results": total}, "results": [{"id": one} for one in ids]}) for ids, total in pages]

    with pytest.raises(TransientError, match="changed while they were read"):
        await seerr(Scripted(*answers)).all_users()


async def test_a_list_without_an_end_is_given_up() -> None:
    users = [{"id": number} for number in range(10_000)]
    server = Scripted(good({"pageInfo": {"results": 10**9}, "results": users}))

    with pytest.raises(RefusedError, match="over 100000 users"):
        await seerr(server).all_users()


@pytest.mark.parametrize("body", [{"serverId": "s1"}, {"serverID": "s1"}, {"serverId": "s1", "apiKey": "secret"}])
async def test_the_jellyfin_servers_id_is_read_as_described_and_as_written(body: dict[str, Any]) -> None:
    assert await seerr(Scripted(good(body))).jellyfin_server_id() == "s1"


IMPORTS_FAIL = [
    ("plexUsersResponse.MediaContainer.User is not iterable", "shares nothing with anybody", "share the server"),
    ("Request failed with status code 401", "does not accept its owner's token", "sign in to Seerr with Plex again"),
    ("401 Unauthorized: <errors/>", "does not accept its owner's token", "sign in to Seerr with Plex again"),
    ("Invalid auth token", "does not accept its owner's token", "sign in to Seerr with Plex again"),
    ("Plex is not configured: api-key-1", "it says 'Plex is not configured, ***'", "look at Seerr's log"),
]


@pytest.mark.parametrize(("said", "because", "mend"), IMPORTS_FAIL)
async def test_why_an_import_fails_for_good_is_said_with_how_to_mend_it(said: str, because: str, mend: str) -> None:
    server = Scripted(httpx.Response(500, json={"message": said}))

    with pytest.raises(ImportRefusedError) as refused:
        await seerr(server).import_from_plex([42])

    assert because in refused.value.detail
    assert mend in refused.value.mend
    assert ": " not in refused.value.detail
    assert "api-key-1" not in refused.value.detail


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500, json={"message": "timeout of 10000ms exceeded"}),
        httpx.Response(500, json={"message": "getaddrinfo ENOTFOUND plex.tv"}),
        httpx.Response(500, json={"message": "Request failed with status code 503"}),
        httpx.Response(500, json={"message": "503 Service Unavailable: <html>upstream</html>"}),
        httpx.Response(500, json={"message": "429 Too Many Requests"}),
        httpx.Response(500, json={"message": "fetch failed"}),
        httpx.Response(500, json={}),
        httpx.Response(502, json={"message": "Invalid auth token"}),
        httpx.Response(500, html="<p>is not iterable</p>"),
    ],
)
async def test_an_import_that_fails_for_a_while_is_tried_again(answer: httpx.Response) -> None:
    with pytest.raises(TransientError):
        await seerr(Scripted(answer)).import_from_plex([42])


async def test_a_media_server_that_refuses_seerrs_key_is_named_though_seerr_says_nothing() -> None:
    with pytest.raises(ImportRefusedError, match="its key is not accepted there"):
        await seerr(Scripted(httpx.Response(500, json={"message": ""}))).jellyfin_candidates()


async def test_a_candidate_without_an_id_keeps_nobody_from_the_others() -> None:
    listed = [{"id": "a"}, {"username": "anna"}, {"id": None}, "b", {"id": "c"}]

    assert await seerr(Scripted(good(listed))).jellyfin_candidates() == ["a", "c"]


async def test_a_change_of_nothing_shows_whether_changes_come_through() -> None:
    server = Scripted(good([]), httpx.Response(403, json={"message": "invalid csrf token"}))

    await seerr(server).try_to_write()
    with pytest.raises(CsrfProtectedError):
        await seerr(server).try_to_write()

    assert (server.last.method, server.last.url.path, server.body) == (
        "PUT",
        "/api/v1/user",
        {"ids": [], "permissions": 0},
    )
