"""A gateway as its own process: how it starts, listens and stops."""

import asyncio
import signal
import socket
from pathlib import Path

import httpx
import msgspec

from cli.embedded.program import free_port
from services.gateway.server import listen
from shared.schemas.secret import Secret
from tests.integration.gateway.house import ADMIN, KEY, PASSWORD, WEBHOOK_SECRET
from tests.integration.gateway.starting import NOWHERE, answers, started
from tests.integration.service import until


async def test_sigterm_stops_it_in_time_with_streams_open_and_calls_under_way(
    database_url: Secret, nats_url: Secret, tmp_path: Path
) -> None:
    port = free_port()
    urls = {"DATABASE_URL": database_url.reveal(), "NATS_URL": nats_url.reveal()}
    async with (
        started(tmp_path, port, **urls) as process,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as http,
    ):
        await until(lambda: answers(http, "/api/auth/verify"))
        async with http.stream("GET", "/api/events/stream", headers=ADMIN) as stream:
            login = asyncio.create_task(http.post("/api/auth/login", json={"username": "admin", "password": PASSWORD}))
            await asyncio.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            assert (await login).status_code == 200
            async for _ in stream.aiter_lines():
                pass
        async with asyncio.timeout(30):
            assert await process.wait() == 0


async def test_it_stops_in_time_while_everything_is_away(tmp_path: Path) -> None:
    port = free_port()
    async with (
        started(tmp_path, port, **NOWHERE) as process,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as http,
    ):
        await until(lambda: answers(http, "/health"))

        process.send_signal(signal.SIGTERM)

        async with asyncio.timeout(30):
            assert await process.wait() == 0


async def test_an_address_that_is_taken_is_one_clear_line(tmp_path: Path) -> None:
    port = free_port()
    taken = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", port)
    async with taken, started(tmp_path, port, **NOWHERE) as process:
        _, errors = await process.communicate()

    assert process.returncode == 1
    assert errors.decode().strip() == (
        f"usher gateway: cannot listen on 127.0.0.1:{port}: Address already in use (USHER_HOST, USHER_PORT)"
    )


async def test_a_spool_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("not a folder")
    async with started(tmp_path, free_port(), **NOWHERE) as process:
        _, errors = await process.communicate()

    assert process.returncode == 1
    assert errors.decode().startswith("usher gateway: the spool's folder")
    assert errors.count(b"\n") == 1


async def test_a_missing_setting_is_one_clear_line(tmp_path: Path) -> None:
    async with started(tmp_path, free_port(), NATS_URL="nats://127.0.0.1:1", DATABASE_URL="") as process:
        _, errors = await process.communicate()

    assert process.returncode == 2
    assert errors.decode().startswith("usher gateway: DATABASE_URL is not set")


async def test_answers_on_one_connection_do_not_wait_for_each_other() -> None:
    accepted: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        accepted.set_result(bool(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)))
        writer.close()

    with listen("127.0.0.1", 0) as listener:
        async with await asyncio.start_server(accept, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())

            assert await accepted
            writer.close()


async def test_the_log_of_a_start_is_json_and_has_no_secret(
    database_url: Secret, nats_url: Secret, tmp_path: Path
) -> None:
    port = free_port()
    urls = {"DATABASE_URL": database_url.reveal(), "NATS_URL": nats_url.reveal(), "LOG_LEVEL": "DEBUG"}
    async with started(tmp_path, port, **urls) as process:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:
            await until(lambda: answers(http, "/api/auth/verify"))
            await http.post(f"/webhooks/plex/{WEBHOOK_SECRET}", json=["not an object"])
            await http.get("/api/events", params={"search": WEBHOOK_SECRET, "limit": "x"}, headers=ADMIN)
            await http.post("/api/auth/login", json={"username": PASSWORD, "password": PASSWORD})
        process.send_signal(signal.SIGTERM)
        output, errors = await process.communicate()

    assert process.returncode == 0
    lines = output.decode().splitlines()
    assert [msgspec.json.decode(line)["service"] for line in lines] == ["gateway"] * len(lines)
    for secret in (PASSWORD, KEY, WEBHOOK_SECRET, database_url.reveal(), nats_url.reveal()):
        assert secret not in output.decode() + errors.decode()
