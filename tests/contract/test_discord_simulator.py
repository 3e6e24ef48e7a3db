"""Discord's stand-in against Discord's description."""

from typing import Any, Final

import httpx
import pytest

from simulators.discord.app import PREFIX, Discord
from simulators.discord.interactions import Person
from tests.contract.openapi import nameless, spec
from tests.documents import needs_specs

pytestmark = needs_specs

DESCRIPTION: Final = "discord-openapi.json"
ANNA: Final = Person(id="80351110224678912", name="anna", guild_id="197038439483310086", roles=("41771983423143936",))
MESSAGE: Final = {
    "content": "Hello",
    "embeds": [{"title": "The Matrix", "description": "1999", "fields": [{"name": "Rating", "value": "8.7"}]}],
    "components": [
        {
            "type": 1,
            "components": [
                {"type": 2, "style": 1, "label": "Request", "custom_id": "request:603"},
                {"type": 2, "style": 5, "label": "Open", "url": "https://example.com"},
            ],
        },
        {
            "type": 1,
            "components": [
                {"type": 3, "custom_id": "seasons", "options": [{"label": "Season 1", "value": "1"}], "max_values": 1}
            ],
        },
    ],
}
LAYOUT: Final = {
    "flags": 1 << 15,
    "components": [
        {
            "type": 17,
            "accent_color": 0xE5A00D,
            "components": [
                {"type": 10, "content": "### The Matrix"},
                {
                    "type": 9,
                    "components": [{"type": 10, "content": "1999"}],
                    "accessory": {"type": 11, "media": {"url": "https://example.com/a.png"}},
                },
                {"type": 14, "divider": True, "spacing": 1},
                {"type": 12, "items": [{"media": {"url": "https://example.com/b.png"}}]},
                {"type": 1, "components": [{"type": 2, "style": 1, "label": "Request", "custom_id": "request:603"}]},
            ],
        }
    ],
}
COMMANDS: Final = [
    {
        "name": "request",
        "description": "Request a title",
        "name_localizations": {"de": "anfragen"},
        "default_member_permissions": 8,
        "contexts": [0],
        "options": [
            {"name": "title", "description": "What", "type": 3, "required": True, "autocomplete": True},
            {"name": "4k", "description": "In 4K", "type": 5},
        ],
    }
]


@pytest.fixture
def discord() -> Discord:
    discord = Discord()
    discord.people[ANNA.id] = ANNA.name
    discord.guilds.add(ANNA.guild_id or "")
    return discord


def client(discord: Discord, *, token: str | None = None) -> httpx.AsyncClient:
    headers = {
        "User-Agent": "DiscordBot (https://usher.example, 1)",
        "Authorization": f"Bot {discord.app.bot_token if token is None else token}",
    }
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(discord), base_url=f"https://discord.com{PREFIX}", headers=headers
    )


def webhook(discord: Discord, *, acknowledged: bool = True) -> str:
    interaction = discord.app.command(ANNA, "link")
    discord.interactions.send(interaction)
    if acknowledged:
        discord.answered(interaction["token"], {"type": 5})
    return f"/webhooks/{discord.app.id}/{interaction['token']}"


def faults(operation: str, response: httpx.Response) -> list[str]:
    """Leave out inner errors: their codes are words, but numbers in the description."""
    body = response.json()
    if isinstance(body, dict):
        body.pop("errors", None)
    return spec(DESCRIPTION).problems(operation, response.status_code, body)


def test_every_route_is_described(discord: Discord) -> None:
    assert nameless(discord.routes, without=PREFIX) <= spec(DESCRIPTION).operations


async def test_an_application_and_a_promise_are_as_described(discord: Discord) -> None:
    application = await client(discord).get("/applications/@me")
    promised = await client(discord).get(f"{webhook(discord)}/messages/@original")

    assert [application.status_code, promised.status_code] == [200, 200]
    assert faults("GET /applications/@me", application) == []
    assert faults("GET /webhooks/{webhook_id}/{webhook_token}/messages/@original", promised) == []
    assert promised.json()["flags"] & 128


async def test_replies_are_as_described(discord: Discord) -> None:
    path = webhook(discord)
    original = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"
    edited = await client(discord).patch(f"{path}/messages/@original", json=MESSAGE)
    got = await client(discord).get(f"{path}/messages/@original")
    followed = await client(discord).post(path, json=MESSAGE)

    assert [edited.status_code, got.status_code, followed.status_code] == [200, 200, 200]
    assert faults(f"PATCH {original}", edited) == []
    assert faults(f"GET {original}", got) == []
    assert faults("POST /webhooks/{webhook_id}/{webhook_token}", followed) == []


