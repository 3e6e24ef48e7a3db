"""Questions that somebody waits for: request and reply over nats.micro, with typed answers and typed errors.

A question is a `shared.schemas.question.Question`; its tag `noun.verb` and its service make the subject
`ask.<service>.<noun>.<verb>`. Replicas of a service share its questions as a queue group.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

import msgspec
import nats.errors
import nats.micro
import structlog
from nats.micro.request import ERROR_CODE_HEADER, Request
from nats.micro.service import Service

from shared import telemetry
from shared.bus import error_replies
from shared.bus.client import Client
from shared.bus.connection import Bus
from shared.error_boundary import ErrorBoundary
from shared.errors import UnavailableError, UsherError
from shared.schemas.question import A, Answer, Question
from shared.telemetry import Tracer
from shared.version import product_version

AT_ONCE: Final = 16
"""The most questions of one kind that a replica answers at once."""
_ON_THE_WAY: Final = timedelta(seconds=0.25)

log = structlog.get_logger()


def subject(service: str, question: type[Question[Any]]) -> str:
    """Return the subject of a question to a service."""
    return f"ask.{service}.{question.__struct_config__.tag}"


async def ask(bus: Bus, question: Question[A], *, of: str = "", within: timedelta | None = None) -> A:
    """Ask a service and return its answer, `within` the question's own limit by default.

    `of` names the service for a question that several answer. Raises what the service raised, or `UnavailableError`
    if it is away, too slow, or its answer cannot be read.
    """
    service = question.service or of
    headers = {telemetry.HEADER: telemetry.current_traceparent()}
    payload = msgspec.json.encode(question)
    patience = question.answered_within + _ON_THE_WAY if within is None else within
    try:
        reply = await bus.client.request(
            subject(service, type(question)), payload, timeout=patience.total_seconds(), headers=headers
        )
    except (nats.errors.Error, OSError, TimeoutError) as exc:
        raise UnavailableError(f"the {service} does not answer") from exc
    code = (reply.headers or {}).get(ERROR_CODE_HEADER)
    if code is not None:
        raise error_replies.error_of(service, code, reply.data)
    try:
        return msgspec.json.decode(reply.data, type=type(question).answer)  # type: ignore[return-value]
    except msgspec.MsgspecError as exc:
        raise UnavailableError(f"the {service} answered in the format of another version") from exc


class _Asked(msgspec.Struct, frozen=True):
    """A question that is being answered."""

    request: Request
    decoder: "msgspec.json.Decoder[Question[Any]]"
    answer: Callable[[Any], Awaitable[msgspec.Struct]]
    limit: timedelta
    room: asyncio.Semaphore


class Answers:
    """The questions that a service answers; a part of a `Bus`. Nothing is answered before and after `run`."""

    def __init__(self, service: str, answers: Sequence[Answer], *, tracer: Tracer) -> None:
        self._service = service
        self._answers = answers
        self._tracer = tracer
        self._micro: Service | None = None
        self._asked: asyncio.Queue[_Asked] = asyncio.Queue()
        self._open = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def attach(self, client: Client) -> None:
        """Listen on a new client; when this ends, the server knows of it."""
        self._micro = await nats.micro.add_service(client, name=f"usher-{self._service}", version=product_version())
        for answer in self._answers:
            question = answer.question
            tag = str(question.__struct_config__.tag)
            await self._micro.add_endpoint(
                name=tag.replace(".", "-"),
                subject=subject(self._service, question),
                queue_group=self._service,
                handler=self._handler(answer),
            )
        await client.flush()

    def lost(self) -> None:
        """Need nothing: the client subscribes again by itself."""

    async def run(self) -> None:
        """Answer until cancelled; callers still waiting then get an error."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                tasks.create_task(self._answer(await self._asked.get()))

    async def finish(self, *, within: timedelta) -> None:
        """Accept no more questions, and wait for those being answered."""
        with suppress(TimeoutError, nats.errors.Error, OSError):
            async with asyncio.timeout(within.total_seconds()):
                if self._micro is not None:
                    await self._micro.stop()
                await self._idle.wait()

    def _handler(self, answer: Answer) -> Callable[[Request], Awaitable[None]]:
        decoder, limit = msgspec.json.Decoder(answer.question), answer.question.answered_within
        room = asyncio.Semaphore(AT_ONCE)

        async def handle(request: Request) -> None:
            """Only make room: nats.micro waits for a handler before it gives the next question to it."""
            await room.acquire()
            self._open += 1
            self._idle.clear()
            self._asked.put_nowait(_Asked(request, decoder, answer.answer, limit, room))

        return handle

    async def _answer(self, asked: _Asked) -> None:
        request, is_answered = asked.request, False
        try:
            with self._tracer.span(request.subject, telemetry.traceparent_of(request.headers)), _boundary(request):
                await _reply(asked)
                is_answered = True
        finally:
            if not is_answered:
                await _give_up(request)
            asked.room.release()
            self._open -= 1
            if not self._open:
                self._idle.set()


async def _reply(asked: _Asked) -> None:
    try:
        async with asyncio.timeout(asked.limit.total_seconds()):
            answer = await asked.answer(asked.decoder.decode(asked.request.data))
    except (UsherError, msgspec.MsgspecError, TimeoutError) as exc:
        refusal = error_replies.reply_of(exc)
        if not isinstance(exc, UsherError):
            log.warning("question_failed", error=type(exc).__name__, reason=str(exc))
        await asked.request.respond_error(refusal.code, refusal.kind, refusal.payload)
    else:
        await asked.request.respond(msgspec.json.encode(answer))


async def _give_up(request: Request) -> None:
    with suppress(nats.errors.Error, OSError):
        await request.respond_error("500", "failed")


def _boundary(request: Request) -> ErrorBoundary:
    """Let a bug end with its question."""
    return ErrorBoundary("question_failed", question=request.subject)
