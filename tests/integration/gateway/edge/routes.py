"""Routes that take any time, beside those of the webhooks."""

import asyncio
from collections.abc import AsyncIterator

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream


class Routes:
    """`/large` is more than the system takes for a client, `/gated` waits for the gate, the other two never end."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.asked = 0
        self.streams = 0

    def handlers(self) -> list[HTTPRouteHandler]:
        @get("/large", media_type="text/plain")
        async def large() -> bytes:
            return b"x" * 20_000_000

        @get("/gated", media_type="text/plain")
        async def gated() -> str:
            self.asked += 1
            await self.gate.wait()
            return "gone through"

        @get("/endless")
        async def endless() -> Stream:
            return Stream(self._lines(8), media_type="text/event-stream")

        @get("/torrent")
        async def torrent() -> Stream:
            return Stream(self._lines(60_000), media_type="text/event-stream")

        return [large, gated, endless, torrent]

    async def _lines(self, size: int) -> AsyncIterator[bytes]:
        self.streams += 1
        try:
            while True:
                yield b":" * size + b"\n\n"
                await asyncio.sleep(0.005)
        finally:
            self.streams -= 1
