"""Interactions over the gateway's HTTP: signed by the stand-in of Discord, stored by a real JetStream."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio

from shared.bus.connection import Bus, connect
from shared.discord.components import Form, Label, TextInput
from shared.discord.custom_ids import custom_id
from shared.discord.interactions import CommandCalled
from shared.discord.parsing import parse
from shared.errors import ForbiddenError
from shared.keyring import Keyring, new_key
from shared.schemas.interactions import TOKEN, Caller, Choice, Choices, Interaction, OpenedForm, OpenForm, Suggest
from shared.schemas.secret import Secret
from shared.sealing import Sealer
from simulators.determinism import Clock, Ids
from simulators.discord.interactions import DiscordApp, Person
from tests.integration.gateway.house import House, open_house, prepared, settings
from tests.integration.servers import Running
from tests.integration.service import answering, until

PATH = "/discord/interactions"
GUILD = "197038439483310086"
ROLE = "41771983423143936"
ANNA = Person(id="80351110224678912", name="anna", guild_id=GUILD)
KEYS = new_key("test")
APP = DiscordApp(Clock(), Ids("gateway tests"))
DISCORD = {
    "discord_application_id": APP.id,
    "discord_public_key": APP.public_key,
    "usher_encryption_keys": KEYS,
}
OLD_MESSAGE = {"id": "900000000000000000", "content": ""}
SEARCH = APP.button(ANNA, custom_id("syncer", "search", "p1"), message=OLD_MESSAGE)


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def modules_house(
    modules_database_url: Secret, modules_nats_url: Secret, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    config = settings(modules_database_url, modules_nats_url, tmp_path_factory.mktemp("house"), **DISCORD)
    async with prepared(config) as running:
        yield running


@pytest.fixture
def bus(bus_beside: Bus) -> Bus:
    return bus_beside


@pytest_asyncio.fixture(loop_scope="module")
async def house(modules_house: House, bus: Bus) -> House:
    """One for all tests, for each of which nothing is stored yet."""
    await bus.client.jetstream().purge_stream("INTERACTIONS")
    return modules_house


async def send(house: House, interaction: Any, *, ago: timedelta = timedelta(), **changes: str) -> httpx.Response:
    headers, body = APP.signed(interaction, ago=ago)
    named = {name.replace("_", "-"): value for name, value in changes.items()}
    return await house.http.post(PATH, content=body, headers={**headers, **named})


async def stored(bus: Bus, *, at_least: int = 0) -> list[tuple[str, bytes]]:
    """Return subjects and bytes of all messages in the stream, in order."""
    stream = bus.client.jetstream()

    async def has_enough() -> bool:
        return int((await stream.stream_info("INTERACTIONS")).state.messages) >= at_least

    await until(has_enough)
    state = (await stream.stream_info("INTERACTIONS")).state
    numbers = range(state.first_seq or 1, state.last_seq + 1) if state.messages else ()
    messages = [await stream.get_msg("INTERACTIONS", seq=number) for number in numbers]
    return [(str(message.subject), message.data or b"") for message in messages]


async def test_a_ping_is_answered_at_once_and_not_stored(house: House, bus: Bus) -> None:
    answer = await send(house, APP.ping())

    assert (answer.status_code, answer.json()) == (200, {"type": 1})
    assert answer.headers["content-type"].startswith("application/json")
    assert await stored(bus) == []


async def test_a_command_is_stored_before_it_is_promised(house: House, bus: Bus) -> None:
    interaction = APP.command(ANNA, "link")

    answer = await send(house, interaction)

    assert (answer.status_code, answer.json()) == (200, {"type": 5, "data": {"flags": 64}})
    ((subject, data),) = await stored(bus)
    assert subject == "interactions.linker.link"
    envelope = msgspec.json.decode(data, type=Interaction)
    assert envelope.id == interaction["id"]
    called = parse(bytes(envelope.payload))
    assert isinstance(called, CommandCalled)
    assert (called.command, called.caller.id, called.caller.guild_id) == ("link", ANNA.id, GUILD)


async def test_the_token_is_in_no_stream_and_the_services_can_open_it(house: House, bus: Bus) -> None:
    interaction = APP.command(ANNA, "link")
    await send(house, interaction)

    ((_, data),) = await stored(bus)

    assert interaction["token"].encode() not in data
    envelope = msgspec.json.decode(data, type=Interaction)
    unsealed = Sealer(Keyring.parse(KEYS)).unseal(envelope.token, purpose=TOKEN)
    assert unsealed.reveal() == interaction["token"]


async def test_the_same_interaction_twice_is_answered_alike_and_stored_once(house: House, bus: Bus) -> None:
    interaction = APP.command(ANNA, "link")

    answers = [await send(house, interaction) for _ in range(3)]

    assert {answer.content for answer in answers} == {b'{"type":5,"data":{"flags":64}}'}
    assert len(await stored(bus)) == 1


async def test_fifty_at_once_are_all_stored(house: House, bus: Bus) -> None:
    interactions = [APP.command(ANNA, "whoami") for _ in range(50)]

    answers = await asyncio.gather(*(send(house, interaction) for interaction in interactions))

    assert {answer.status_code for answer in answers} == {200}
    ids = {msgspec.json.decode(data, type=Interaction).id for _, data in await stored(bus, at_least=50)}
    assert ids == {interaction["id"] for interaction in interactions}


@pytest.mark.parametrize(
    "changes",
    [
        {"X_Signature_Ed25519": ""},
        {"X_Signature_Ed25519": "ab" * 32},
        {"X_Signature_Ed25519": "zz" * 64},
        {"X_Signature_Ed25519": "ab" * 64},
        {"X_Signature_Ed25519": "é" * 128},
        {"X_Signature_Timestamp": ""},
        {"X_Signature_Timestamp": "now"},
        {"X_Signature_Timestamp": "9" * 40},
        {"X_Signature_Timestamp": "1"},
    ],
)
async def test_a_bad_signature_is_refused_and_nothing_stored(house: House, bus: Bus, changes: dict[str, str]) -> None:
    headers, body = APP.signed(APP.command(ANNA, "link"))
    sent = {**headers, **{name.replace("_", "-"): value for name, value in changes.items()}}

    answer = await house.http.post(
        PATH, content=body, headers=[(name.encode(), value.encode("latin-1")) for name, value in sent.items()]
    )

    assert (answer.status_code, answer.json()["title"]) == (401, "Not authorized")
    assert answer.headers["content-type"] == "application/problem+json"
    assert await stored(bus) == []


async def test_without_a_signature_there_is_no_entry(house: House) -> None:
    answer = await house.http.post(PATH, json=APP.ping())

    assert answer.status_code == 401


async def test_a_signature_is_good_for_one_body_only(house: House, bus: Bus) -> None:
    headers, _ = APP.signed(APP.command(ANNA, "link"))

    answer = await house.http.post(PATH, json=APP.command(ANNA, "unlink"), headers=headers)

    assert answer.status_code == 401
    assert await stored(bus) == []


async def test_another_applications_signature_is_refused(house: House) -> None:
    stranger = DiscordApp(Clock(), Ids("a stranger"))
    headers, body = stranger.signed(APP.command(ANNA, "link"))

    answer = await house.http.post(PATH, content=body, headers=headers)

    assert answer.status_code == 401


@pytest.mark.parametrize("ago", [timedelta(minutes=5, seconds=5), timedelta(minutes=-5, seconds=-5)])
async def test_a_signature_of_another_time_is_refused(house: House, ago: timedelta) -> None:
    assert (await send(house, APP.command(ANNA, "link"), ago=ago)).status_code == 401


async def test_a_signature_of_some_minutes_is_good(house: House) -> None:
    assert (await send(house, APP.command(ANNA, "link"), ago=timedelta(minutes=4))).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"type":2}',
        b'{"type":2,"id":"x"}',
        b'{"type":2,"id":"1176524800000000000","token":"t"}',
        b'{"type":2,"id":"1176524800000000000","token":"","data":{"name":"link"},"user":{"id":"5"}}',
        b'{"type":2,"id":"1176524800000000000","token":"t","data":{"name":"link"},"user":{"id":"5"}',
        (
            b'{"type":2,"id":"1176524800000000000","token":"t","application_id":"1","data":{"name":"link"},'
            b'"user":{"id":"5"}}'
        ),
        b'{"type":4,"id":"1176524800000000000","token":"t","data":{"name":"history"},"user":{"id":"5"}}',
        b'{"type":"2","id":"1176524800000000000"}',
        b'{"type":2,"id":1176524800000000000,"token":"t"}',
        b"\xff\xfe",
        b'{"type":1,"id":"1176524800000000000","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
async def test_what_is_signed_and_no_interaction_is_bad_input(house: House, bus: Bus, body: bytes) -> None:
    answer = await house.http.post(PATH, content=body, headers=APP.headers(body))

    assert (answer.status_code, answer.json()["title"]) == (400, "Invalid input")
    assert await stored(bus) == []


async def test_bytes_that_are_no_text_are_bad_input_wherever_they_are(house: House, bus: Bus) -> None:
    body = msgspec.json.encode(APP.command(ANNA, "link"))[:-1] + b',"extra":"\xff"}'

    answer = await house.http.post(PATH, content=body, headers=APP.headers(body))

    assert answer.status_code == 400
    assert await stored(bus) == []


@pytest.mark.parametrize("size", [250 * 1024, 300 * 1024, 3 * 1024 * 1024])
async def test_a_body_over_the_limit_is_refused(house: House, bus: Bus, size: int) -> None:
    answer = await send(house, {**APP.command(ANNA, "link"), "padding": "x" * size})

    assert (answer.status_code, answer.json()["status"]) == (413, 413)
    assert await stored(bus) == []


async def test_an_unknown_command_or_kind_is_told_to_the_person_alone(house: House, bus: Bus) -> None:
    command = await send(house, APP.command(ANNA, "abracadabra"))
    kind = await send(house, {**APP.command(ANNA, "link"), "type": 77})

    for answer in (command, kind):
        assert (answer.status_code, answer.json()["type"], answer.json()["data"]["flags"]) == (200, 4, 64)
    assert "does not know this command" in command.json()["data"]["content"]
    assert await stored(bus) == []


async def test_a_button_of_ours_is_stored_and_its_message_stays(house: House, bus: Bus) -> None:
    pressed = APP.button(ANNA, custom_id("syncer", "history", "p1", 10), message=OLD_MESSAGE)

    answer = await send(house, pressed)

    assert answer.json() == {"type": 6}
    assert [subject for subject, _ in await stored(bus)] == ["interactions.syncer.history"]


async def test_a_form_of_ours_is_promised_an_answer(house: House, bus: Bus) -> None:
    answer = await send(house, APP.modal(ANNA, custom_id("syncer", "history"), {"reason": "because"}))

    assert answer.json() == {"type": 5, "data": {"flags": 64}}
    assert [subject for subject, _ in await stored(bus)] == ["interactions.syncer.history"]


@pytest.mark.parametrize(
    "foreign",
    [
        "",
        "x",
        "approve:5",
        "syncer:",
        "syncer:nothing",
        "linker:history",
        "gateway:history",
        "syncer:history:a b",
        "syncer:history.>:é",
        "syncer:history:" + "x" * 200,
        "Syncer:history",
        ">:>",
        "syncer:history:\n",
    ],
)
async def test_what_is_no_component_of_ours_is_told_to_the_person(house: House, bus: Bus, foreign: str) -> None:
    pressed = await send(house, APP.button(ANNA, foreign, message=OLD_MESSAGE))
    chosen = await send(house, APP.select(ANNA, foreign, ["1"], message=OLD_MESSAGE))
    filled = await send(house, APP.modal(ANNA, foreign, {"reason": "because"}))

    for answer in (pressed, chosen, filled):
        assert (answer.status_code, answer.json()["type"], answer.json()["data"]["flags"]) == (200, 4, 64)
    assert await stored(bus) == []


@pytest.mark.parametrize("roles", [(), (ROLE,)])
async def test_the_service_is_told_roles_and_rights_as_discord_said_them(
    house: House, bus: Bus, roles: tuple[str, ...]
) -> None:
    await send(house, APP.command(Person(id="5", name="a", guild_id=GUILD, roles=roles, permissions=8), "history"))

    ((_, data),) = await stored(bus)
    called = parse(bytes(msgspec.json.decode(data, type=Interaction).payload))
    assert isinstance(called, CommandCalled)
    assert called.caller == Caller(id="5", name="A", guild_id=GUILD, roles=roles, is_administrator=True)


async def test_a_form_comes_from_the_service_at_once_and_nothing_is_stored(house: House, bus: Bus) -> None:
    field = Label(label="Title", component=TextInput(custom_id="title", style=1, value="Heat"))
    form = Form(custom_id="syncer:search:p1", title="Search", components=(field,))

    async def open_form(question: OpenForm) -> OpenedForm:
        assert msgspec.json.decode(question.payload)["token"] == ""
        return OpenedForm(msgspec.Raw(msgspec.json.encode(form)))

    async with answering(bus, "syncer", OpenForm.answered_by(open_form)):
        answer = await send(house, SEARCH)

    assert answer.json()["type"] == 9
    assert answer.json()["data"]["components"][0]["component"]["value"] == "Heat"
    assert await stored(bus) == []


async def test_a_service_that_is_away_late_or_refuses_opens_no_form_and_the_person_is_told(
    house: House, bus: Bus
) -> None:
    asked: list[OpenForm] = []

    async def open_form(question: OpenForm) -> OpenedForm:
        asked.append(question)
        if len(asked) == 1:
            await asyncio.Event().wait()
        raise ForbiddenError("only Usher's admins see what others watched")

    away = await send(house, SEARCH)
    async with answering(bus, "syncer", OpenForm.answered_by(open_form)):
        began = time.monotonic()
        late = await send(house, SEARCH)
        took = time.monotonic() - began
        refused = await send(house, SEARCH)

    for answer in (away, late, refused):
        assert (answer.status_code, answer.json()["type"], answer.json()["data"]["flags"]) == (200, 4, 64)
    assert all("Try again" in answer.json()["data"]["content"] for answer in (away, late))
    assert refused.json()["data"]["content"] == "Only Usher's admins see what others watched."
    assert took < 3
    assert await stored(bus) == []


async def test_choices_come_from_the_service_and_are_made_to_fit(house: House, bus: Bus) -> None:
    asked: list[Suggest] = []

    async def suggest(question: Suggest) -> Choices:
        asked.append(question)
        odd = [Choice("x" * 300, "long name"), Choice("long value", "y" * 101), Choice("\x00", "v"), Choice(" ", "v")]
        return Choices([*odd, *(Choice(f"Person {number}", str(number)) for number in range(40))])

    async with answering(bus, "syncer", Suggest.answered_by(suggest)):
        answer = await send(house, APP.autocomplete(ANNA, "history", {"person": "per"}, focused="person"))

    choices = answer.json()["data"]["choices"]
    assert answer.json()["type"] == 8
    assert len(choices) == 25
    assert choices[0] == {"name": "x" * 99 + "…", "value": "long name"}
    assert choices[1] == {"name": "Person 0", "value": "0"}
    (question,) = asked
    assert (question.command, question.option, question.typed) == ("history", "person", "per")
    assert question.caller == Caller(id=ANNA.id, name="Anna", guild_id=GUILD)


async def test_a_service_that_is_away_or_slow_offers_nothing_in_time(house: House, bus: Bus) -> None:
    typing = APP.autocomplete(ANNA, "history", {"person": ""}, focused="person")
    nobody = await send(house, typing)

    async def suggest(question: Suggest) -> Choices:
        await asyncio.Event().wait()
        return Choices([])

    async with answering(bus, "syncer", Suggest.answered_by(suggest)):
        late = await send(house, typing)

    for answer in (nobody, late):
        assert (answer.status_code, answer.json()) == (200, {"type": 8, "data": {"choices": []}})


async def test_an_unknown_command_offers_nothing(house: House) -> None:
    answer = await send(house, APP.autocomplete(ANNA, "abracadabra", {"x": "y"}, focused="x"))

    assert answer.json() == {"type": 8, "data": {"choices": []}}


async def test_without_a_public_key_discord_is_off(
    database_url: Secret, modules_nats_url: Secret, tmp_path: Path
) -> None:
    async with open_house(settings(database_url, modules_nats_url, tmp_path)) as house:
        answer = await send(house, APP.ping())

    assert (answer.status_code, answer.json()["title"]) == (404, "Discord is off")
    assert "DISCORD_PUBLIC_KEY" in answer.json()["detail"]


async def test_a_frozen_nats_delays_nobody_and_loses_nothing(
    database_url: Secret, own_nats: tuple[Running, Secret], tmp_path: Path
) -> None:
    server, nats_url = own_nats
    async with prepared(settings(database_url, nats_url, tmp_path, **DISCORD)) as house:
        interactions = [APP.command(ANNA, "link") for _ in range(20)]
        server.freeze()
        statuses = {(await send(house, interaction)).status_code for interaction in interactions}
        spooled = b"".join(path.read_bytes() for path in (tmp_path / "spool").iterdir() if path.is_file())
        server.thaw()
        found = await _drained(nats_url, len(interactions))

    assert statuses == {200}
    assert sorted(found) == sorted(interaction["id"] for interaction in interactions)
    assert all(interaction["id"].encode() in spooled for interaction in interactions)
    assert not any(interaction["token"].encode() in spooled for interaction in interactions)


async def _drained(nats_url: Secret, count: int) -> list[str]:
    async with connect(nats_url, name="reader") as bus:
        return [msgspec.json.decode(data, type=Interaction).id for _, data in await stored(bus, at_least=count)]
