"""Questions that somebody waits for: request and reply over nats.micro, with typed answers and typed errors.

A question is a tagged Struct; its tag `noun.verb` and the service make the subject `ask.<service>.<noun>.<verb>`.
Replicas of a service share its questions as a queue group. An error of `shared.errors` crosses the bus as its status,
detail and faults, and comes out on the asker's side as the same error.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Final, TypeVar

import msgspec
import nats.errors
import nats.micro
import structlog
from nats.aio.client import Client
from nats.micro.request import ERROR_CODE_HEADER, Request
from nats.micro.service import Service

from shared import errors, telemetry
from shared.bus.connection import Bus
from shared.errors import Fault, UnavailableError, UsherError
from shared.telemetry import Tracer

ANSWER_LIMIT: Final = timedelta(seconds=2.5)
AT_ONCE: Final = 16
"""Questions that a replica answers side by side."""
VERSION: Final = "1.0.0"

log = structlog.get_logger()
Answerer = Callable[[Any], Awaitable[msgspec.Struct]]
A = TypeVar("A", bound=msgspec.Struct)


class _Problem(msgspec.Struct):
    detail: str
    faults: tuple[Fault, ...] = ()


_KINDS: Final[Mapping[str, type[UsherError]]] = {
    str(kind.status): kind
    for kind in (
        errors.InvalidError,
        errors.UnauthorizedError,
        errors.ForbiddenError,
        errors.NotFoundError,
        errors.ConflictError,
        errors.TooLargeError,
    )
}


def subject(service: str, question: type[msgspec.Struct]) -> str:
    """Return the subject of a question to a service."""
    return f"ask.{service}.{question.__struct_config__.tag}"


def limit_of(question: type[msgspec.Struct]) -> timedelta:
    """Return how long an answer may take: `within` of the question's type, for those that ask other systems."""
    limit: timedelta = getattr(question, "within", ANSWER_LIMIT)
    return limit


async def ask(
    bus: Bus, service: str, question: msgspec.Struct, answer: type[A], *, within: timedelta | None = None
) -> A:
    """Ask a service and return its answer.

    Raises what the service raised, or `UnavailableError` where it is away, too slow, or answers what we cannot read.
    """
    headers = {telemetry.HEADER: telemetry.current_traceparent()}
    payload = msgspec.json.encode(question)
    limit = within or limit_of(type(question))
    try:
        reply = await bus.client.request(
            subject(service, type(question)), payload, timeout=limit.total_seconds(), headers=headers
        )
    except (nats.errors.Error, OSError, TimeoutError) as exc:
        raise UnavailableError(f"the {service} does not answer") from exc
    code = (reply.headers or {}).get(ERROR_CODE_HEADER)
    if code is not None:
        raise _error(service, code, reply.data)
    try:
        return msgspec.json.decode(reply.data, type=answer)
    except msgspec.MsgspecError as exc:
        raise UnavailableError(f"the {service} gave an answer of another version") from exc


def _error(service: str, code: str, payload: bytes) -> UsherError:
    kind = _KINDS.get(code)
    if kind is None:
        return UnavailableError(f"the {service} could not answer")
    problem = msgspec.json.decode(payload, type=_Problem)
    return kind(problem.detail, faults=problem.faults)


class Answers:
    """The questions that a service answers; a part of a `Bus`."""

    def __init__(self, service: str, answerers: Mapping[type[msgspec.Struct], Answerer], *, tracer: Tracer) -> None:
        self._service = service
        self._answerers = answerers
        self._tracer = tracer
        self._micro: Service | None = None
        self._room = asyncio.Semaphore(AT_ONCE)
        self._answering: set[asyncio.Task[None]] = set()

    async def attach(self, client: Client) -> None:
        """Listen on a new client."""
        self._micro = await nats.micro.add_service(client, name=f"usher-{self._service}", version=VERSION)
        for question, answerer in self._answerers.items():
            tag = str(question.__struct_config__.tag)
            await self._micro.add_endpoint(
                name=tag.replace(".", "-"),
                subject=subject(self._service, question),
                queue_group=self._service,
                handler=self._handler(question, answerer),
            )

    def lost(self) -> None:
        """Need nothing: the client subscribes again by itself."""

    def _handler(self, question: type[msgspec.Struct], answerer: Answerer) -> Callable[[Request], Awaitable[None]]:
        decoder = msgspec.json.Decoder(question)

        async def handle(request: Request) -> None:
            """Begin to answer: nats.micro waits for a handler before it gives the next question to it."""
            await self._room.acquire()
            task = asyncio.create_task(self._answer(request, decoder, answerer))
            self._answering.add(task)
            task.add_done_callback(self._answered)

        return handle

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._answering.discard(task)
        self._room.release()
        if not task.cancelled():
            task.exception()  # it was logged where it was raised

    async def _answer(
        self, request: Request, decoder: "msgspec.json.Decoder[msgspec.Struct]", answerer: Answerer
    ) -> None:
        name = request.subject
        is_answered = False
        try:
            with self._tracer.span(name, telemetry.traceparent_of(request.headers)), _Noticed(name):
                await _reply(request, decoder, answerer)
                is_answered = True
        finally:
            if not is_answered:
                await request.respond_error("500", "failed")


async def _reply(request: Request, decoder: "msgspec.json.Decoder[msgspec.Struct]", answerer: Answerer) -> None:
    try:
        question = decoder.decode(request.data)
        async with asyncio.timeout(limit_of(type(question)).total_seconds()):
            answer = await answerer(question)
    except (UsherError, msgspec.MsgspecError, TimeoutError) as exc:
        await _refuse(request, exc)
    else:
        await request.respond(msgspec.json.encode(answer))


class _Noticed:
    """Logs a bug on its way to nats.micro, which would only answer 500 and say nothing here."""

    def __init__(self, question: str) -> None:
        self._question = question

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _traceback: object) -> None:
        if error is not None and not isinstance(error, asyncio.CancelledError):
            log.error("question_failed", question=self._question, error=type(error).__name__, reason=str(error))


async def _refuse(request: Request, error: UsherError | msgspec.MsgspecError | TimeoutError) -> None:
    if isinstance(error, UsherError):
        problem = _Problem(error.detail, error.faults)
        await request.respond_error(str(error.status), type(error).__name__, msgspec.json.encode(problem))
        return
    log.warning("question_failed", error=type(error).__name__, reason=str(error))
    await request.respond_error("503", type(error).__name__, msgspec.json.encode(_Problem(str(error))))
