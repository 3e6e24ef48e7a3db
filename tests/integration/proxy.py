"""A proxy to Postgres or NATS that can be blocked: then nothing arrives, and nothing comes back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

from shared.schemas.secret import Secret


class Proxy:
    """Passes bytes on while it is open."""

    def __init__(self, url: Secret) -> None:
        self._url = urlsplit(url.reveal())
        self._open = asyncio.Event()
        self._open.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._is_away = False
        self.port = 0

    @property
    def url(self) -> Secret:
        """The address to connect to through the proxy."""
        netloc = f"{self._url.netloc.rpartition('@')[0]}@127.0.0.1:{self.port}"
        return Secret(urlunsplit(self._url._replace(netloc=netloc)))

    def block(self) -> None:
        self._open.clear()

    def unblock(self) -> None:
        self._open.set()

    async def cut(self) -> None:
        """Break all connections, and give the other side time to notice."""
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.05)

    async def go_away(self) -> None:
        """Break all connections and take no new ones."""
        self._is_away = True
        await self.cut()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_away:
            writer.close()
            return
        there, back = await asyncio.open_connection(self._url.hostname, self._url.port)
        self._writers.add(writer)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pass_on(reader, back))
                tasks.create_task(self._pass_on(there, writer))
        except* ConnectionError:
            pass  # that is what `cut` is for
        finally:
            self._writers.discard(writer)
            back.close()
            writer.close()

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            await self._open.wait()
            target.write(data)
        target.close()


@asynccontextmanager
async def before(url: Secret) -> AsyncIterator[Proxy]:
    proxy = Proxy(url)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        proxy.unblock()
        server.close()
