"""How the gateway receives interactions: which are deferred, which answered at once, and in what time."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from services.gateway.discord.prompts import Prompts
from services.gateway.discord.receiver import ANSWERED_WITHIN, Application, Delivery, InteractionReceiver
from services.gateway.spool.record import Record
from services.gateway.webhooks.body import TooSlowError
from shared.discord.catalogue import Action, Catalogue
from shared.discord.command_format import Command
from shared.discord.components import Form, Label, TextInput
from shared.discord.slash_commands import Declared
from shared.errors import ForbiddenError, TransientError, UnavailableError, UsherError
from shared.keyring import Keyring, new_key
from shared.schemas.interactions import Choice, Choices, OpenedForm, OpenForm, Suggest
from shared.schemas.question import A, Question
from shared.sealing import Sealer
from simulators.discord.interactions import DiscordApp, Person
from tests.unit.gateway.fakes import FakeClient, FakeStorage

ANNA = Person(id="80351110224678912", name="anna", guild_id="197038439483310086", roles=("7",), permissions=8)
APP = DiscordApp()
MESSAGE = {"id": "900000000000000000", "content": "", "flags": 64}
REASON = Label(label="Why?", component=TextInput(custom_id="reason", style=2, value="Too old"))
FORM = Form(custom_id="requester:decline:5", title="Decline", components=(REASON,))
CATALOGUE = Catalogue(
    [
        Declared(service="requester", command=Command(name="search", description="Search"), is_personal=False),
        Declared(service="requester", command=Command(name="issue", description="Tell"), opens_form=True),
    ],
    [Action(service="requester", name="decline", is_for_admins=True, opens_form=True)],
)


class FullStorage:
    async def store(self, record: Record) -> bool:
        raise UnavailableError(f"no room for {record.source}")


class FakeService:
    """Answers with a choice and a form, or fails; records its questions."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Question[Any], timedelta]] = []
        self.error: UsherError | None = None
        self.form = msgspec.json.encode(FORM)
        self.choices = Choices([Choice("Heat", "movie:949")])

    async def __call__(self, question: Question[A], *, of: str, within: timedelta) -> A:
        self.asked.append((of, question, within))
        if self.error is not None:
            raise self.error
        answers = {Choices: self.choices, OpenedForm: OpenedForm(msgspec.Raw(self.form))}
        return msgspec.convert(answers[type(question).answer], type(question).answer)  # type: ignore[return-value]


class Ticking:
    """A clock that advances at every read."""

    def __init__(self, seconds: int = 1) -> None:
        self._seconds: Iterator[float] = iter(range(0, 1_000, seconds))

    def __call__(self) -> float:
        return next(self._seconds)


@pytest.fixture
def storage() -> FakeStorage:
    return FakeStorage()


@pytest.fixture
def service() -> FakeService:
    return FakeService()


def receiver(storage: Any, service: FakeService, **more: Any) -> InteractionReceiver:
    application = Application(id=APP.id, public_key=APP.public_key)
    sealer = Sealer(Keyring.parse(new_key("k1")))
    return InteractionReceiver(application, storage, sealer, Prompts(service), catalogue=CATALOGUE, **more)


async def sent(receiver: InteractionReceiver, interaction: Any) -> Any:
    headers, body = APP.signed(interaction)
    delivery = Delivery(signature=headers["X-Signature-Ed25519"], timestamp=headers["X-Signature-Timestamp"])
    return msgspec.json.decode(msgspec.json.encode(await receiver.take(delivery, FakeClient(body))))


async def test_what_everybody_may_see_is_promised_to_everybody(storage: FakeStorage, service: FakeService) -> None:
    assert await sent(receiver(storage, service), APP.command(ANNA, "search")) == {"type": 5}


async def test_nothing_is_promised_that_is_not_stored(service: FakeService) -> None:
    with pytest.raises(UnavailableError):
        await sent(receiver(FullStorage(), service), APP.command(ANNA, "search"))


async def test_a_body_that_dawdles_is_given_up(storage: FakeStorage, service: FakeService) -> None:
    slow = receiver(storage, service, deadline=timedelta(seconds=0.05))

    with pytest.raises(TooSlowError):
        await slow.take(Delivery(), FakeClient(b"{", None))


@pytest.mark.parametrize(
    "interaction",
    [APP.command(ANNA, "issue"), APP.button(ANNA, "requester:decline:5", message=MESSAGE)],
)
async def test_a_form_is_opened_at_once_and_nothing_is_stored(
    storage: FakeStorage, service: FakeService, interaction: dict[str, Any]
) -> None:
    answer = await sent(receiver(storage, service), interaction)

    assert (answer["type"], answer["data"]["custom_id"], answer["data"]["title"]) == (
        9,
        "requester:decline:5",
        "Decline",
    )
    (field,) = answer["data"]["components"]
    assert (field["label"], field["component"]["value"]) == ("Why?", "Too old")
    assert storage.records == []


