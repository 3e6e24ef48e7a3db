"""Every call of our clients with an answer that it accepts: for tests of all calls."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import httpx
import msgspec

from shared.clients.emby import Emby
from shared.clients.jellyfin import Jellyfin
from shared.clients.mediabrowser import Device
from shared.clients.plex_app import PlexApp
from shared.clients.plex_server import PlexServer
from shared.clients.plex_tv import PlexTv
from shared.clients.seerr.dialect import Dialect
from shared.clients.seerr.rest import Seerr
from shared.clients.trakt import Trakt
from shared.discord.command_format import Command, Option, OptionType
from shared.discord.components import Button, ButtonStyle, Choice, Menu, Row
from shared.discord.messages import Embed, Field, Message
from shared.discord.rate_limits import Limits
from shared.discord.rest import Discord
from shared.http.upstream import Upstream
from shared.schemas.secret import Secret

CANARY: Final = "canary-0815-secret"
TOKEN: Final = Secret(CANARY)
APP: Final = PlexApp(client_id="usher-client-1")
DEVICE: Final = Device(id="usher-person-1")
UUID: Final = "7e1d2e8ab0bf4a5a9fd9a0b8d1c2e3f4"

SEERR_USER: Final = {"id": 7, "email": "a@example.org", "permissions": 32}
SIGNED_IN: Final = {
    "User": {"Name": "anna", "Id": UUID, "Policy": {"IsAdministrator": False, "IsDisabled": False}},
    "AccessToken": "jellyfin-token",
    "ServerId": "server-1",
}
TRAKT_TOKENS: Final = {
    "access_token": "trakt-access",
    "token_type": "bearer",
    "expires_in": 604_800,
    "refresh_token": "trakt-refresh",
    "scope": "public",
    "created_at": 1_795_000_000,
}
PLEX_ITEM: Final = {"ratingKey": "101", "key": "/library/metadata/101", "type": "movie", "title": "Heat", "addedAt": 1}
MESSAGE: Final = Message(
    content="Done",
    embeds=(Embed(title="Heat", description="1995", fields=(Field("Status", "available"),)),),
    components=(
        Row((Button(style=ButtonStyle.LINK, label="Open", url="https://app.plex.tv/auth"),)),
        Row((Menu(custom_id="seasons", options=(Choice(label="Season 1", value="1"),)),)),
    ),
)
COMMANDS: Final = [
    Command(name="link", description="Link your Plex account"),
    Command(
        name="request",
        description="Request a title",
        options=[
            Option(type=OptionType.TEXT, name="title", description="Movie or series", required=True, autocomplete=True),
            Option(type=OptionType.TEXT, name="4k", description="In 4K"),
        ],
        default_member_permissions=0,
    ),
]


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a client. `answers` are given in turn, the last one repeatedly."""

    system: str
    name: str
    make: Callable[[httpx.AsyncClient], Awaitable[object]]
    answers: tuple[Any, ...]


def _calls(
    system: str, client: Callable[[httpx.AsyncClient], Any], calls: Mapping[str, tuple[Callable[[Any], Any], Any]]
) -> list[Call]:
    def one(name: str, invoke: Callable[[Any], Any], answer: Any) -> Call:
        answers = answer if isinstance(answer, tuple) else (answer,)
        return Call(system=system, name=name, make=lambda http: invoke(client(http)), answers=answers)

    return [one(name, invoke, answer) for name, (invoke, answer) in calls.items()]


def plex_tv(http: httpx.AsyncClient) -> PlexTv:
    return PlexTv(http, Upstream("plex.tv"), app=APP)


def plex_server(http: httpx.AsyncClient) -> PlexServer:
    return PlexServer(http, Upstream("Plex attic"), app=APP, url="http://attic:32400", token=TOKEN)


def jellyfin(http: httpx.AsyncClient) -> Jellyfin:
    return Jellyfin(http, Upstream("Jellyfin"), url="http://cellar:8096", device=DEVICE)


def emby(http: httpx.AsyncClient) -> Emby:
    return Emby(http, Upstream("Emby"), url="http://cellar:8097", device=DEVICE)


def trakt(http: httpx.AsyncClient) -> Trakt:
    return Trakt(http, Upstream("Trakt"), client_id="trakt-app", client_secret=TOKEN)


