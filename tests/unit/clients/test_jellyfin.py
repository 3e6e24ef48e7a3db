"""Jellyfin and Emby: server identity, sign-in, and refusals."""

from urllib.parse import unquote

import httpx
import pytest

from shared.clients.emby import Emby
from shared.clients.errors import CredentialRefusedError, WrongPasswordError
from shared.clients.jellyfin import Jellyfin, QuickConnect, QuickConnectExpiredError, QuickConnectOffError
from shared.clients.mediabrowser import Device, PublicServer, SignedIn, User, authorization
from shared.errors import PermanentError
from shared.http.calls import RefusedError
from shared.http.upstream import Upstream
from shared.schemas.secret import Secret
from tests.unit.clients.scripted import Scripted, good

TOKEN = Secret("person-token")
DEVICE = Device(id="usher-p1", version="0.1.0")
SIGNED_IN = {
    "User": {"Name": "Anna", "Id": "ab12", "Policy": {"IsAdministrator": True, "IsDisabled": False}},
    "SessionInfo": {"Id": "s"},
    "AccessToken": "new-token",
    "ServerId": "server-1",
}
CODE = {"Code": "123456", "Secret": "qc-secret", "Authenticated": False, "DateAdded": "2026-11-21T12:00:00.0000000Z"}


def jellyfin(server: Scripted) -> Jellyfin:
    return Jellyfin(server.http, Upstream("Cellar"), url="http://cellar:8096/base", device=DEVICE)


def emby(server: Scripted) -> Emby:
    return Emby(server.http, Upstream("Cellar"), url="http://cellar:8097", device=DEVICE)


async def test_a_server_says_who_it_is() -> None:
    server = Scripted(good({"Id": "s1", "ServerName": "Cellar", "Version": "10.11.8", "ProductName": "Jellyfin"}))

    answer = await jellyfin(server).public_server()

    assert answer == PublicServer("s1", "Cellar", "10.11.8", "Jellyfin")
    assert str(server.last.url) == "http://cellar:8096/base/System/Info/Public"


async def test_jellyfins_header_names_the_device_and_the_token() -> None:
    server = Scripted(good({"Name": "Anna", "Id": "ab12"}))

    await jellyfin(server).me(TOKEN)

    assert server.last.headers["Authorization"] == (
        'MediaBrowser Client="Usher", Device="Usher", DeviceId="usher-p1", Version="0.1.0", Token="person-token"'
    )
    assert "X-Emby-Token" not in server.last.headers


async def test_embys_headers_are_two() -> None:
    server = Scripted(good({"Name": "Anna", "Id": "ab12"}))

    user = await emby(server).user("ab12", TOKEN)

    assert user == User(id="ab12", name="Anna", is_admin=False, is_disabled=False)
    assert server.last.headers["Authorization"] == (
        'Emby Client="Usher", Device="Usher", DeviceId="usher-p1", Version="0.1.0"'
    )
    assert server.last.headers["X-Emby-Token"] == "person-token"
    assert str(server.last.url) == "http://cellar:8097/Users/ab12"


@pytest.mark.parametrize("name", ['a", Token="stolen', "Käse", "a, b", "a\r\nb", ""])
def test_a_device_name_cannot_leave_its_quotes(name: str) -> None:
    value = authorization("MediaBrowser", Device(id="d", name=name), token=TOKEN).reveal()

    assert value.isascii()
    assert value.count('"') == 10
    assert unquote(value.split('"')[3]) == name


async def test_signing_in_gives_the_account_and_its_token() -> None:
    server = Scripted(good(SIGNED_IN))

    for client in (jellyfin(server), emby(server)):
        answer = await client.sign_in(username="Änna", password=Secret("pässword"))

        user = User(id="ab12", name="Anna", is_admin=True, is_disabled=False)
        assert answer == SignedIn(user, Secret("new-token"), "server-1")
        assert server.last.url.path.endswith("/Users/AuthenticateByName")
        assert server.body == {"Username": "Änna", "Pw": "pässword"}
        assert "new-token" not in repr(answer)


async def test_a_wrong_password_is_the_persons_mistake() -> None:
    for client in (
        jellyfin(Scripted(httpx.Response(401))),
        emby(Scripted(httpx.Response(401, text="Invalid username"))),
    ):
        with pytest.raises(WrongPasswordError) as raised:
            await client.sign_in(username="anna", password=Secret("wrong"))

        assert raised.value.status == 400
        assert not isinstance(raised.value, CredentialRefusedError)


async def test_a_disabled_account_is_distinguished_from_a_wrong_password() -> None:
    with pytest.raises(RefusedError, match="disabled"):
        await jellyfin(Scripted(httpx.Response(403))).sign_in(username="anna", password=Secret("right"))