async def test_a_message_made_of_components_is_as_described(discord: Discord) -> None:
    posted = await client(discord).post(webhook(discord), json=LAYOUT)

    assert posted.status_code == 200
    assert faults("POST /webhooks/{webhook_id}/{webhook_token}", posted) == []


async def test_direct_messages_are_as_described(discord: Discord) -> None:
    channel = await client(discord).post("/users/@me/channels", json={"recipient_id": ANNA.id})
    posted = await client(discord).post(f"/channels/{channel.json()['id']}/messages", json={**MESSAGE, "nonce": "n"})

    assert (channel.status_code, posted.status_code) == (200, 200)
    assert faults("POST /users/@me/channels", channel) == []
    assert faults("POST /channels/{channel_id}/messages", posted) == []


@pytest.mark.parametrize("place", ["", "/guilds/{guild_id}"])
async def test_commands_are_as_described(discord: Discord, place: str) -> None:
    path = f"/applications/{discord.app.id}{place.format(guild_id=ANNA.guild_id)}/commands"
    operation = f"/applications/{{application_id}}{place}/commands"
    put = await client(discord).put(path, json=COMMANDS)
    listed = await client(discord).get(path)

    assert (put.status_code, listed.status_code) == (200, 200)
    assert faults(f"PUT {operation}", put) == []
    assert faults(f"GET {operation}", listed) == []


async def test_the_bot_is_as_described(discord: Discord) -> None:
    assert faults("GET /users/@me", await client(discord).get("/users/@me")) == []


async def test_errors_are_as_described(discord: Discord) -> None:
    original = "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original"
    open_, waiting = webhook(discord), webhook(discord, acknowledged=False)
    bot = client(discord)
    answers = [
        (original, await bot.patch(f"{waiting}/messages/@original", json=MESSAGE)),
        (original, await bot.patch(f"{open_}/messages/@original", json={"content": "x" * 2001})),
        ("GET /users/@me", await client(discord, token="wrong").get("/users/@me")),
        ("POST /channels/{channel_id}/messages", await bot.post("/channels/1/messages", json=MESSAGE)),
    ]
    for _ in range(5):
        answers[4:] = [(original, await bot.patch(f"{open_}/messages/@original", json=MESSAGE))]

    assert [answer.status_code for _, answer in answers] == [404, 400, 401, 404, 429]
    assert [faults(operation, answer) for operation, answer in answers] == [[]] * 5


def parts(interaction: dict[str, Any]) -> list[tuple[str, Any]]:
    """Inbound interactions are not described as a whole; only their parts are."""
    found = [("UserResponse", interaction["user"])] if "user" in interaction else []
    if "member" in interaction:
        member = dict(interaction["member"])
        member.pop("permissions")
        found += [("UserResponse", member["user"]), ("GuildMemberResponse", {**member, "mute": False, "deaf": False})]
    if "message" in interaction:
        found.append(("MessageResponse", interaction["message"]))
    found.append(("InteractionTypes", interaction["type"]))
    return [*found, ("SnowflakeType", interaction["id"]), ("SnowflakeType", interaction["application_id"])]


async def test_interactions_are_made_of_what_is_described(discord: Discord) -> None:
    message = (await client(discord).patch(f"{webhook(discord)}/messages/@original", json=MESSAGE)).json()
    app, direct = discord.app, Person(id=ANNA.id, name="anna")
    interactions = [
        app.ping(),
        app.command(ANNA, "request", {"title": "movie:603", "4k": True}),
        app.command(direct, "link"),
        app.autocomplete(ANNA, "request", {"title": "mat"}, focused="title"),
        app.button(ANNA, "request:603", message=message),
        app.select(ANNA, "seasons", ["1"], message=message),
        app.modal(ANNA, "decline:1", {"reason": "no", "season": ["1"]}, message=message),
    ]
    found = [
        (schema, problem)
        for interaction in interactions
        for schema, part in parts(interaction)
        for problem in spec(DESCRIPTION).faults(spec(DESCRIPTION).schema(schema), part)
    ]

    assert found == []


def test_a_false_answer_is_noticed() -> None:
    operation = "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original"

    assert spec(DESCRIPTION).problems(operation, 200, {"content": "x"}) != []
    assert spec(DESCRIPTION).problems(operation, 404, {"message": "x"}) != []