async def test_a_service_is_told_who_asks_for_a_form_and_not_the_token(
    storage: FakeStorage, service: FakeService
) -> None:
    interaction = APP.button(ANNA, "requester:decline:5", message=MESSAGE)

    await sent(receiver(storage, service), interaction)

    ((of, question, _),) = service.asked
    assert isinstance(question, OpenForm)
    assert (of, msgspec.json.decode(question.payload)["member"]["roles"]) == ("requester", ["7"])
    assert interaction["token"].encode() not in bytes(question.payload)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (UnavailableError("the requester does not answer"), "Try again in a moment."),
        (TransientError("Seerr is busy", retry_after=timedelta(seconds=5)), "Seerr is busy. Try again in 5 seconds."),
        (ForbiddenError("only Usher's admins may do this"), "Only Usher's admins may do this."),
    ],
)
async def test_where_no_form_comes_the_person_alone_is_told_why(
    storage: FakeStorage, service: FakeService, error: UsherError, words: str
) -> None:
    service.error = error

    answer = await sent(receiver(storage, service), APP.button(ANNA, "requester:decline:5", message=MESSAGE))

    assert (answer["type"], answer["data"]["flags"]) == (4, 64)
    assert answer["data"]["content"].endswith(words)


async def test_a_form_of_a_newer_service_is_opened_as_it_is(storage: FakeStorage, service: FakeService) -> None:
    group = {"type": 21, "custom_id": "quality", "options": [{"label": "4K", "value": "4k"}]}
    form = {"custom_id": "requester:decline:5", "title": "Decline", "components": [{"type": 18, "component": group}]}
    service.form = msgspec.json.encode(form)

    answer = await sent(receiver(storage, service), APP.button(ANNA, "requester:decline:5", message=MESSAGE))

    assert answer == {"type": 9, "data": form}


async def test_choices_are_cut_as_discord_may_count_them(storage: FakeStorage, service: FakeService) -> None:
    service.choices = Choices([Choice("🎬" * 60, "movie:1"), Choice("Heat", "🎬" * 60)])

    answer = await sent(receiver(storage, service), APP.autocomplete(ANNA, "search", {"title": ""}, focused="title"))

    assert answer["data"]["choices"] == [{"name": "🎬" * 49 + "…", "value": "movie:1"}]


async def test_a_form_may_take_what_is_left_of_the_time_and_no_more(storage: FakeStorage, service: FakeService) -> None:
    click = APP.button(ANNA, "requester:decline:5", message=MESSAGE)

    in_time = await sent(receiver(storage, service, clock=Ticking()), click)
    late = await sent(receiver(storage, service, clock=Ticking(3)), click)

    assert (in_time["type"], late["type"], late["data"]["flags"]) == (9, 4, 64)
    assert "Try again" in late["data"]["content"]
    assert [within for _, _, within in service.asked] == [ANSWERED_WITHIN - timedelta(seconds=1)]


async def test_what_was_filled_in_is_stored_and_promised_an_answer(storage: FakeStorage, service: FakeService) -> None:
    alone = await sent(receiver(storage, service), APP.modal(ANNA, "requester:decline:5", {"reason": "old"}))
    below = APP.modal(ANNA, "requester:decline:5", {"reason": "old"}, message=MESSAGE)
    in_place = await sent(receiver(storage, service), below)

    assert (alone, in_place) == ({"type": 5, "data": {"flags": 64}}, {"type": 6})
    assert [record.subject for record in storage.records] == ["interactions.requester.decline"] * 2
    assert {record.source for record in storage.records} == {"discord"}
    assert service.asked == []


async def test_choices_may_take_what_is_left_of_the_time(storage: FakeStorage, service: FakeService) -> None:
    typing = APP.autocomplete(ANNA, "search", {"title": "he"}, focused="title")

    answer = await sent(receiver(storage, service, clock=Ticking()), typing)

    assert answer["data"]["choices"] == [{"name": "Heat", "value": "movie:949"}]
    ((of, question, within),) = service.asked
    assert isinstance(question, Suggest)
    assert (of, question.option, within) == ("requester", "title", ANSWERED_WITHIN - timedelta(seconds=1))
    assert (question.caller.roles, question.caller.is_administrator) == (("7",), True)


async def test_what_is_not_known_is_logged_once(storage: FakeStorage, service: FakeService) -> None:
    one = receiver(storage, service)

    with capture_logs() as logs:
        for _ in range(3):
            await sent(one, APP.command(ANNA, "abracadabra"))
            await sent(one, {**APP.command(ANNA, "search"), "type": 99})

    assert [(entry["what"], entry["name"]) for entry in logs if entry["event"] == "interaction_unknown"] == [
        ("CommandCalled", "abracadabra"),
        ("kind", "99"),
    ]