async def test_a_quick_connect_code_is_made() -> None:
    server = Scripted(good(CODE))

    begun = await jellyfin(server).start_quick_connect()

    assert begun == QuickConnect("123456", Secret("qc-secret"))
    assert (server.last.method, server.last.url.path) == ("POST", "/base/QuickConnect/Initiate")
    assert 'DeviceId="usher-p1"' in server.last.headers["Authorization"]
    assert "qc-secret" not in repr(begun)


async def test_a_server_without_quick_connect_says_so() -> None:
    with pytest.raises(QuickConnectOffError) as raised:
        await jellyfin(Scripted(good("Quick connect is not active on this server", 401))).start_quick_connect()

    assert isinstance(raised.value, PermanentError)
    assert not isinstance(raised.value, CredentialRefusedError)


async def test_quick_connect_may_be_turned_off_while_a_code_waits() -> None:
    with pytest.raises(QuickConnectOffError):
        await jellyfin(Scripted(good("Quick connect is disabled", 401))).is_approved(Secret("qc-secret"))


@pytest.mark.parametrize("approved", [True, False])
async def test_a_code_is_approved_or_not_yet(*, approved: bool) -> None:
    server = Scripted(good({**CODE, "Authenticated": approved}))

    assert await jellyfin(server).is_approved(Secret("qc-secret")) is approved
    assert server.last.url.params["secret"] == "qc-secret"


async def test_a_code_that_is_over_is_distinguished_from_one_that_waits() -> None:
    with pytest.raises(QuickConnectExpiredError) as raised:
        await jellyfin(Scripted(good({"title": "Not Found", "status": 404}, 404))).is_approved(Secret("qc-secret"))

    assert raised.value.status == 410


async def test_an_approved_code_is_exchanged_for_a_token() -> None:
    server = Scripted(good(SIGNED_IN))

    answer = await jellyfin(server).finish_quick_connect(Secret("qc-secret"))

    assert answer.token == Secret("new-token")
    assert server.body == {"Secret": "qc-secret"}


@pytest.mark.parametrize("status", [400, 401, 404])
async def test_a_code_that_was_not_approved_gives_no_token(status: int) -> None:
    with pytest.raises(QuickConnectExpiredError):
        await jellyfin(Scripted(httpx.Response(status))).finish_quick_connect(Secret("qc-secret"))


async def test_all_users_are_listed_with_their_rights() -> None:
    users = [
        {"Name": "Anna", "Id": "1", "Policy": {"IsAdministrator": True}},
        {"Name": "Ben", "Id": "2", "Policy": {"IsDisabled": True}},
        {"Name": None, "Id": "3"},
    ]

    of_jellyfin = await jellyfin(Scripted(good(users))).users(TOKEN)
    of_emby = await emby(Scripted(good({"Items": users, "TotalRecordCount": 3}))).users(TOKEN)

    assert of_jellyfin == of_emby
    assert [(user.name, user.is_admin, user.is_disabled) for user in of_jellyfin.rows] == [
        ("Anna", True, False),
        ("Ben", False, True),
        ("3", False, False),
    ]


async def test_one_odd_user_does_not_spoil_the_list() -> None:
    users = [
        {"Name": ["Anna"], "Id": "1", "Policy": "none"},
        {"Name": "Ben", "Id": None},
        "Cleo",
        {"Name": "Dora", "Id": "4", "Policy": {"IsAdministrator": "yes", "IsDisabled": {}}},
    ]

    of_jellyfin = await jellyfin(Scripted(good(users))).users(TOKEN)
    of_emby = await emby(Scripted(good({"Items": users, "TotalRecordCount": 4}))).users(TOKEN)

    assert of_jellyfin == of_emby
    assert [(user.id, user.name, user.is_admin, user.is_disabled) for user in of_jellyfin.rows] == [
        ("1", "1", False, False),
        ("4", "Dora", True, False),
    ]
    assert [problem.partition(" cannot be read: ")[0] for problem in of_jellyfin.problems] == [
        "entry 2 (Ben)",
        "entry 3",
    ]


@pytest.mark.parametrize("status", [200, 204])
async def test_signing_out_ends_the_token(status: int) -> None:
    server = Scripted(httpx.Response(status))

    await jellyfin(server).sign_out(TOKEN)
    await emby(server).sign_out(TOKEN)

    assert [request.url.path for request in server.asked] == ["/base/Sessions/Logout", "/Sessions/Logout"]
    assert "person-token" in server.asked[0].headers["Authorization"]
    assert server.asked[1].headers["X-Emby-Token"] == "person-token"
