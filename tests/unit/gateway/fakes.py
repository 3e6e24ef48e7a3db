"""Fakes of what the gateway uses; they record their calls."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from litestar import Litestar
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler

from services.gateway import problems
from services.gateway.spool.record import Record, SpoolFullError
from services.gateway.webhooks.receiver import Receiver
from services.gateway.webhooks.routes import WebhookController
from shared.bus.publishing import Stored
from shared.errors import UnavailableError

Answer = Callable[[asyncio.Future[Stored], bool], None]


def acknowledge(future: asyncio.Future[Stored], duplicate: bool) -> None:  # noqa: FBT001
    future.set_result(Stored("WEBHOOKS", 1, duplicate))


def say_nothing(future: asyncio.Future[Stored], duplicate: bool) -> None:  # noqa: FBT001
    """Never answer, like a frozen server."""


def refuse(future: asyncio.Future[Stored], duplicate: bool) -> None:  # noqa: FBT001
    future.set_exception(UnavailableError("the stream is full"))


class FakePublisher:
    """JetStream: `messages` are the stored ones, in order and each id once; `sent` are all attempts."""

    def __init__(self, answer: Answer = acknowledge) -> None:
        self.answer = answer
        self.is_connected = True
        self.sent: list[str] = []
        self.messages: dict[str, bytes] = {}
        self.subjects: list[str] = []
        self.headers: list[Mapping[str, str]] = []
        self.futures: list[asyncio.Future[Stored]] = []

    async def begin(
        self, subject: str, data: bytes, *, message_id: str, headers: Mapping[str, str] | None = None
    ) -> asyncio.Future[Stored]:
        if not self.is_connected:
            raise UnavailableError("there is no connection")
        self.sent.append(message_id)
        future: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        self.answer(future, message_id in self.messages)
        if future.done() and not future.exception():
            self.messages.setdefault(message_id, data)
            self.subjects.append(subject)
            self.headers.append(headers or {})
        self.futures.append(future)
        return future

    async def publish(
        self, subject: str, data: bytes, *, message_id: str, headers: Mapping[str, str] | None = None
    ) -> Stored:
        return await (await self.begin(subject, data, message_id=message_id, headers=headers))


class FakeSpool:
    """A spool in memory."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.is_full = False

    def holds(self, source: str) -> bool:
        return any(record.source == source for record in self.records)

    async def append(self, record: Record) -> None:
        if self.is_full:
            raise SpoolFullError("the spool is full")
        self.records.append(record)


class FakeStorage:
    """Where the gateway stores webhooks."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    async def store(self, record: Record) -> bool:
        duplicate = any(each.message_id == record.message_id for each in self.records)
        self.records.append(record)
        return duplicate


def webhooks(receiver: Receiver, *beside: HTTPRouteHandler) -> Litestar:
    """Return an application of the webhook routes, and of others `beside` them."""
    return Litestar(
        [WebhookController, *beside],
        dependencies={"receiver": Provide(lambda: receiver, sync_to_thread=False)},
        exception_handlers=problems.handlers(),
    )


class FakeClient:
    """ASGI's `receive` for a client that sends these pieces; at `None` it stalls, at the end it disconnects."""

    def __init__(self, *pieces: bytes | None, complete: bool = True) -> None:
        self._pieces = list(pieces)
        self._complete = complete
        self.asked = 0

    async def __call__(self) -> Any:
        self.asked += 1
        if not self._pieces:
            return {"type": "http.request", "body": b"", "more_body": False} if self._complete else GONE
        piece = self._pieces.pop(0)
        if piece is None:
            await asyncio.get_running_loop().create_future()
        return {"type": "http.request", "body": piece, "more_body": bool(self._pieces) or not self._complete}


GONE = {"type": "http.disconnect"}


def record(number: int = 0, *, source: str = "plex", size: int = 10) -> Record:
    return Record(
        source=source,
        subject=f"webhooks.{source}.test",
        message_id=f"{source}-{number}",
        data=b"x" * size,
        headers={"traceparent": f"00-{number:032x}-{1:016x}-01"},
    )
