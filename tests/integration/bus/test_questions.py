"""Questions and answers over a real nats-server."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import ClassVar

import msgspec
import pytest

from shared.bus.connection import Bus
from shared.bus.questions import ask
from shared.errors import (
    BadGatewayError,
    ConflictError,
    Fault,
    GoneError,
    InvalidError,
    PermanentError,
    ThrottledError,
    TransientError,
    UnavailableError,
    UnprocessableError,
    UsherError,
)
from shared.schemas.question import Question
from tests.integration.service import answering, until


class Doubled(msgspec.Struct, frozen=True):
    number: int


class Double(Question[Doubled], service="linker", tag="number.double", frozen=True):
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
async def asked(bus: Bus) -> AsyncIterator[Bus]:
    async with answering(bus, "linker", Double.answered_by(answer)):
        yield bus


async def test_a_question_gets_its_answer(asked: Bus) -> None:
    assert await ask(asked, Double(number=21)) == Doubled(42)


async def test_an_error_comes_out_as_the_same_error(asked: Bus) -> None:
    with pytest.raises(ConflictError, match="13 is not doubled"):
        await ask(asked, Double(number=13))
    with pytest.raises(InvalidError) as caught:
        await ask(asked, Double(number=14))

    assert caught.value.faults == (Fault("number", "too even"),)


async def test_a_bug_says_nothing_of_itself_to_the_asker(asked: Bus) -> None:
    with pytest.raises(UnavailableError) as caught:
        await ask(asked, Double(number=15))

    assert "canary" not in str(caught.value)


async def test_a_missing_service_is_reported_at_once(bus: Bus) -> None:
    with pytest.raises(UnavailableError, match="the linker does not answer"):
        await ask(bus, Double(number=1), within=timedelta(seconds=1))


class Other(msgspec.Struct):
    text: str


class DoubleInWords(Question[Other], service="linker", tag="number.double", frozen=True):
    number: int


async def test_an_answer_of_another_version_is_no_answer(asked: Bus) -> None:
    with pytest.raises(UnavailableError, match="another version"):
        await ask(asked, DoubleInWords(number=1))


async def test_questions_are_answered_on_a_new_client_too(asked: Bus) -> None:
    old = asked.client
    await old.close()
    await until(lambda: asked.is_connected and asked.client is not old)
    await asked.ready()

    assert await ask(asked, Double(number=2)) == Doubled(4)


async def test_a_slow_question_keeps_no_other_waiting(bus: Bus) -> None:
    release = asyncio.Event()

    async def slow(question: Double) -> Doubled:
        if question.number == 1:
            await release.wait()
        return Doubled(question.number * 2)

    async with answering(bus, "linker", Double.answered_by(slow)):
        first = asyncio.create_task(ask(bus, Double(number=1)))

        assert await ask(bus, Double(number=2)) == Doubled(4)
        release.set()
        assert await first == Doubled(2)


class Lookup(Question[Doubled], service="linker", tag="number.lookup", frozen=True):
    answered_within: ClassVar[timedelta] = timedelta(seconds=15)


async def test_a_question_that_needs_another_system_may_take_longer(bus: Bus) -> None:
    async def look_up(_: Lookup) -> Doubled:
        await asyncio.sleep(3)
        return Doubled(1)

    async with answering(bus, "linker", Lookup.answered_by(look_up)):
        assert await ask(bus, Lookup()) == Doubled(1)


async def test_an_answer_that_takes_too_long_is_reported(bus: Bus) -> None:
    async def dawdle(_: Double) -> Doubled:
        await asyncio.sleep(60)
        return Doubled(1)

    async with answering(bus, "linker", Double.answered_by(dawdle)):
        with pytest.raises(UnavailableError, match="took too long"):
            await ask(bus, Double(number=1))


@pytest.mark.parametrize(
    "error",
    [
        BadGatewayError("Plex refused the request (400)"),
        GoneError("the PIN has expired"),
        UnprocessableError("a movie has no seasons"),
        TransientError("plex.tv answered 503"),
        TransientError("plex.tv asks to wait (429)", retry_after=timedelta(seconds=41)),
        ThrottledError("too many tries", retry_after=timedelta(seconds=7)),
        UnavailableError("Postgres is away (OSError)"),
    ],
)
async def test_every_kind_of_failure_comes_out_as_itself(bus: Bus, error: UsherError) -> None:
    async def fail(_: Double) -> Doubled:
        raise error

    async with answering(bus, "linker", Double.answered_by(fail)):
        with pytest.raises(type(error)) as caught:
            await ask(bus, Double(number=1))

    assert type(caught.value) is type(error)
    assert error.detail in caught.value.detail
    assert getattr(caught.value, "retry_after", None) == getattr(error, "retry_after", None)


async def test_what_has_no_status_of_its_own_is_reported_too(bus: Bus) -> None:
    async def fail(_: Double) -> Doubled:
        raise PermanentError("the key 2024 is missing")

    async with answering(bus, "linker", Double.answered_by(fail)):
        with pytest.raises(UnavailableError, match="the key 2024 is missing"):
            await ask(bus, Double(number=1))


async def test_a_wait_beyond_all_calendars_crosses_the_bus(bus: Bus) -> None:
    async def fail(_: Double) -> Doubled:
        raise TransientError("an age", retry_after=timedelta.max)

    async with answering(bus, "linker", Double.answered_by(fail)):
        with pytest.raises(TransientError, match="an age"):
            await ask(bus, Double(number=1))


async def test_a_question_that_is_being_answered_at_a_stop_gets_its_answer(bus: Bus) -> None:
    begun, release = asyncio.Event(), asyncio.Event()

    async def wait(_: Double) -> Doubled:
        begun.set()
        await release.wait()
        return Doubled(2)

    async with answering(bus, "linker", Double.answered_by(wait)) as answers:
        first = asyncio.create_task(ask(bus, Double(number=1)))
        await begun.wait()
        finishing = asyncio.create_task(answers.finish(within=timedelta(seconds=2)))
        await asyncio.sleep(0.1)

        with pytest.raises(UnavailableError):
            await ask(bus, Double(number=1))
        release.set()
        assert await first == Doubled(2)
        await finishing


async def test_a_question_that_outlasts_a_stop_is_told_so_at_once(bus: Bus) -> None:
    begun = asyncio.Event()

    async def hang(_: Double) -> Doubled:
        begun.set()
        await asyncio.sleep(60)
        return Doubled(1)

    async with answering(bus, "linker", Double.answered_by(hang)):
        first = asyncio.create_task(ask(bus, Double(number=1), within=timedelta(hours=1)))
        await begun.wait()

    with pytest.raises(UnavailableError, match="could not answer"):
        await first


async def test_a_bug_ends_no_other_question(asked: Bus) -> None:
    with pytest.raises(UnavailableError):
        await ask(asked, Double(number=15))

    assert await ask(asked, Double(number=2)) == Doubled(4)
