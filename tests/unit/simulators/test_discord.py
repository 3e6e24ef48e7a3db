from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from simulators.determinism import Clock
from simulators.discord.app import Discord
from simulators.discord.interactions import DiscordApp, Person
from simulators.discord.refusals import RefusedError

NOW: Final = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
AGENT: Final = "DiscordBot (https://usher.example, 1)"
ANNA: Final = Person(id="80351110224678912", name="anna", guild_id="197038439483310086")
DEFERRED: Final = {"type": 5, "data": {"flags": 64}}


@pytest.fixture
def discord() -> Discord:
    discord = Discord(clock=Clock(NOW))
    discord.people[ANNA.id] = ANNA.name
    discord.guilds.add(ANNA.guild_id or "")
    return discord


def client(discord: Discord, *, token: str | None = None, agent: str = AGENT) -> httpx.AsyncClient:
    headers = {"User-Agent": agent, "Authorization": f"Bot {discord.app.bot_token if token is None else token}"}
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(discord), base_url="https://discord.com/api/v10", headers=headers
    )


def path_of(discord: Discord, interaction: dict[str, Any]) -> str:
    return f"/webhooks/{discord.app.id}/{interaction['token']}/messages/@original"


def sent(discord: Discord) -> dict[str, Any]:
    interaction = discord.app.command(ANNA, "link")
    discord.interactions.send(interaction)
    return interaction


def test_a_signature_is_good_for_its_body_and_time_only(discord: Discord) -> None:
    headers, body = discord.app.signed(discord.app.ping())
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(discord.app.public_key))
    signature, timestamp = bytes.fromhex(headers["X-Signature-Ed25519"]), headers["X-Signature-Timestamp"].encode()

    key.verify(signature, timestamp + body)
    for other in (timestamp + body + b" ", b"1" + timestamp + body):
        with pytest.raises(InvalidSignature):
            key.verify(signature, other)


def test_an_old_request_has_an_old_timestamp(discord: Discord) -> None:
    headers, _ = discord.app.signed(discord.app.ping(), ago=timedelta(minutes=6))

    assert headers["X-Signature-Timestamp"] == str(int(NOW.timestamp()) - 360)


def test_interactions_say_who_where_and_what(discord: Discord) -> None:
    app = discord.app
    direct = msgspec.structs.replace(ANNA, guild_id=None)
    options = app.command(ANNA, "request", {"title": "movie:603", "season": 1, "4k": True})["data"]["options"]
    typed = app.autocomplete(ANNA, "request", {"title": "mat"}, focused="title")

    assert [(each["name"], each["type"]) for each in options] == [("title", 3), ("season", 4), ("4k", 5)]
    assert (typed["type"], typed["data"]["options"][0]["focused"]) == (4, True)
    assert app.command(ANNA, "link")["member"]["user"]["id"] == ANNA.id
    assert (app.command(direct, "link")["user"]["id"], "member" in app.command(direct, "link")) == (ANNA.id, False)
    assert app.modal(ANNA, "reason", {"text": "no"})["data"]["components"][0]["component"]["value"] == "no"


def test_the_key_and_the_ids_are_the_same_in_every_run() -> None:
    assert DiscordApp(Clock(NOW)).public_key == DiscordApp(Clock(NOW)).public_key
    assert DiscordApp(Clock(NOW)).id == DiscordApp(Clock(NOW)).id


async def test_a_deferred_reply_is_edited_and_stays_private(discord: Discord) -> None:
    interaction = sent(discord)
    discord.answered(interaction["token"], DEFERRED)
    edited = await client(discord, token="none").patch(path_of(discord, interaction), json={"content": "Hello"})
    again = await client(discord).patch(path_of(discord, interaction), json={"embeds": [{"title": "Hi"}]})

    assert (edited.status_code, edited.json()["content"], edited.json()["flags"]) == (200, "Hello", 64)
    assert (again.json()["content"], again.json()["embeds"]) == ("Hello", [{"type": "rich", "title": "Hi"}])


@pytest.mark.parametrize(("after", "status"), [(timedelta(minutes=15), 200), (timedelta(minutes=15, seconds=1), 404)])
async def test_a_token_lives_for_fifteen_minutes(discord: Discord, after: timedelta, status: int) -> None:
    interaction = sent(discord)
    discord.answered(interaction["token"], DEFERRED)
    discord.clock.advance(after)
    response = await client(discord).patch(path_of(discord, interaction), json={"content": "Hello"})

    assert response.status_code == status
    assert response.json().get("code") == (10015 if status == 404 else None)


async def test_nothing_can_be_edited_before_it_was_acknowledged(discord: Discord) -> None:
    interaction = sent(discord)
    early = await client(discord).patch(path_of(discord, interaction), json={"content": "Hello"})
    unknown = await client(discord).patch(f"/webhooks/{discord.app.id}/unknown/messages/@original", json={})

    assert [(each.status_code, each.json()["code"]) for each in (early, unknown)] == [(404, 10015), (404, 10015)]