def discord(http: httpx.AsyncClient) -> Discord:
    return Discord(http, Upstream("Discord"), application_id="1001", bot_token=TOKEN, limits=Limits())


def seerr(http: httpx.AsyncClient) -> Seerr:
    return Seerr(http, Upstream("Seerr"), url="http://seerr:5055", api_key=TOKEN)


_PIN: Final = {"id": 11, "code": "abcd", "expiresAt": "2026-11-21T12:30:00Z", "expiresIn": 1800, "authToken": None}
_PAGE: Final = {"MediaContainer": {"size": 1, "totalSize": 1, "Metadata": [PLEX_ITEM]}}
_CODE: Final = {"Secret": "qc-secret", "Code": "123456", "Authenticated": True}
_USER: Final = {"Name": "anna", "Id": UUID}
_SETTINGS: Final = {"discordId": "1", "emailEnabled": True}

CALLS: Final = [
    *_calls(
        "plex_tv",
        plex_tv,
        {
            "create_pin": (lambda client: client.create_pin(strong=True), _PIN),
            "check_pin": (lambda client: client.check_pin(11), _PIN),
            "account": (lambda client: client.account(TOKEN), {"id": 1, "uuid": UUID, "username": "anna"}),
            "resources": (lambda client: client.resources(TOKEN), []),
            "count_shares": (
                lambda client: client.count_shares(TOKEN, machine_id="m1"),
                b'<MediaContainer size="1"><SharedServer id="1" username="anna"/></MediaContainer>',
            ),
            "webhooks": (lambda client: client.webhooks(TOKEN), [{"url": "https://tautulli.example.org/hook"}]),
            "replace_webhooks": (lambda client: client.replace_webhooks(TOKEN, [TOKEN]), []),
            "ping": (lambda client: client.ping(TOKEN), {"pong": True}),
        },
    ),
    *_calls(
        "plex_server",
        plex_server,
        {
            "identity": (
                lambda client: client.identity(),
                {"MediaContainer": {"machineIdentifier": "m1", "version": "1.43.0", "claimed": True}},
            ),
            "libraries": (lambda client: client.libraries(), {"MediaContainer": {"size": 0}}),
            "items": (lambda client: client.items("2", kind="episode"), _PAGE),
            "recently_added": (lambda client: client.recently_added(), _PAGE),
            "sessions": (lambda client: client.sessions(), {"MediaContainer": {"size": 0}}),
            "search": (lambda client: client.search("the matrix"), {"MediaContainer": {"size": 0}}),
        },
    ),
    *_calls(
        "jellyfin",
        jellyfin,
        {
            "public_server": (lambda client: client.public_server(), {"Id": "s1", "Version": "10.11.8"}),
            "sign_in": (lambda client: client.sign_in(username="anna", password=TOKEN), SIGNED_IN),
            "start_quick_connect": (lambda client: client.start_quick_connect(), _CODE),
            "is_approved": (lambda client: client.is_approved(Secret("qc-secret")), _CODE),
            "finish_quick_connect": (lambda client: client.finish_quick_connect(TOKEN), SIGNED_IN),
            "me": (lambda client: client.me(TOKEN), _USER),
            "users": (lambda client: client.users(TOKEN), [_USER]),
            "sign_out": (lambda client: client.sign_out(TOKEN), None),
        },
    ),
    *_calls(
        "emby",
        emby,
        {
            "public_server": (lambda client: client.public_server(), {"Id": "s1", "Version": "4.9.1.0"}),
            "sign_in": (lambda client: client.sign_in(username="anna", password=TOKEN), SIGNED_IN),
            "user": (lambda client: client.user(UUID, TOKEN), _USER),
            "users": (lambda client: client.users(TOKEN), {"Items": [_USER], "TotalRecordCount": 1}),
            "sign_out": (lambda client: client.sign_out(TOKEN), None),
        },
    ),
    *_calls(
        "trakt",
        trakt,
        {
            "device_code": (
                lambda client: client.device_code(),
                {
                    "device_code": "d1",
                    "user_code": "5055CC52",
                    "verification_url": "https://trakt.tv/activate",
                    "expires_in": 600,
                    "interval": 5,
                },
            ),
            "device_token": (lambda client: client.device_token(TOKEN), TRAKT_TOKENS),
            "refresh": (lambda client: client.refresh(TOKEN), TRAKT_TOKENS),
            "revoke": (lambda client: client.revoke(TOKEN), None),
            "account": (
                lambda client: client.account(TOKEN),
                {"user": {"username": "anna", "ids": {"slug": "anna", "uuid": "u1"}}},
            ),
        },
    ),
    *_calls(
        "discord",
        discord,
        {
            "edit_original": (lambda client: client.edit_original(Secret("reply-token"), MESSAGE), {"id": "1"}),
            "follow_up": (lambda client: client.follow_up(Secret("reply-token"), MESSAGE), {"id": "1"}),
            "is_waiting": (lambda client: client.is_waiting(Secret("reply-token")), {"id": "1", "flags": 192}),
            "application": (lambda client: client.application(), {"id": "1", "verify_key": "ab" * 32}),
            "direct_channel": (lambda client: client.direct_channel("42"), {"id": "1"}),
            "post": (lambda client: client.post("43", MESSAGE, cause="event-1"), {"id": "1"}),
            "send_direct_message": (
                lambda client: client.send_direct_message("42", MESSAGE, cause="event-1"),
                {"id": "1"},
            ),
            "commands": (lambda client: client.commands(guild_id="77"), []),
            "overwrite_commands": (lambda client: client.overwrite_commands(COMMANDS), []),
        },
    ),
    *_calls(
        "seerr",
        seerr,
        {
            "status": (lambda client: client.status(), {"version": "3.1.0", "commitTag": "f74306ed"}),
            "public_settings": (lambda client: client.public_settings(), {"mediaServerType": 1}),
            "dialect": (lambda client: client.dialect(), ({"version": "3.1.0"}, {"mediaServerType": 1})),
            "me": (lambda client: client.me(), SEERR_USER),
            "request_counts": (lambda client: client.request_counts(), {"total": 1}),
            "users": (lambda client: client.users(), {"pageInfo": {"results": 1}, "results": [SEERR_USER]}),
            "all_users": (lambda client: client.all_users(), {"pageInfo": {"results": 1}, "results": [SEERR_USER]}),
            "user": (lambda client: client.user(7), SEERR_USER),
            "create_local_user": (
                lambda client: client.create_local_user(username="anna", password=TOKEN, email="a@example.org"),
                SEERR_USER,
            ),
            "import_from_plex": (lambda client: client.import_from_plex([139113761]), [SEERR_USER]),
            "import_from_jellyfin": (lambda client: client.import_from_jellyfin([UUID]), [SEERR_USER]),
            "check_plex_import": (lambda client: client.check_plex_import(), []),
            "jellyfin_candidates": (lambda client: client.jellyfin_candidates(), [{"id": UUID}]),
            "try_to_write": (lambda client: client.try_to_write(), []),
            "plex_machine_id": (lambda client: client.plex_machine_id(), {"machineId": "m1"}),
            "jellyfin_server_id": (lambda client: client.jellyfin_server_id(), {"serverId": "s1"}),
            "notification_settings": (lambda client: client.notification_settings(7), _SETTINGS),
            "save_notification_settings": (
                lambda client: client.save_notification_settings(7, {"discordId": "42"}),
                _SETTINGS,
            ),
            "write_discord_id": (
                lambda client: client.write_discord_id(7, "42", dialect=Dialect.SEERR),
                _SETTINGS,
            ),
            "remove_discord_id": (
                lambda client: client.remove_discord_id(7, "1", dialect=Dialect.SEERR),
                _SETTINGS,
            ),
            "give_plex_token": (lambda client: client.give_plex_token(TOKEN), SEERR_USER),
        },
    ),
]

CLIENTS: Final = {
    "plex_tv": PlexTv,
    "plex_server": PlexServer,
    "jellyfin": Jellyfin,
    "emby": Emby,
    "trakt": Trakt,
    "discord": Discord,
    "seerr": Seerr,
}


class Recorder:
    """Any server: gives the answers of a call, and records its requests."""

    def __init__(self, call: Call) -> None:
        self.asked: list[httpx.Request] = []
        self._answers = list(call.answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, bytes):
            return httpx.Response(200, content=answer, headers={"Content-Type": "application/xml"})
        return httpx.Response(204) if answer is None else httpx.Response(200, json=answer)


def over(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.AsyncClient:
    """Return an HTTP client whose every request is answered here."""
    return httpx.AsyncClient(transport=httpx.MockTransport(answer))
