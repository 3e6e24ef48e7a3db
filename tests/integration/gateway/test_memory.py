"""What hostile clients leave in a gateway's memory and log."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Final

import httpx
import msgspec

from cli.embedded.program import free_port
from tests.integration.gateway.house import WEBHOOK_SECRET
from tests.integration.gateway.serving import chunk, head, post
from tests.integration.gateway.starting import NOWHERE, answers, started
from tests.integration.service import until

AT_ONCE: Final = 60
ROUNDS: Final = 2
A_TENTH_MORE: Final = 1.1
PLEX: Final = f"/webhooks/plex?token={WEBHOOK_SECRET}"
FORM: Final = ("Content-Type: multipart/form-data; boundary=x", "Content-Length: 4000000")
TRAFFIC: Final = (
    b"GET / HTTP/1.1\r\nUpgrade:a\r\nConnection:Upgrade\r\n\r\n" * 500,
    head("/health", method="GET") * 400,
    head("/docs/openapi.json", method="GET") * 40,
    b"GET / HTTP/1.1\r\nX: " + b"y" * 60_000,
    post(PLEX, b"[" * 200_000, "application/json"),
    head(PLEX, *FORM) + b"--x\r\nContent-Disposition: form-data; name=thumb\r\n\r\n" + b"y" * 3_000_000,
    head(PLEX, "Transfer-Encoding: chunked") + chunk(b"x") * 20_000,
)


async def send(port: int, data: bytes, *, reads: bool) -> None:
    """Send an accepted request, read or not, and leave midway."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(0.3):
            writer.write(data)
            while reads and await reader.read(65_536):
                pass
            await writer.drain()
    writer.transport.abort()


async def attack(port: int) -> None:
    for data in TRAFFIC:
        await asyncio.gather(*(send(port, data, reads=number % 2 == 0) for number in range(AT_ONCE)))


def size(process: int) -> int:
    """Return the pages that a process holds in memory."""
    return int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])


async def test_memory_comes_back_after_hostile_clients_and_the_log_stays_short(tmp_path: Path) -> None:
    port = free_port()
    async with (
        started(tmp_path, port, program="tests.integration.gateway.trimming", **NOWHERE) as process,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as http,
    ):
        await until(lambda: answers(http, "/health"))
        for path in ("/docs", "/docs/openapi.json", "/metrics", "/nowhere", "/"):  # what is made once, and then kept
            await http.get(path)
        idle = size(process.pid)

        for _ in range(ROUNDS):
            await attack(port)
        await until(lambda: size(process.pid) <= idle * A_TENTH_MORE)

        process.terminate()
        output, errors = await process.communicate()
    assert errors == b""
    lines = [msgspec.json.decode(line) for line in output.splitlines()]
    assert {line["level"] for line in lines} <= {"debug", "info", "warning"}
    assert max(map(len, output.splitlines())) < 2000
    assert len(lines) < 100
