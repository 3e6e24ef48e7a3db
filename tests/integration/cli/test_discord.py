"""`usher discord register` and the doctor's check of Discord, against the stand-in."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.checks.discord import check_discord
from cli.checks.finding import Finding
from cli.discord import app
from shared import settings
from shared.discord.command_format import faults
from shared.discord.slash_commands import COMMANDS, registered
from shared.errors import UsherError
from shared.http.client import client
from shared.settings import SettingsError, UpstreamSettings
from simulators.asgi import App
from simulators.discord.app import Discord as StandIn
from simulators.serving import serving
from tests.integration.cli import gateway as gateways

GUILD = "197038439483310086"
NAMES = [declared.name for declared in COMMANDS]


@contextmanager
def beside(app: App) -> Iterator[str]:
    """Serve a stand-in in its own thread, for a command with its own event loop."""
    address: list[str] = []
    is_up, is_over = threading.Event(), threading.Event()

    async def run() -> None:
        async with serving(app) as url:
            address.append(url)
            is_up.set()
            await asyncio.to_thread(is_over.wait)

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    is_up.wait(10)
    try:
        yield address[0]
    finally:
        is_over.set()
        thread.join()


@pytest.fixture
def stand_in() -> StandIn:
    stand_in = StandIn()
    stand_in.guilds.add(GUILD)
    return stand_in


@pytest.fixture
def environment(stand_in: StandIn) -> Iterator[dict[str, str]]:
    with beside(stand_in) as url:
        yield {
            "DISCORD_APPLICATION_ID": stand_in.app.id,
            "DISCORD_BOT_TOKEN": stand_in.app.bot_token,
            "DISCORD_PUBLIC_KEY": stand_in.app.public_key,
            "DISCORD_API_URL": f"{url}/api/v10",
            "DISCORD_GUILD_ID": GUILD,
        }


def register(environment: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(app, ["register", *arguments], env=environment)


def overwrites(stand_in: StandIn) -> int:
    return len([request for request in stand_in.seen if request.method == "PUT"])


def test_what_is_declared_is_what_discord_takes() -> None:
    assert faults(registered(COMMANDS)) == []


def test_commands_are_registered_in_the_guild_and_only_on_change(
    environment: dict[str, str], stand_in: StandIn
) -> None:
    first = register(environment)
    again = register(environment)
    stand_in.commands.of[GUILD]["link"]["description"] = "Something older"
    changed = register(environment)

    assert (first.exit_code, again.exit_code, changed.exit_code) == (0, 0, 0)
    assert first.output == f"Registered in the guild {GUILD}: {', '.join(NAMES)}\n"
    assert again.output.startswith("Already registered")
    assert changed.output.startswith("Registered")
    assert overwrites(stand_in) == 2
    command = stand_in.commands.of[GUILD]["link"]
    assert (command["contexts"], command["name_localizations"]["de"]) == ([0, 1], "verknüpfen")


def test_a_translation_that_changed_is_a_change(environment: dict[str, str], stand_in: StandIn) -> None:
    register(environment)
    stand_in.commands.of[GUILD]["history"]["options"][0]["name_localizations"] = {"fr": "qui"}

    assert register(environment).output.startswith("Registered")


def test_globally_is_said_with_what_people_then_see_twice(environment: dict[str, str], stand_in: StandIn) -> None:
    register(environment)

    result = register(environment, "--global", "--json")

    done = json.loads(result.output)
    assert (done["guild_id"], done["changed"], done["commands"]) == (None, True, NAMES)
    assert done["elsewhere"] == sorted(NAMES)
    assert set(stand_in.commands.of[""]) == set(NAMES)


def test_without_a_guild_it_is_globally(environment: dict[str, str], stand_in: StandIn) -> None:
    result = register({**environment, "DISCORD_GUILD_ID": ""})

    assert result.output.startswith("Registered globally")
    assert set(stand_in.commands.of) == {""}


def test_without_discord_nothing_is_registered(environment: dict[str, str]) -> None:
    result = register({**environment, "DISCORD_BOT_TOKEN": ""})

    assert isinstance(result.exception, SettingsError)
    assert "DISCORD_BOT_TOKEN" in str(result.exception)


@pytest.mark.parametrize("changes", [{"DISCORD_BOT_TOKEN": "wrong"}, {"DISCORD_GUILD_ID": "197038439483310099"}])
def test_what_discord_refuses_is_an_error(environment: dict[str, str], changes: dict[str, str]) -> None:
    assert isinstance(register({**environment, **changes}).exception, UsherError)


def examine(environment: dict[str, str], address: str, **changes: str) -> list[Finding]:
    config = settings.load(UpstreamSettings, environ={**environment, **changes}, env_file=Path("none"))

    async def run() -> list[Finding]:
        async with client() as http:
            return await check_discord(http, http, config, address=address)

    return asyncio.run(run())


@pytest.fixture
def address() -> Iterator[str]:
    """A gateway that refuses what is not signed."""

    class Refusing(gateways.FakeGateway):
        def answer(self, method: str, target: str, headers: Any, body: bytes) -> tuple[int, bytes]:  # noqa: ARG002
            return 401, b"{}"

    with gateways.serving({}, kind=Refusing) as gateway:
        yield gateway.address


def test_the_doctor_finds_all_well(environment: dict[str, str], stand_in: StandIn, address: str) -> None:
    register(environment)
    stand_in.portal.endpoint = "https://usher.example/discord/interactions"

    findings = examine(environment, address)

    assert [finding for finding in findings if finding.level != "ok"] == []
    assert any("interactions are sent to https://usher.example" in finding.text for finding in findings)


def test_the_doctor_says_what_is_missing_at_discord(
    environment: dict[str, str], stand_in: StandIn, address: str
) -> None:
    stand_in.portal.is_public = True

    texts = {f"{finding.level} {finding.text}" for finding in examine(environment, address, DISCORD_GUILD_ID="")}

    assert "warn no Interactions Endpoint URL is set there" in texts
    assert "warn anyone may add the bot to their own guild" in texts
    assert "warn no one is an admin" in texts
    assert "warn they are not registered, or outdated" in texts


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"DISCORD_PUBLIC_KEY": "ab" * 32}, "DISCORD_PUBLIC_KEY is not this application's"),
        ({"DISCORD_APPLICATION_ID": "197038439483310011"}, "are of two applications"),
        ({"DISCORD_BOT_TOKEN": "wrong"}, "it does not accept DISCORD_BOT_TOKEN"),
        ({"DISCORD_API_URL": "http://127.0.0.1:1/api/v10"}, "out of reach"),
    ],
)
def test_the_doctor_says_what_is_wrong(
    environment: dict[str, str], address: str, changes: dict[str, str], says: str
) -> None:
    findings = examine(environment, address, **changes)

    assert any(says in finding.text and finding.level == "fail" and finding.mend for finding in findings)


def test_the_doctor_says_where_nobody_answers(environment: dict[str, str]) -> None:
    findings = examine(environment, "http://127.0.0.1:1")

    assert findings[0].level == "fail"
    assert "does not answer" in findings[0].text


def test_the_doctor_asks_nothing_where_discord_is_off(stand_in: StandIn) -> None:
    assert examine({}, "http://127.0.0.1:1") == []
    assert list(stand_in.seen) == []
