"""The client as services get it, against servers on real sockets that misbehave."""

import asyncio
import gzip
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shared.errors import TransientError
from shared.http.calls import FailingError, RefusedError, UnreachableError, decode, translate_errors
from shared.http.client import client
from shared.http.egress import Egress, EgressError
from shared.http.upstream import Upstream

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

Answer = Callable[[bytes], AsyncIterator[bytes]]


class Server:
    """Records the heads of its requests, and answers each as prepared."""

    def __init__(self, answer: Answer) -> None:
        self.heads: list[bytes] = []
        self.connections = 0
        self._answer = answer

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                async for part in self._answer(head):
                    writer.write(part)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def always(*parts: bytes) -> Answer:
    async def answer(_head: bytes) -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    return answer


@asynccontextmanager
async def listening(server: Server, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    listener = await asyncio.start_server(server, "127.0.0.1", 0, ssl=tls)
    yield listener.sockets[0].getsockname()[1]
    listener.close()


class FakeNames:
    def __init__(self, **addresses: list[Sequence[str]]) -> None:
        self._addresses = {name.replace("_", "."): answers for name, answers in addresses.items()}

    async def __call__(self, host: str, port: int) -> Sequence[str]:  # noqa: ARG002  # the same for all ports
        answers = self._addresses[host]
        return answers.pop(0) if len(answers) > 1 else answers[0]


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_a_request_says_who_asks_and_arrives_by_name() -> None:
    server = Server(always(OK))
    async with listening(server) as port, client() as http:
        response = await http.get(f"http://localhost:{port}/library?X=1")

    head = server.heads[0].decode()
    assert decode(response, dict, api="Plex") == {}
    assert head.startswith("GET /library?X=1 HTTP/1.1\r\n")
    assert f"host: localhost:{port}" in head.lower()
    assert "user-agent: usher" in head.lower()
    assert "accept-encoding: gzip\r\n" in head.lower()


@pytest.mark.parametrize("credentials", ["canary:canary", "canary", ":canary"])
async def test_an_address_with_credentials_is_not_dialled(credentials: str) -> None:
    server = Server(always(OK))
    async with listening(server) as port, client() as http:
        with pytest.raises(EgressError) as refused, translate_errors("Plex"):
            await http.get(f"http://{credentials}@127.0.0.1:{port}/")

    assert (server.connections, server.heads) == (0, [])
    assert "canary" not in refused.value.detail


async def test_a_connection_is_used_again() -> None:
    server = Server(always(OK))
    async with listening(server) as port, client() as http:
        for _ in range(5):
            await http.get(f"http://127.0.0.1:{port}/")

    assert (server.connections, len(server.heads)) == (1, 5)


async def test_redirects_are_not_followed() -> None:
    server = Server(always(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"))
    async with listening(server) as port, client() as http:
        with pytest.raises(RefusedError, match="302"), translate_errors("Plex"):
            (await http.get(f"http://127.0.0.1:{port}/")).raise_for_status()

    assert len(server.heads) == 1


async def test_one_persons_session_does_not_speak_for_the_next() -> None:
    server = Server(always(b"HTTP/1.1 200 OK\r\nSet-Cookie: connect.sid=alice; Path=/\r\nContent-Length: 0\r\n\r\n"))
    async with listening(server) as port, client() as http:
        await http.get(f"http://127.0.0.1:{port}/")
        await http.get(f"http://127.0.0.1:{port}/")

    assert b"cookie" not in server.heads[1].lower()


async def test_a_gzip_bomb_is_cut() -> None:
    bomb = gzip.compress(b"\x00" * 100_000_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    async with listening(Server(always(head, bomb))) as port, client() as http:
        with pytest.raises(RefusedError, match="more than 16777216 bytes"), translate_errors("Plex"):
            await http.get(f"http://127.0.0.1:{port}/")


async def test_an_endless_answer_is_cut() -> None:
    async def endless(_head: bytes) -> AsyncIterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n\r\n"
        while True:
            yield b"x" * 100_000

    async with listening(Server(endless)) as port, client(answer_limit=1_000_000) as http:
        with pytest.raises(RefusedError, match="more than 1000000 bytes"), translate_errors("Plex"):
            await http.get(f"http://127.0.0.1:{port}/")


async def test_an_endless_head_is_cut() -> None:
    async def endless(_head: bytes) -> AsyncIterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n"
        while True:
            yield b"X-More: " + b"x" * 1000 + b"\r\n"

    async with listening(Server(endless)) as port, client() as http:
        with pytest.raises(FailingError), translate_errors("Plex"):
            await http.get(f"http://127.0.0.1:{port}/")


async def test_an_answer_that_drips_ends_at_the_deadline() -> None:
    async def dripping(_head: bytes) -> AsyncIterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
        while True:
            await asyncio.sleep(0.02)
            yield b"x"

    upstream = Upstream("Plex", deadline=timedelta(seconds=0.3))
    async with listening(Server(dripping)) as port, client() as http:
        with pytest.raises(FailingError):
            async with upstream.call():
                await http.get(f"http://127.0.0.1:{port}/")


async def test_a_silent_server_holds_up_nobody_else() -> None:
    async def silent(_head: bytes) -> AsyncIterator[bytes]:
        await asyncio.sleep(3600)
        yield b""

    dead, alive = Upstream("Plex attic", deadline=timedelta(hours=1)), Upstream("Plex cellar")
    hasty = Upstream("Plex shed", deadline=timedelta(seconds=0.1))
    async with listening(Server(silent)) as dead_port, listening(Server(always(OK))) as port, client() as http:

        async def ask(upstream: Upstream, port: int) -> int:
            async with upstream.call():
                return (await http.get(f"http://127.0.0.1:{port}/")).status_code

        hanging = [asyncio.create_task(ask(dead, dead_port)) for _ in range(50)]
        await asyncio.sleep(0)
        answers = {await ask(alive, port) for _ in range(50)}
        with pytest.raises(TransientError):
            await ask(hasty, dead_port)
        still_hanging = [task for task in hanging if not task.done()]
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)

    assert (answers, len(still_hanging)) == ({200}, 50)


async def test_a_name_that_changes_its_mind_is_refused() -> None:
    server = Server(always(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"))
    names = FakeNames(rebinding_example=[["127.0.0.1"], ["169.254.169.254"]])
    async with listening(server) as port, client(resolve=names) as http:
        await http.get(f"http://rebinding.example:{port}/")
        with pytest.raises(EgressError):
            await http.get(f"http://rebinding.example:{port}/")

    assert len(server.heads) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]"])
async def test_a_narrowed_guard_keeps_loopback_in_every_spelling(host: str) -> None:
    server = Server(always(OK))
    egress = Egress(private=(ip_network("192.168.1.0/24"),))
    async with listening(server) as port, client(egress=egress) as http:
        with pytest.raises(EgressError):
            await http.get(f"http://{host}:{port}/")

    assert server.connections == 0


@pytest.mark.parametrize("host", ["169.254.169.254", "0.0.0.0", "0", "[::]", "[fe80::1]", "[64:ff9b::7f00:1]"])  # noqa: S104
async def test_what_is_always_refused_is_refused_at_once(host: str) -> None:
    async with client() as http:
        with pytest.raises(EgressError):
            await http.get(f"http://{host}/")


async def test_an_open_and_a_closed_port_cannot_be_told_apart_by_the_text() -> None:
    async def hanging_up(head: bytes) -> AsyncIterator[bytes]:
        if head:
            raise ConnectionResetError
        yield b""

    texts = set()
    async with (
        listening(Server(always(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"))) as odd_port,
        listening(Server(hanging_up)) as deaf_port,
        client() as http,
    ):
        for url in (
            f"http://127.0.0.1:{closed_port()}/",
            f"http://127.0.0.1:{odd_port}/",
            f"http://127.0.0.1:{deaf_port}/",
            f"https://127.0.0.1:{odd_port}/",
        ):
            with pytest.raises(FailingError) as failed, translate_errors("Plex"):
                await http.get(url)
            texts.add(failed.value.detail)

    assert len(texts) == 1


async def test_a_closed_port_is_unreachable() -> None:
    async with client() as http:
        with pytest.raises(UnreachableError), translate_errors("Plex"):
            await http.get(f"http://127.0.0.1:{closed_port()}/")


async def test_a_proxy_in_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")

    async with listening(Server(always(OK))) as port, client() as http:
        response = await http.get(f"http://127.0.0.1:{port}/")

    assert response.status_code == 200


async def test_nothing_is_logged_of_addresses(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with listening(Server(always(OK))) as port, client() as http:
        await http.get(f"http://127.0.0.1:{port}/?X-Plex-Token=canary", headers={"X-Plex-Token": "canary"})

    assert "canary" not in caplog.text


class Certified(msgspec.Struct, frozen=True):
    """Both sides of a TLS connection to `attic.example`."""

    server: ssl.SSLContext
    client: ssl.SSLContext
    asked_for: list[str]


@pytest.fixture
def certified(tmp_path: Path) -> Certified:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "attic.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("attic.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "pair.pem").write_bytes(private + public)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "pair.pem")
    asked_for: list[str] = []
    server.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    return Certified(server, ssl.create_default_context(cadata=public.decode()), asked_for)


async def test_the_certificate_is_checked_against_the_name_while_the_address_is_dialled(certified: Certified) -> None:
    names = FakeNames(attic_example=[["127.0.0.1"]])
    async with (
        listening(Server(always(OK)), tls=certified.server) as port,
        client(resolve=names, tls=certified.client) as http,
    ):
        response = await http.get(f"https://attic.example:{port}/")

    assert response.status_code == 200
    assert certified.asked_for == ["attic.example"]


async def test_a_certificate_for_another_name_is_refused(certified: Certified) -> None:
    server = Server(always(OK))
    names = FakeNames(cellar_example=[["127.0.0.1"]])
    async with (
        listening(server, tls=certified.server) as port,
        client(resolve=names, tls=certified.client) as http,
    ):
        with pytest.raises(UnreachableError), translate_errors("Plex"):
            await http.get(f"https://cellar.example:{port}/")

    assert server.heads == []


async def test_an_unknown_issuer_is_refused(certified: Certified) -> None:
    names = FakeNames(attic_example=[["127.0.0.1"]])
    async with listening(Server(always(OK)), tls=certified.server) as port, client(resolve=names) as http:
        with pytest.raises(UnreachableError), translate_errors("Plex"):
            await http.get(f"https://attic.example:{port}/")
