"""The door of interactions: who comes in, what is promised, and how long choices may take."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from services.gateway.discord.application import Application
from services.gateway.discord.door import SUGGESTED_WITHIN, Delivery, Door
from services.gateway.spool.record import Record
from services.gateway.webhooks.body import TooSlowError
from shared.clients.discord.commands import Command
from shared.clients.discord.replies import Suggestion
from shared.commands import Action, Catalogue, Declared
from shared.errors import UnavailableError
from shared.keyring import Keyring, new_key
from shared.schemas.interactions import Suggest
from shared.sealing import Sealer
from simulators.discord.interactions import ADMINISTRATOR, DiscordApp, Person
from tests.unit.gateway.fakes import FakeClient, FakeStorage

GUILD = "197038439483310086"
ANNA = Person(id="80351110224678912", name="anna", guild_id=GUILD)
ADMIN = Person(id="80351110224678913", name="martha", guild_id=GUILD, permissions=ADMINISTRATOR)
APP = DiscordApp()
CATALOGUE = Catalogue(
    [
        Declared(service="requester", command=Command(name="approve", description="Approve"), is_for_admins=True),
        Declared(service="requester", command=Command(name="search", description="Search"), is_personal=False),
    ],
    [Action(service="requester", name="decline", is_for_admins=True, is_personal=False)],
)


class FullStorage:
    async def store(self, record: Record) -> bool:
        raise UnavailableError(f"no room for {record.source}")


class FakeSuggester:
    def __init__(self) -> None:
        self.asked: list[tuple[str, str, timedelta]] = []

    async def __call__(self, service: str, question: Suggest, *, within: timedelta) -> tuple[Suggestion, ...]:
        self.asked.append((service, question.option, within))
        return (Suggestion("Heat", "movie:949"),)


class Ticking:
    """A clock on which every look takes a second."""

    def __init__(self) -> None:
        self._seconds: Iterator[float] = iter(range(100))

    def __call__(self) -> float:
        return next(self._seconds)


@pytest.fixture
def storage() -> FakeStorage:
    return FakeStorage()


@pytest.fixture
def suggester() -> FakeSuggester:
    return FakeSuggester()


def door(storage: Any, suggester: FakeSuggester, **more: Any) -> Door:
    application = Application(id=APP.id, public_key=APP.public_key, guild_id=GUILD)
    sealer = Sealer(Keyring.parse(new_key("k1")))
    return Door(application, storage, sealer, suggester, catalogue=CATALOGUE, **more)


async def sent(door: Door, interaction: Any) -> Any:
    headers, body = APP.signed(interaction)
    delivery = Delivery(signature=headers["X-Signature-Ed25519"], timestamp=headers["X-Signature-Timestamp"])
    return msgspec.to_builtins(await door.take(delivery, FakeClient(body)))


async def test_what_is_for_admins_is_refused_to_others_and_not_stored(
    storage: FakeStorage, suggester: FakeSuggester
) -> None:
    command = await sent(door(storage, suggester), APP.command(ANNA, "approve"))
    form = await sent(door(storage, suggester), APP.modal(ANNA, "requester:decline:5", {"reason": "old"}))
    typing = APP.autocomplete(ANNA, "approve", {"request": ""}, focused="request")
    choices = await sent(door(storage, suggester), typing)

    for answer in (command, form):
        assert (answer["type"], answer["data"]["flags"]) == (4, 64)
        assert "Only Usher's admins" in answer["data"]["content"]
    assert choices == {"type": 8, "data": {"choices": ()}}
    assert (storage.records, suggester.asked) == ([], [])


async def test_what_is_for_admins_is_done_for_one(storage: FakeStorage, suggester: FakeSuggester) -> None:
    await sent(door(storage, suggester), APP.command(ADMIN, "approve"))
    await sent(door(storage, suggester), APP.modal(ADMIN, "requester:decline:5", {"reason": "old"}))

    assert [record.subject for record in storage.records] == [
        "interactions.requester.approve",
        "interactions.requester.decline",
    ]
    assert {record.source for record in storage.records} == {"discord"}


async def test_what_everybody_may_see_is_promised_to_everybody(storage: FakeStorage, suggester: FakeSuggester) -> None:
    assert await sent(door(storage, suggester), APP.command(ANNA, "search")) == {"type": 5}


async def test_nothing_is_promised_that_is_not_stored(suggester: FakeSuggester) -> None:
    with pytest.raises(UnavailableError):
        await sent(door(FullStorage(), suggester), APP.command(ANNA, "search"))


async def test_a_body_that_dawdles_is_given_up(storage: FakeStorage, suggester: FakeSuggester) -> None:
    slow = door(storage, suggester, deadline=timedelta(seconds=0.05))

    with pytest.raises(TooSlowError):
        await slow.take(Delivery(), FakeClient(b"{", None))


async def test_choices_may_take_what_is_left_of_the_time(storage: FakeStorage, suggester: FakeSuggester) -> None:
    typing = APP.autocomplete(ANNA, "search", {"title": "he"}, focused="title")

    answer = await sent(door(storage, suggester, clock=Ticking()), typing)

    assert answer["data"]["choices"] == ({"name": "Heat", "value": "movie:949"},)
    assert suggester.asked == [("requester", "title", SUGGESTED_WITHIN - timedelta(seconds=1))]


async def test_what_is_not_known_is_logged_once(storage: FakeStorage, suggester: FakeSuggester) -> None:
    one = door(storage, suggester)

    with capture_logs() as logs:
        for _ in range(3):
            await sent(one, APP.command(ANNA, "abracadabra"))
            await sent(one, {**APP.command(ANNA, "search"), "type": 99})

    assert [(entry["what"], entry["name"]) for entry in logs if entry["event"] == "interaction_unknown"] == [
        ("CommandCalled", "abracadabra"),
        ("kind", "99"),
    ]
