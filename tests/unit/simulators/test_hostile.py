import asyncio
from typing import Any, Final

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulators.asgi import App, Request, Response
from simulators.stage import Stage
from simulators.town import CHANNEL, OWNER, Town

NAMES: Final = (
    *("email", "username", "password", "permissions", "ids", "authToken", "discordId", "notificationTypes"),
    *("content", "embeds", "components", "flags", "fields", "title", "footer", "type", "options", "custom_id", "nonce"),
    *("name", "description", "choices", "recipient_id", "data", "Username", "Pw", "Secret", "client_id", "code"),
    *("plexIds", "jellyfinUserIds", "newPassword", "name_localizations", "author", "value", "allowed_mentions"),
)
JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 30) | st.text(max_size=5) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


def routes(town: Town) -> list[tuple[str, App, str]]:
    apps = {**town.apps(), "stage": Stage(town, "http://127.0.0.1:1")}
    return [(name, app, route) for name, app in apps.items() for route in app.routes]


def addressed(town: Town, path: str) -> str:
    waiting = town.discord.app.command(town.residents[OWNER].discord, "link")
    town.discord.interactions.send(waiting)
    town.discord.answered(waiting["token"], {"type": 5})
    values = {"userId": "2", "application": town.discord.app.id, "token": waiting["token"], "channel": CHANNEL}
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", value)
    return path.replace("{", "").replace("}", "")


def headers(town: Town, name: str) -> dict[str, str]:
    named = {
        "discord": {
            "user-agent": "DiscordBot (https://usher.example, 1)",
            "authorization": f"Bot {town.discord.app.bot_token}",
        },
        "seerr": {"x-api-key": town.seerr.authentication.api_key},
        "plex_tv": {"x-plex-client-identifier": "usher", "accept": "application/json"},
    }
    agent = {"user-agent": "usher/1.0", "content-type": "application/json"}
    return {**agent, **named.get(name, {})}


async def ask(town: Town, name: str, app: App, route: str, *, body: bytes, query: str) -> Response:
    method, path = route.split(" ")
    sent = {"method": method, "path": addressed(town, path), "query_string": query, "headers": headers(town, name)}
    return await app.answer(msgspec.convert({**sent, "body": body}, Request))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(body=JSON, query=st.text("abc=&%+2F?", max_size=12))
def test_whatever_is_sent_is_answered(body: Any, query: str) -> None:
    async def all_answers() -> list[Response]:
        town = Town()
        encoded = msgspec.json.encode(body)
        return [await ask(town, *each, body=encoded, query=query) for each in routes(town)]

    assert all(100 <= response.status < 600 for response in asyncio.run(all_answers()))


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 5000, b"null", b'{"a":' + b"1" * 400 + b"}"])
async def test_what_is_no_json_is_answered_too(body: bytes) -> None:
    town = Town()
    answers = [await ask(town, *each, body=body, query="") for each in routes(town)]

    assert all(100 <= response.status < 600 for response in answers)
