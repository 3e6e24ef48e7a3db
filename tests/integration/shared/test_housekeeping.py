"""A bug in a service's background work ends neither the service nor the handling of messages."""

import msgspec
from structlog.testing import capture_logs

from shared.bus.connection import Bus
from shared.bus.questions import ask
from shared.postgres.pool import Pool
from shared.runtime import Service
from shared.schemas.question import Question
from shared.schemas.secret import Secret
from tests.integration.service import at_work, parts_of, until


class Echoed(msgspec.Struct, frozen=True):
    word: str


class Echo(Question[Echoed], service="linker", tag="word.echo", frozen=True, kw_only=True):
    word: str


async def echo(question: Echo) -> Echoed:
    return Echoed(question.word)


async def test_a_bug_in_housekeeping_ends_no_service(bus: Bus, database_url: Secret, pool: Pool) -> None:
    await pool.execute("alter table inbox rename to somewhere_else")
    async with parts_of("linker", bus=bus, database_url=database_url) as parts:
        service = Service(parts)
        service.answer(Echo.answered_by(echo))
        with capture_logs() as lines:
            async with at_work(service):
                await until(
                    lambda: [each["loop"] for each in lines if each["event"] == "loop_failed"] == ["housekeeping"]
                )

                answer = await ask(bus, Echo(word="still here"))

    assert answer.word == "still here"
