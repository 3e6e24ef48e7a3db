"""Our client of Discord, and our parsing of what it sends, against the stand-in."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from shared.clients.errors import CredentialRefusedError
from shared.discord.command_format import is_registered
from shared.discord.interactions import Clicked, CommandCalled, Ping, Submitted, Typing
from shared.discord.messages import Message
from shared.discord.parsing import parse
from shared.discord.problems import ClosedToMessagesError, ReplyExpiredError
from shared.discord.rate_limits import Limits
from shared.discord.responses import Response, deferred, shown
from shared.discord.rest import Discord
from shared.discord.signature import verify_signature
from shared.http.calls import RateLimitedError, RefusedError
from shared.http.upstream import Upstream
from shared.schemas.secret import Secret
from simulators.determinism import Clock
from simulators.discord.app import Discord as StandIn
from simulators.discord.interactions import ADMINISTRATOR, Person
from simulators.serving import serving
from tests.catalogue import COMMANDS, MESSAGE

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ANNA = Person(id="1042", name="anna", guild_id="77", roles=("7",), permissions=ADMINISTRATOR, locale="de")


@pytest.fixture
def stand_in() -> StandIn:
    stand_in = StandIn(clock=Clock(NOON))
    stand_in.people["1042"] = "anna"
    stand_in.guilds.add("77")
    return stand_in


@pytest.fixture
async def url(stand_in: StandIn) -> AsyncIterator[str]:
    async with serving(stand_in) as address:
        yield f"{address}/api/v10"


def client(http: httpx.AsyncClient, url: str, stand_in: StandIn, *, bot_token: str | None = None) -> Discord:
    return Discord(
        http,
        Upstream("Discord"),
        application_id=stand_in.app.id,
        bot_token=Secret(bot_token or stand_in.app.bot_token),
        limits=Limits(),
        url=url,
    )


@pytest.fixture
def discord(http: httpx.AsyncClient, url: str, stand_in: StandIn) -> Discord:
    return client(http, url, stand_in)


def received(stand_in: StandIn, interaction: dict[str, Any]) -> Any:
    """Receive an interaction as the gateway does: the signature first, then the bytes."""
    headers, body = stand_in.app.signed(interaction)
    assert verify_signature(
        stand_in.app.public_key,
        timestamp=headers["X-Signature-Timestamp"],
        body=body,
        signature=headers["X-Signature-Ed25519"],
        now=NOON,
    )
    return parse(body)


def answered(stand_in: StandIn, interaction: dict[str, Any], reply: Response) -> CommandCalled:
    """Send an interaction and answer it at once."""
    stand_in.interactions.send(interaction)
    stand_in.answered(interaction["token"], msgspec.json.decode(msgspec.json.encode(reply)))
    called = received(stand_in, interaction)
    assert isinstance(called, CommandCalled)
    return called


def test_whatever_discord_sends_is_read(stand_in: StandIn) -> None:
    app = stand_in.app

    ping = received(stand_in, app.ping())
    called = received(stand_in, app.command(ANNA, "request", {"title": "movie:603", "4k": True}))
    typing = received(stand_in, app.autocomplete(ANNA, "request", {"title": "the mat"}, focused="title"))
    clicked = received(stand_in, app.select(ANNA, "seasons", ["1", "2"], message={"id": "9", "content": ""}))
    pressed = received(stand_in, app.button(ANNA, "approve:5", message={"id": "9"}))
    submitted = received(stand_in, app.modal(ANNA, "decline:5", {"reason": "too old"}))

    assert isinstance(ping, Ping)
    assert isinstance(called, CommandCalled)
    assert (called.command, called.options.text("title"), called.options.flag("4k")) == ("request", "movie:603", True)
    assert (called.caller.id, called.caller.is_administrator, called.caller.guild_id, called.locale) == (
        "1042",
        True,
        "77",
        "de",
    )
    assert called.created_at.replace(microsecond=0) == NOON
    assert isinstance(typing, Typing)
    assert (typing.focused, typing.typed) == ("title", "the mat")
    assert isinstance(clicked, Clicked)
    assert clicked.values == ("1", "2")
    assert isinstance(pressed, Clicked)
    assert (pressed.custom_id, pressed.message_id) == ("approve:5", "9")
    assert isinstance(submitted, Submitted)
    assert submitted.fields == {"reason": ("too old",)}


def test_an_interaction_in_a_direct_message_is_read(stand_in: StandIn) -> None:
    called = received(stand_in, stand_in.app.command(Person(id="1042", name="anna"), "link"))

    assert isinstance(called, CommandCalled)
    assert (called.caller.id, called.caller.guild_id) == ("1042", None)


async def test_a_promise_is_kept_and_the_reply_changed_again(discord: Discord, stand_in: StandIn) -> None:
    interaction = stand_in.app.command(ANNA, "link")
    called = answered(stand_in, interaction, deferred(ephemeral=True))

    await discord.edit_original(called.token, MESSAGE)
    await discord.edit_original(called.token, Message(content="Linked"))

    original = stand_in.interactions.editable(stand_in.app.id, interaction["token"]).original
    assert original is not None
    assert (original["content"], original["embeds"], original["components"]) == ("Linked", [], [])


async def test_a_reply_that_was_shown_is_changed(discord: Discord, stand_in: StandIn) -> None:
    called = answered(stand_in, stand_in.app.command(ANNA, "link"), shown(MESSAGE, ephemeral=False))

    await discord.edit_original(called.token, Message(content="Linked"))


@pytest.mark.parametrize("over", [(404, 10015, "Unknown Webhook"), (401, 50027, "Invalid Webhook Token")])
async def test_after_a_quarter_of_an_hour_there_is_a_direct_message_instead(
    discord: Discord, stand_in: StandIn, over: tuple[int, int, str]
) -> None:
    stand_in.interactions.over_means = over
    called = answered(stand_in, stand_in.app.command(ANNA, "link"), deferred(ephemeral=True))
    stand_in.clock.advance(timedelta(minutes=16))

    with pytest.raises(ReplyExpiredError):
        await discord.edit_original(called.token, MESSAGE)
    await discord.send_direct_message(called.caller.id, MESSAGE, cause=called.id)

    assert [message["content"] for message in stand_in.direct_messages("1042")] == ["Done"]


async def test_one_cause_is_one_message_however_often_it_is_sent(discord: Discord, stand_in: StandIn) -> None:
    first = await discord.send_direct_message("1042", MESSAGE, cause="event-1")
    again = await discord.send_direct_message("1042", MESSAGE, cause="event-1")
    other = await discord.send_direct_message("1042", MESSAGE, cause="event-2")

    assert first == again != other
    assert len(stand_in.direct_messages("1042")) == 2


async def test_a_person_who_takes_no_messages_is_known_by_it(discord: Discord, stand_in: StandIn) -> None:
    stand_in.closed_to_messages.add("1042")

    with pytest.raises(ClosedToMessagesError):
        await discord.send_direct_message("1042", MESSAGE, cause="event-1")


async def test_a_burst_is_held_back_before_discord_refuses_it(discord: Discord, stand_in: StandIn) -> None:
    channel = await discord.direct_channel("1042")

    sent, wait = await burst(discord, channel)

    assert 0 < sent < 50
    assert wait is not None
    assert len([request for request in stand_in.seen if request.path.endswith("/messages")]) == sent
    assert len(stand_in.messages[channel]) == sent


async def test_calls_at_the_same_time_do_not_overrun_a_limit_together(
    http: httpx.AsyncClient, discord: Discord, stand_in: StandIn
) -> None:
    statuses: list[int] = []

    async def note(response: httpx.Response) -> None:
        statuses.append(response.status_code)

    channel = await discord.direct_channel("1042")
    http.event_hooks["response"].append(note)

    ended = await asyncio.gather(
        *(discord.post(channel, MESSAGE, cause=str(number)) for number in range(40)), return_exceptions=True
    )

    assert {type(each) for each in ended} == {str, RateLimitedError}
    assert set(statuses) == {200}
    assert len(stand_in.messages[channel]) == len(statuses)


async def burst(discord: Discord, channel: str) -> tuple[int, timedelta | None]:
    """Post until we hold ourselves back."""
    for number in range(50):
        try:
            await discord.post(channel, MESSAGE, cause=str(number))
        except RateLimitedError as exc:
            return number, exc.retry_after
    return 50, None


@pytest.mark.parametrize("guild", [None, "77"])
async def test_commands_are_registered_once(discord: Discord, guild: str | None) -> None:
    before = await discord.commands(guild_id=guild)
    await discord.overwrite_commands(COMMANDS, guild_id=guild)
    after = await discord.commands(guild_id=guild)

    assert not is_registered(COMMANDS, before)
    assert is_registered(COMMANDS, after)


async def test_a_guild_without_the_bot_is_refused(discord: Discord) -> None:
    with pytest.raises(RefusedError):
        await discord.overwrite_commands(COMMANDS, guild_id="78")


async def test_a_wrong_bot_token_is_known_by_it(http: httpx.AsyncClient, url: str, stand_in: StandIn) -> None:
    with pytest.raises(CredentialRefusedError):
        await client(http, url, stand_in, bot_token="wrong").application()
