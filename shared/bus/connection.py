"""The one connection of a process to NATS, which survives whatever happens to it.

nats-py gives up for good (CLOSED) on some server errors even with endless reconnection, and requests that the server
holds are lost with the connection. So a supervisor owns the client. When the client closes, a new one is made and every
part subscribes again; when it only reconnects, every part is told to ask again.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final, Protocol

import nats.errors
import structlog

from shared import telemetry
from shared.bus import streams
from shared.bus.acknowledgements import Acknowledgements
from shared.bus.client import Client
from shared.bus.publishing import ACK_TIMEOUT_S, Stored
from shared.bus.reconciler import Reconciler
from shared.errors import TooLargeError, UnavailableError
from shared.schemas.secret import Secret
from shared.settings import SettingsError

_PAUSE_S: Final = 0.5
_CLOSE_WITHIN_S: Final = 2
_SCHEMES: Final = ("nats://", "tls://", "ws://", "wss://")

log = structlog.get_logger()


class Part(Protocol):
    """Something that uses the connection: a pull loop, a set of answers."""

    async def attach(self, client: Client) -> None:
        """Subscribe on a new client; called again for each later client."""
        ...

    def lost(self) -> None:
        """Take note that the connection broke and is back: the server has forgotten earlier requests."""
        ...


class Bus:
    """The connection: publishes with acknowledgement (`Publisher`), and attaches parts that subscribe."""

    def __init__(self, url: Secret, *, name: str, credentials: str = "", replicas: int = 1) -> None:
        self._url = url
        self._name = name
        self._credentials = credentials
        self._replicas = replicas
        self._client: Client | None = None
        self._closed = asyncio.Event()
        self._usable = asyncio.Event()
        self._parts: list[Part] = []
        self._reconciler = Reconciler(lambda: self.client, replicas=replicas)
        self._acknowledgements = Acknowledgements(on_no_stream=self._reconciler.request)

    @property
    def is_connected(self) -> bool:
        """True while messages can be sent."""
        return self._client is not None and self._client.is_connected

    @property
    def client(self) -> Client:
        """The current client; raises `UnavailableError` while there is none."""
        if self._client is None or not self._client.is_connected:
            raise UnavailableError("NATS is away")
        return self._client

    async def ready(self) -> None:
        """Wait until connected, with the streams as declared."""
        await self._usable.wait()

    async def add(self, part: Part) -> None:
        """Attach a part now, if connected, and to every later client."""
        self._parts.append(part)
        if not self._usable.is_set() or self._client is None:
            return
        try:
            await part.attach(self._client)
        except (nats.errors.Error, OSError, TimeoutError) as exc:
            log.warning("nats_part_not_attached", error=type(exc).__name__, reason=str(exc))
            await _close(self._client)  # a new one is made, and all parts are attached to it

    async def begin(
        self, subject: str, data: bytes, *, message_id: str, headers: Mapping[str, str] | None = None
    ) -> asyncio.Future[Stored]:
        """See `Publisher.begin`."""
        if len(data) > streams.MAX_PAYLOAD:
            raise TooLargeError(f"a message of {len(data)} bytes: the most is {streams.MAX_PAYLOAD}")
        client = self.client
        reply, future = self._acknowledgements.open()
        sent = {**(headers or {}), "Nats-Msg-Id": message_id}
        try:
            await client.publish(subject, data, reply=reply, headers=sent)
        except (nats.errors.Error, OSError) as exc:
            future.cancel()
            raise UnavailableError(f"NATS is away ({type(exc).__name__})") from exc
        return future

    async def publish(
        self, subject: str, data: bytes, *, message_id: str, headers: Mapping[str, str] | None = None
    ) -> Stored:
        """See `Publisher.publish`."""
        try:
            async with asyncio.timeout(ACK_TIMEOUT_S):
                return await (await self.begin(subject, data, message_id=message_id, headers=headers))
        except TimeoutError as exc:
            raise UnavailableError("NATS did not acknowledge in time") from exc

    def stream_is_missing(self) -> None:
        """Have all streams checked, because one is missing; missing ones are created again."""
        self._reconciler.request()

    async def run(self) -> None:
        """Stay connected until cancelled, with a new client whenever one closes for good."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._reconciler.run())
            tasks.create_task(self._keep_connected())

    async def _keep_connected(self) -> None:
        made = 0
        while True:
            self._closed.clear()
            client = Client()
            try:
                await self._connect(client)
                await self._attach(client)
                if made:
                    telemetry.NATS_RECONNECTS.labels("new client").inc()
                made += 1
                await self._closed.wait()
                log.warning("nats_closed", reason="the client gave up; a new one is made")
            except (nats.errors.Error, OSError, TimeoutError, UnavailableError) as exc:
                log.warning("nats_connect_failed", error=type(exc).__name__, reason=str(exc))
            finally:
                self._usable.clear()
                telemetry.NATS_CONNECTED.set(0)
                await _close(client)
            await asyncio.sleep(_PAUSE_S)

    async def _connect(self, client: Client) -> None:
        await client.connect(
            servers=[server.strip() for server in self._url.reveal().split(",")],
            name=self._name,
            user_credentials=self._credentials or None,
            connect_timeout=2,
            reconnect_time_wait=_PAUSE_S,
            max_reconnect_attempts=-1,
            allow_reconnect=True,
            ping_interval=5,
            max_outstanding_pings=2,
            pending_size=0,
            inbox_prefix=f"_INBOX_{self._name}",
            error_cb=self._on_error,
            disconnected_cb=partial(self._on_disconnected, client),
            reconnected_cb=self._on_reconnected,
            closed_cb=self._on_closed,
        )

    async def _attach(self, client: Client) -> None:
        await self._acknowledgements.attach(client)
        await streams.reconcile_streams(client, replicas=self._replicas)
        self._client = client
        for part in self._parts:
            await part.attach(client)
        self._usable.set()
        telemetry.NATS_CONNECTED.set(1)
        log.info(
            "nats_connected", server=client.connected_url.netloc.rpartition("@")[2] if client.connected_url else ""
        )

    async def _on_error(self, error: Exception) -> None:
        log.warning("nats_error", error=type(error).__name__, reason=str(error))

    async def _on_disconnected(self, client: Client) -> None:
        telemetry.NATS_CONNECTED.set(0)
        self._acknowledgements.fail("the connection to NATS was lost")
        if not client.is_closed:  # else we closed it, or it gave up, which is said as `nats_closed`
            log.warning("nats_disconnected")

    async def _on_reconnected(self) -> None:
        telemetry.NATS_CONNECTED.set(1)
        telemetry.NATS_RECONNECTS.labels("same client").inc()
        for part in self._parts:
            part.lost()
        log.info("nats_reconnected")

    async def _on_closed(self) -> None:
        self._acknowledgements.fail("the connection to NATS was closed")
        self._closed.set()


async def _close(client: Client) -> None:
    """Close without draining: after a cancelled pull, nats-py's drain waits for its whole timeout."""
    with suppress(nats.errors.Error, OSError, TimeoutError):
        async with asyncio.timeout(_CLOSE_WITHIN_S):
            await client.close()


@asynccontextmanager
async def connect(
    url: Secret, *, name: str, credentials: str = "", replicas: int = 1, wait: bool = True
) -> AsyncIterator[Bus]:
    """Open the supervised connection; with `wait`, enter once it is up. Raises `SettingsError` without an address."""
    if not all(server.strip().startswith(_SCHEMES) for server in url.reveal().split(",")):
        raise SettingsError("NATS_URL is malformed: expected addresses that begin with nats:// or tls://")
    bus = Bus(url, name=name, credentials=credentials, replicas=replicas)
    async with asyncio.TaskGroup() as tasks:
        supervisor = tasks.create_task(bus.run())
        if wait:
            await bus.ready()
        try:
            yield bus
        finally:
            supervisor.cancel()
