"""Load at a fixed rate, as real senders cause it: each request at its own time, whether the last was answered or not.

Latencies count from when a request was due, not from when it got a connection, so that a stall shows in every request
that was due during it.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

import msgspec

from simulators.senders import Post

_ANSWER_LIMIT_S: Final = 15.0


class Answer(msgspec.Struct, frozen=True):
    """What came back; `status` is 0 if the connection failed or nothing came in time."""

    number: int
    status: int
    body: bytes
    latency_s: float


class Client:
    """Keep-alive HTTP/1.1 connections to one server, as many as are needed at once."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def post(self, path: str, post: Post) -> tuple[int, bytes]:
        """Send, and return status and body, or (0, b"") if the server is away or cuts the connection."""
        lines = [f"POST {path} HTTP/1.1", f"Host: {self._host}:{self._port}", f"Content-Length: {len(post.body)}"]
        lines += [f"{name}: {value}" for name, value in post.headers.items()]
        request = "\r\n".join(lines).encode() + b"\r\n\r\n" + post.body
        try:
            async with asyncio.timeout(_ANSWER_LIMIT_S):
                return await self._exchange(request)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
            return 0, b""

    async def _exchange(self, request: bytes) -> tuple[int, bytes]:
        connection = self._idle.pop() if self._idle else await asyncio.open_connection(self._host, self._port)
        reader, writer = connection
        is_reusable = False
        try:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = next((line[15:] for line in head.split("\r\n") if line.startswith("content-length:")), "0")
            body = await reader.readexactly(int(length))
            is_reusable = "connection: close" not in head
        finally:
            if is_reusable:
                self._idle.append(connection)
            else:
                writer.close()
        return int(head.split(" ", 2)[1]), body

    async def open(self, connections: int) -> None:
        """Open connections in advance, as a sender that has run for a while has them."""
        self._idle += await asyncio.gather(
            *(asyncio.open_connection(self._host, self._port) for _ in range(connections))
        )

    def close(self) -> None:
        """Close all connections."""
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()


async def send_at(rate: float, client: Client, path: str, posts: Sequence[Post]) -> list[Answer]:
    """Send all posts at `rate` a second, and return the answers in the order of the posts.

    Each task starts when its post is due: tasks and timers for all posts at once would make the sender itself late.
    """
    began = time.perf_counter()

    async def send(number: int, post: Post) -> Answer:
        status, body = await client.post(path, post)
        return Answer(number, status, body, time.perf_counter() - (began + number / rate))

    running = []
    async with asyncio.TaskGroup() as tasks:
        for number, post in enumerate(posts):
            if (early := began + number / rate - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            running.append(tasks.create_task(send(number, post)))
    return [task.result() for task in running]


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0 to 1) of the values lie, or 0 without values."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
