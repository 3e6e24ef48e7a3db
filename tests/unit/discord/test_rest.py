"""Discord's REST API: what is sent, what its refusals mean, and that nothing is sent while it asks to wait."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.clients.errors import CredentialRefusedError
from shared.discord.command_format import Command
from shared.discord.components import Button, ButtonStyle, Row
from shared.discord.messages import Embed, Message
from shared.discord.problems import ClosedToMessagesError, ReplyExpiredError
from shared.discord.rate_limits import Limits
from shared.discord.rest import Discord, nonce
from shared.http.calls import FailingError, RateLimitedError, RefusedError
from shared.http.upstream import Upstream
from shared.schemas.secret import Secret
from tests.unit.clients.scripted import Scripted, good, page

REPLY = Secret("reply-token")
DONE = Message(content="Done")


def discord(server: Scripted, limits: Limits | None = None) -> Discord:
    return Discord(
        server.http,
        Upstream("Discord"),
        application_id="1001",
        bot_token=Secret("bot-token"),
        limits=limits or Limits(),
    )


def refused(status: int, code: int, **body: Any) -> httpx.Response:
    return good({"code": code, "message": "no", **body}, status)


async def test_a_reply_is_edited_by_its_own_token_and_not_by_the_bots() -> None:
    server = Scripted(good({"id": "1"}))

    await discord(server).edit_original(REPLY, DONE)

    assert server.last.method == "PATCH"
    assert str(server.last.url) == "https://discord.com/api/v10/webhooks/1001/reply-token/messages/@original"
    assert "Authorization" not in server.last.headers
    assert server.last.headers["User-Agent"].startswith(
        "DiscordBot (https://discord.com/developers/applications/1001, "
    )


@pytest.mark.parametrize(("flags", "waits"), [(128, True), (192, True), (64, False), (0, False)])
async def test_a_promise_is_told_from_a_reply(flags: int, *, waits: bool) -> None:
    assert await discord(Scripted(good({"id": "1", "flags": flags}))).is_waiting(REPLY) is waits


async def test_commands_are_read_with_their_translations() -> None:
    server = Scripted(good([]))

    await discord(server).commands()

    assert server.last.url.params["with_localizations"] == "true"


async def test_an_edit_empties_what_it_leaves_out_and_alerts_nobody() -> None:
    server = Scripted(good({"id": "1"}))

    await discord(server).edit_original(REPLY, DONE)

    assert server.body == {
        "content": "Done",
        "embeds": [],
        "components": [],
        "allowed_mentions": {"parse": [], "users": []},
    }


async def test_components_say_what_they_are() -> None:
    server = Scripted(good({"id": "1"}))
    row = Row((Button(style=ButtonStyle.LINK, label="Open Plex", url="https://app.plex.tv/auth"),))

    await discord(server).edit_original(REPLY, Message(embeds=(Embed(title="Heat"),), components=(row,)))

    assert server.body["embeds"] == [{"title": "Heat"}]
    assert server.body["components"] == [
        {"type": 1, "components": [{"type": 2, "style": 5, "label": "Open Plex", "url": "https://app.plex.tv/auth"}]}
    ]


async def test_a_token_stays_one_part_of_the_path() -> None:
    server = Scripted(good({"id": "1"}))

    await discord(server).edit_original(Secret("a/../b"), DONE)

    assert server.last.url.raw_path == b"/api/v10/webhooks/1001/a%2F..%2Fb/messages/@original"


@pytest.mark.parametrize(("status", "code"), [(404, 10015), (404, 10008), (404, 10062), (401, 50027)])
async def test_a_reply_that_is_over_goes_elsewhere(status: int, code: int) -> None:
    with pytest.raises(ReplyExpiredError, match=str(code)):
        await discord(Scripted(refused(status, code))).edit_original(REPLY, DONE)


async def test_a_direct_message_goes_to_the_persons_channel_once() -> None:
    server = Scripted(good({"id": "55", "type": 1}), good({"id": "99"}))

    message_id = await discord(server).send_direct_message("42", DONE, cause="event-1")

    assert message_id == "99"
    assert [request.url.path for request in server.asked] == [
        "/api/v10/users/@me/channels",
        "/api/v10/channels/55/messages",
    ]
    assert server.asked[0].content == b'{"recipient_id":"42"}'
    assert server.body["nonce"] == nonce("event-1")
    assert server.body["enforce_nonce"] is True
    assert server.last.headers["Authorization"] == "Bot bot-token"


def test_one_cause_is_one_nonce_that_discord_takes() -> None:
    assert nonce("event-1") == nonce("event-1") != nonce("event-2")
    assert len(nonce("event-1" * 100)) <= 25


@pytest.mark.parametrize("code", [50007, 50278])
async def test_a_person_who_wants_no_messages_is_told_from_other_refusals(code: int) -> None:
    with pytest.raises(ClosedToMessagesError, match=str(code)):
        await discord(Scripted(refused(403, code))).send_direct_message("42", DONE, cause="event-1")


async def test_a_bad_form_says_what_is_wrong_with_it() -> None:
    answer = refused(400, 50035, message="Invalid Form Body\x00", errors={"content": {}})

    with pytest.raises(RefusedError, match=r"Invalid Form Body \(50035\)"):
        await discord(Scripted(answer)).post("1", DONE, cause="c")


async def test_a_wrong_bot_token_is_a_refused_credential() -> None:
    with pytest.raises(CredentialRefusedError):
        await discord(Scripted(refused(401, 0))).application()


async def test_the_body_of_a_429_is_finer_than_its_header() -> None:
    answer = httpx.Response(429, json={"message": "slow", "retry_after": 0.75}, headers={"Retry-After": "1"})

    with pytest.raises(RateLimitedError) as raised:
        await discord(Scripted(answer)).edit_original(REPLY, DONE)

    assert raised.value.retry_after == timedelta(seconds=0.75)


@pytest.mark.parametrize("body", [b"", b"error code: 1015", b'{"retry_after": -1}', b'{"retry_after": "soon"}'])
async def test_a_429_without_a_body_that_says_so_has_a_header(body: bytes) -> None:
    answer = httpx.Response(429, content=body, headers={"Retry-After": "30"})

    with pytest.raises(RateLimitedError) as raised:
        await discord(Scripted(answer)).edit_original(REPLY, DONE)

    assert raised.value.retry_after == timedelta(seconds=30)


async def test_while_discord_asks_to_wait_nothing_is_sent() -> None:
    server = Scripted(httpx.Response(429, json={"retry_after": 30}))
    client = discord(server)
    with pytest.raises(RateLimitedError):
        await client.post("1", DONE, cause="a")

    with pytest.raises(RateLimitedError) as raised:
        await client.post("1", DONE, cause="b")

    assert raised.value.retry_after is not None
    assert timedelta(seconds=29) < raised.value.retry_after <= timedelta(seconds=30)
    assert len(server.asked) == 1


async def test_the_last_call_of_a_bucket_is_not_overrun() -> None:
    headers = {"X-RateLimit-Bucket": "b", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "5"}
    server = Scripted(httpx.Response(200, json={"id": "1"}, headers=headers))
    client = discord(server)
    await client.edit_original(REPLY, DONE)

    with pytest.raises(RateLimitedError):
        await client.edit_original(REPLY, DONE)

    await client.edit_original(Secret("another-reply"), DONE)
    assert len(server.asked) == 2


async def test_cloudflare_is_not_discord() -> None:
    with pytest.raises(FailingError):
        await discord(Scripted(page(403))).post("1", DONE, cause="a")


@pytest.mark.parametrize(
    ("guild", "path"),
    [
        (None, "/api/v10/applications/1001/commands"),
        ("77", "/api/v10/applications/1001/guilds/77/commands"),
    ],
)
async def test_commands_are_written_to_a_guild_or_globally(guild: str | None, path: str) -> None:
    server = Scripted(good([]))

    await discord(server).overwrite_commands([Command(name="link", description="Link")], guild_id=guild)

    assert (server.last.method, server.last.url.path) == ("PUT", path)
    assert server.body == [{"name": "link", "description": "Link"}]


async def test_registered_commands_are_read_as_ours() -> None:
    registered = {
        "id": "5",
        "application_id": "1001",
        "version": "9",
        "type": 1,
        "name": "link",
        "description": "Link",
        "default_member_permissions": "0",
        "dm_permission": True,
        "nsfw": False,
        "integration_types": [0],
    }

    commands = await discord(Scripted(good([registered]))).commands(guild_id="77")

    assert commands == [Command(name="link", description="Link", default_member_permissions=0)]