async def test_an_interaction_is_acknowledged_once_and_within_three_seconds(discord: Discord) -> None:
    first, late = sent(discord), sent(discord)
    path = f"/interactions/{first['id']}/{first['token']}/callback"
    codes = [await client(discord).post(path, json=DEFERRED) for _ in range(2)]
    discord.clock.advance(timedelta(seconds=3.1))

    assert [each.status_code for each in codes] == [204, 400]
    assert codes[1].json()["code"] == 40060
    with pytest.raises(RefusedError):
        discord.answered(late["token"], DEFERRED)


@pytest.mark.parametrize("callback", [{"type": 8, "data": {"choices": []}}, {"type": 1}, {}, [], {"type": "5"}])
def test_an_answer_of_the_wrong_kind_is_refused(discord: Discord, callback: object) -> None:
    interaction = sent(discord)

    with pytest.raises(RefusedError):
        discord.answered(interaction["token"], callback)


@pytest.mark.parametrize(
    "body",
    [
        {"content": "x" * 2001},
        {"content": ["x"]},
        {"embeds": [{"title": "x"}] * 11},
        {"embeds": [{"title": "x" * 257}]},
        {"embeds": [{"description": "x" * 4097}]},
        {"embeds": [{"description": "x" * 4000}, {"description": "x" * 2001}]},
        {"embeds": [{"fields": [{"name": "a", "value": "b"}] * 26}]},
        {"embeds": [{"fields": [{"name": "", "value": "b"}]}]},
        {"components": [{"type": 1, "components": []}] * 6},
        {"components": [{"type": 2, "custom_id": "a", "label": "a"}]},
        {"components": [{"type": 1, "components": [{"type": 2, "style": 1, "label": "a", "custom_id": "x" * 101}]}]},
        {"components": [{"type": 1, "components": [{"type": 2, "style": 5, "label": "a"}]}]},
        {"components": [{"type": 1, "components": [{"type": 2, "style": 1, "custom_id": "a"}]}]},
        {"components": [{"type": 1, "components": [{"type": 2, "style": 1, "label": "a", "custom_id": "a"}] * 2}]},
        {"components": [{"type": 1, "components": [{"type": 2, "style": 5, "label": "a", "url": "h" * 513}]}]},
        {
            "components": [
                {
                    "type": 1,
                    "components": [{"type": 3, "custom_id": "a", "options": [{"label": "a", "value": "a"}] * 26}],
                }
            ]
        },
        {
            "components": [
                {
                    "type": 1,
                    "components": [{"type": 3, "custom_id": "a", "options": [{"label": "a", "value": "a"}] * 2}],
                }
            ]
        },
        {"content": "x", "flags": 1 << 15},
    ],
)
async def test_a_message_over_the_limits_is_refused(discord: Discord, body: dict[str, Any]) -> None:
    interaction = sent(discord)
    discord.answered(interaction["token"], DEFERRED)
    response = await client(discord).patch(path_of(discord, interaction), json=body)

    assert (response.status_code, response.json()["code"]) == (400, 50035)


async def test_a_direct_message_arrives_once_for_one_nonce(discord: Discord) -> None:
    bot = client(discord)
    channel = (await bot.post("/users/@me/channels", json={"recipient_id": ANNA.id})).json()
    same = (await bot.post("/users/@me/channels", json={"recipient_id": ANNA.id})).json()
    body = {"content": "Linked", "nonce": "n1", "enforce_nonce": True}
    posted = [(await bot.post(f"/channels/{channel['id']}/messages", json=body)).json()["id"] for _ in range(2)]

    assert (channel["type"], channel["id"]) == (1, same["id"])
    assert posted[0] == posted[1]
    assert [each["content"] for each in discord.direct_messages(ANNA.id)] == ["Linked"]


async def test_people_who_take_no_messages_strangers_and_unknown_channels(discord: Discord) -> None:
    bot = client(discord)
    discord.closed_to_messages.add(ANNA.id)
    channel = (await bot.post("/users/@me/channels", json={"recipient_id": ANNA.id})).json()["id"]
    answers = [
        await bot.post(f"/channels/{channel}/messages", json={"content": "Hello"}),
        await bot.post("/users/@me/channels", json={"recipient_id": "1"}),
        await bot.post("/channels/1/messages", json={"content": "Hello"}),
    ]

    assert [(each.status_code, each.json()["code"]) for each in answers] == [(403, 50007), (400, 50033), (404, 10003)]


async def test_an_empty_message_is_refused(discord: Discord) -> None:
    discord.channels["7"] = None
    response = await client(discord).post("/channels/7/messages", json={"content": ""})

    assert (response.status_code, response.json()["code"]) == (400, 50006)


