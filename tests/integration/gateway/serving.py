"""The webhook routes on a real server, and a client that controls every byte."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec
import uvicorn
from litestar.handlers import HTTPRouteHandler
from uvicorn.server import ServerState

from services.gateway import problems
from services.gateway.connections import LimitedProtocol
from services.gateway.edge import Edge
from services.gateway.webhook_secrets.check import SecretEntry, Secrets, digest
from services.gateway.webhooks.receiver import Receiver, Storage
from shared.schemas.webhook_senders import SOURCES
from tests.unit.gateway.fakes import webhooks

SECRETS = Secrets([SecretEntry(id=source, digest=digest(f"{source}-secret"), source=source) for source in SOURCES])
BODY_DEADLINE = timedelta(seconds=0.3)


class QuickProtocol(LimitedProtocol):
    deadline = 0.8


class ImpatientProtocol(LimitedProtocol):
    write_deadline = 0.1


class NarrowProtocol(LimitedProtocol):
    most_at_once = 2


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    def is_problem(self) -> bool:
        problem = self.json()
        return (
            self.headers["content-type"] == problems.MEDIA_TYPE
            and problem["status"] == self.status
            and bool(problem["title"])
            and bool(problem["detail"])
        )


class Client:
    """One connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self) -> Answer:
        async with asyncio.timeout(30):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            lines = (line.partition(": ") for line in head[1:] if line)
            headers = {name.lower(): value for name, _, value in lines}
            body = await self._reader.readexactly(int(headers.get("content-length", 0)))
        return Answer(int(head[0].split()[1]), headers, body)

    async def is_hung_up(self) -> bool:
        async with asyncio.timeout(30):
            try:
                return await self._reader.read() == b""
            except ConnectionError:
                return True

    def hang_up(self) -> None:
        self._writer.close()


class Gateway:
    """A running server."""

    def __init__(self, port: int) -> None:
        self.port = port

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Client]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield Client(reader, writer)
        finally:
            writer.close()

    async def ask(self, *pieces: bytes) -> Answer:
        async with self.connected() as client:
            for piece in pieces:
                await client.send(piece)
            return await client.answer()


class Served(Gateway):
    """A server in the test's own process."""

    def __init__(self, port: int, state: ServerState) -> None:
        super().__init__(port)
        self._state = state

    @property
    def connections(self) -> list[LimitedProtocol]:
        return [each for each in self._state.connections if isinstance(each, LimitedProtocol)]

    def is_idle(self) -> bool:
        """Tell whether no client is connected and no request is running."""
        return not self._state.connections and not self._state.tasks


@asynccontextmanager
async def serving(
    storage: Storage,
    *,
    protocol: type[LimitedProtocol] = LimitedProtocol,
    deadline: timedelta = BODY_DEADLINE,
    beside: Sequence[HTTPRouteHandler] = (),
    keep_alive_s: float = 5,
) -> AsyncIterator[Served]:
    """Serve the webhook routes, and others `beside` them."""
    app = Edge(webhooks(Receiver(SECRETS, storage, deadline=deadline), *beside))
    config = uvicorn.Config(app, http=protocol, ws="none", lifespan="off", access_log=False, log_config=None)
    config.timeout_keep_alive = keep_alive_s  # type: ignore[assignment]  # less than a second is good enough for it
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield Served(listener.getsockname()[1], server.server_state)
        finally:
            server.should_exit = server.force_exit = True
            await task


def head(target: str, *headers: str, method: str = "POST") -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: usher", *headers, "", ""]).encode("latin-1")


def post(target: str, body: bytes, content_type: str, *headers: str) -> bytes:
    return head(target, f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *headers) + body


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)
