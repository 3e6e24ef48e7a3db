"""Questions and answers over a real nats-server."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from shared.bus.connection import Bus
from shared.bus.questions import Answers, ask
from shared.errors import ConflictError, Fault, InvalidError, UnavailableError
from shared.telemetry import Tracer
from tests.integration.service import until


class Double(msgspec.Struct, frozen=True, tag="number.double"):
    number: int


class Doubled(msgspec.Struct, frozen=True):
    number: int


async def answer(question: Double) -> Doubled:
    if question.number == 13:
        raise ConflictError("13 is not doubled")
    if question.number == 14:
        raise InvalidError("14 is wrong", faults=(Fault("number", "too even"),))
    if question.number == 15:
        raise KeyError("canary-in-a-bug")
    return Doubled(question.number * 2)


@pytest.fixture
async def asked(bus: Bus) -> Bus:
    await bus.add(Answers("linker", {Double: answer}, tracer=Tracer()))
    await bus.client.flush()
    return bus


async def test_a_question_gets_its_answer(asked: Bus) -> None:
    assert await ask(asked, "linker", Double(21), Doubled) == Doubled(42)


async def test_an_error_comes_out_as_the_same_error(asked: Bus) -> None:
    with pytest.raises(ConflictError, match="13 is not doubled"):
        await ask(asked, "linker", Double(13), Doubled)
    with pytest.raises(InvalidError) as caught:
        await ask(asked, "linker", Double(14), Doubled)

    assert caught.value.faults == (Fault("number", "too even"),)


async def test_a_bug_says_nothing_of_itself_to_the_asker(asked: Bus) -> None:
    with pytest.raises(UnavailableError) as caught:
        await ask(asked, "linker", Double(15), Doubled)

    assert "canary" not in str(caught.value)


async def test_nobody_there_is_said_at_once(bus: Bus) -> None:
    with pytest.raises(UnavailableError, match="the linker does not answer"):
        await ask(bus, "linker", Double(1), Doubled, within=timedelta(seconds=1))


async def test_an_answer_of_another_version_is_no_answer(asked: Bus) -> None:
    class Other(msgspec.Struct):
        text: str

    with pytest.raises(UnavailableError, match="another version"):
        await ask(asked, "linker", Double(1), Other)


async def test_questions_are_answered_on_a_new_client_too(asked: Bus) -> None:
    old = asked.client
    await old.close()
    await until(lambda: asked.is_connected and asked.client is not old)

    assert await ask(asked, "linker", Double(2), Doubled) == Doubled(4)


async def test_a_slow_question_keeps_no_other_waiting(bus: Bus) -> None:
    release = asyncio.Event()

    async def slow(question: Double) -> Doubled:
        if question.number == 1:
            await release.wait()
        return Doubled(question.number * 2)

    await bus.add(Answers("linker", {Double: slow}, tracer=Tracer()))
    await bus.client.flush()
    first = asyncio.create_task(ask(bus, "linker", Double(1), Doubled))

    assert await ask(bus, "linker", Double(2), Doubled, within=timedelta(seconds=1)) == Doubled(4)
    release.set()
    assert await first == Doubled(2)