async def test_a_bucket_is_empty_after_its_calls_and_full_again_later(discord: Discord) -> None:
    discord.channels |= {"7": None, "8": None}
    bot = client(discord)
    answers = [await bot.post("/channels/7/messages", json={"content": "x"}) for _ in range(6)]
    other = await bot.post("/channels/8/messages", json={"content": "x"})
    discord.clock.advance(timedelta(seconds=5))
    later = await bot.post("/channels/7/messages", json={"content": "x"})

    assert [each.status_code for each in answers] == [200] * 5 + [429]
    assert [each.headers["X-RateLimit-Remaining"] for each in answers] == ["4", "3", "2", "1", "0", "0"]
    assert (answers[5].json()["retry_after"], answers[5].json()["global"]) == (5.0, False)
    assert (answers[5].headers["Retry-After"], answers[5].headers["X-RateLimit-Scope"]) == ("5", "user")
    assert (other.status_code, later.status_code) == (200, 200)
    assert other.headers["X-RateLimit-Bucket"] == answers[0].headers["X-RateLimit-Bucket"]


async def test_the_bot_has_a_limit_over_all_its_calls_but_not_over_replies() -> None:
    discord = Discord(clock=Clock(NOW), per_second=2)
    discord.channels |= {str(number): None for number in range(3)}
    bot = client(discord)
    answers = [await bot.post(f"/channels/{number}/messages", json={"content": "x"}) for number in range(3)]
    interaction = sent(discord)
    discord.answered(interaction["token"], DEFERRED)
    reply = await bot.patch(path_of(discord, interaction), json={"content": "x"})

    assert [each.status_code for each in answers] == [200, 200, 429]
    assert (answers[2].json()["global"], answers[2].headers["X-RateLimit-Global"]) == (True, "true")
    assert reply.status_code == 200


async def test_too_many_invalid_answers_end_in_a_ban_without_json() -> None:
    discord = Discord(clock=Clock(NOW), invalid_limit=3)
    wrong = client(discord, token="wrong")
    statuses = [(await wrong.get("/users/@me")).status_code for _ in range(3)]
    banned = await client(discord).get("/users/@me")
    discord.clock.advance(timedelta(minutes=10))
    free = await client(discord).get("/users/@me")

    assert statuses == [401, 401, 401]
    assert (banned.status_code, banned.text, free.status_code) == (429, "error code: 1015", 200)


async def test_a_nameless_client_is_blocked(discord: Discord) -> None:
    response = await client(discord, agent="python-httpx/0.28").get("/users/@me")

    assert (response.status_code, response.json()["code"], discord.limits.invalid) == (403, 40333, 1)


async def overwrite(discord: Discord, commands: Sequence[object], *, guild: str = "") -> httpx.Response:
    place = f"/guilds/{guild}" if guild else ""
    return await client(discord).put(f"/applications/{discord.app.id}{place}/commands", json=commands)


async def test_commands_are_replaced_as_a_whole_and_keep_their_ids(discord: Discord) -> None:
    link, help_ = {"name": "link", "description": "Link"}, {"name": "help", "description": "Help"}
    first = (await overwrite(discord, [link, help_])).json()
    second = (await overwrite(discord, [{**link, "description": "Link an account"}])).json()
    guild = (await overwrite(discord, [help_], guild=ANNA.guild_id or "")).json()
    listed = (await client(discord).get(f"/applications/{discord.app.id}/commands")).json()

    assert [each["name"] for each in listed] == ["link"]
    assert (first[0]["id"], first[0]["version"] == second[0]["version"]) == (second[0]["id"], False)
    assert guild[0]["guild_id"] == ANNA.guild_id


@pytest.mark.parametrize(
    "command",
    [
        {"name": "Link", "description": "x"},
        {"name": "li nk", "description": "x"},
        {"name": "x" * 33, "description": "x"},
        {"name": "link"},
        {"name": "link", "description": "x" * 101},
        {"name": "link", "description": "x", "options": [{"name": "a", "description": "x", "type": 3}] * 26},
        {"name": "link", "description": "x", "options": [{"name": "a", "description": "x", "type": 12}]},
        {
            "name": "link",
            "description": "x",
            "options": [
                {"name": "a", "description": "x", "type": 3},
                {"name": "b", "description": "x", "type": 3, "required": True},
            ],
        },
        {"name": "link", "description": "x", "name_localizations": {"de": "Verbinden"}},
        "link",
    ],
)
async def test_a_command_against_the_rules_changes_nothing(discord: Discord, command: object) -> None:
    response = await overwrite(discord, [{"name": "help", "description": "Help"}, command])

    assert (response.status_code, response.json()["code"], discord.commands.listed("")) == (400, 50035, [])


async def test_two_hundred_new_commands_a_day_are_the_most(discord: Discord) -> None:
    first = [{"name": f"c{number}", "description": "x"} for number in range(100)]
    second = [{"name": f"d{number}", "description": "x"} for number in range(100)]
    answers = [await overwrite(discord, each) for each in (first, second, first)]
    same = await overwrite(discord, second)

    assert [each.status_code for each in answers] == [200, 200, 400]
    assert (answers[2].json()["code"], same.status_code) == (30034, 200)


async def test_only_its_own_commands_in_guilds_where_it_is(discord: Discord) -> None:
    other = await client(discord).get("/applications/1/commands")
    away = await overwrite(discord, [], guild="1")

    assert [(each.status_code, each.json()["code"]) for each in (other, away)] == [(403, 20012), (403, 50001)]
