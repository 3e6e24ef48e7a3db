"""What the stand-in for Discord takes of components, forms and choices."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import pytest

from simulators.determinism import Clock
from simulators.discord.app import Discord
from simulators.discord.interactions import Person
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


V2: Final = 1 << 15
TEXT: Final = {"type": 10, "content": "Hello"}
PICTURE: Final = {"type": 11, "media": {"url": "https://example.com/a.png"}}


@pytest.mark.parametrize(
    ("components", "code"),
    [
        ([TEXT] * 41, "BASE_TYPE_MAX_LENGTH"),
        ([{"type": 17, "components": [TEXT] * 39}, TEXT], "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED"),
        ([{**TEXT, "content": "x" * 2_000}] * 2 + [TEXT], "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED"),
        ([{"type": 10, "content": " "}], "BASE_TYPE_REQUIRED"),
        ([{"type": 17, "components": []}], "BASE_TYPE_BAD_LENGTH"),
        ([{"type": 17, "components": [{"type": 17, "components": [TEXT]}]}], "UNION_TYPE_CHOICES"),
        ([{"type": 9, "components": [TEXT] * 4, "accessory": PICTURE}], "BASE_TYPE_MAX_LENGTH"),
        ([{"type": 9, "components": [TEXT]}], "UNION_TYPE_CHOICES"),
        ([{"type": 12, "items": [{"media": {"url": "ftp://example.com"}}]}], "URL_TYPE_INVALID_SCHEME"),
        ([PICTURE], "UNION_TYPE_CHOICES"),
    ],
)
async def test_components_over_the_limits_are_refused(
    discord: Discord, components: list[dict[str, Any]], code: str
) -> None:
    interaction = sent(discord)
    discord.answered(interaction["token"], DEFERRED)
    response = await client(discord).patch(path_of(discord, interaction), json={"components": components, "flags": V2})

    assert (response.status_code, response.json()["code"]) == (400, 50035)
    assert code in response.text


async def test_a_message_made_of_components_stays_one(discord: Discord) -> None:
    interaction = sent(discord)
    discord.answered(interaction["token"], DEFERRED)
    path, bot = path_of(discord, interaction), client(discord)
    first = await bot.patch(path, json={"embeds": [{"title": "Heat"}]})
    kept = await bot.patch(path, json={"embeds": None, "components": [TEXT], "flags": V2})
    made = await bot.patch(path, json={"content": None, "embeds": [], "components": [TEXT], "flags": V2})
    discord.clock.advance(timedelta(seconds=2))
    back = [await bot.patch(path, json=body) for body in ({"content": "x"}, {"content": "x", "flags": 0})]
    same = await bot.patch(path, json={"components": [TEXT, TEXT]})

    assert [each.status_code for each in (first, kept, made, *back, same)] == [200, 400, 200, 400, 400, 200]
    assert (made.json()["flags"], same.json()["flags"]) == (V2 | 64, V2 | 64)
    assert all("MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2" in each.text for each in (kept, *back))


def field(**changes: Any) -> dict[str, Any]:
    return {"type": 18, "label": "Why?", "component": {"type": 4, "custom_id": "a", "style": 1, **changes}}


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "x" * 46},
        {"title": ""},
        {"custom_id": "x" * 101},
        {"components": []},
        {"components": [field(custom_id=str(number)) for number in range(6)]},
        {"components": [field(), field()]},
        {"components": [{**field(), "label": "x" * 46}]},
        {"components": [{**field(), "description": "x" * 101}]},
        {"components": [field(value="x" * 4_001)]},
        {"components": [field(value="xx", max_length=1)]},
        {"components": [field(placeholder="x" * 101)]},
        {"components": [field(style=3)]},
        {"components": [field(min_length=3, max_length=2)]},
        {"components": [field(type=3, options=[])]},
        {"components": [field(type=2, label="a")]},
    ],
)
def test_a_form_over_the_limits_is_refused(discord: Discord, changes: dict[str, Any]) -> None:
    form = {"custom_id": "syncer:search", "title": "Search", "components": [field()], **changes}

    with pytest.raises(RefusedError):
        discord.answered(sent(discord)["token"], {"type": 9, "data": form})


def test_a_form_that_was_opened_is_kept(discord: Discord) -> None:
    interaction = sent(discord)
    menu = field(type=3, custom_id="b", options=[{"label": "Heat", "value": "949"}], required=False)
    form = {"custom_id": "syncer:search", "title": "Search", "components": [field(value="x"), menu]}

    discord.answered(interaction["token"], {"type": 9, "data": form})

    assert discord.interactions.form(interaction["token"]) == form


@pytest.mark.parametrize(
    "choices",
    [
        [{"name": "a", "value": "a"}] * 26,
        [{"name": "🎬" * 51, "value": "a"}],
        [{"name": " ", "value": "a"}],
        [{"name": "a", "value": "a" * 101}],
        [{"name": "a", "value": ""}],
    ],
)
def test_choices_over_the_limits_are_refused(discord: Discord, choices: list[dict[str, str]]) -> None:
    typing = discord.app.autocomplete(ANNA, "history", {"person": ""}, focused="person")
    discord.interactions.send(typing)

    with pytest.raises(RefusedError):
        discord.answered(typing["token"], {"type": 8, "data": {"choices": choices}})
