"""Names that change, dead addresses, odd answers: on a network that records its calls."""

import gzip
import ssl
import zlib
from collections.abc import Iterable, Sequence

import httpcore
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.http.egress import Egress, EgressError
from shared.http.network import GuardedBackend, SocketOption
from shared.http.transport import GuardedTransport

OK = [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"]


class FakeNetwork(httpcore.AsyncNetworkBackend):
    """Answers each connection with the same bytes, but for the addresses that are down."""

    def __init__(self, answer: Iterable[bytes] = (), *, down: Sequence[str] = ()) -> None:
        self.dialled: list[tuple[str, int]] = []
        self._answer = list(answer)
        self._down = down

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109  # httpcore's signature
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[SocketOption] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        self.dialled.append((host, port))
        if host in self._down:
            raise httpcore.ConnectError("refused")
        return httpcore.AsyncMockStream(list(self._answer))


class FakeNames:
    """Gives each answer once, then repeats the last one."""

    def __init__(self, *answers: Sequence[str] | Exception) -> None:
        self._answers = list(answers)

    async def __call__(self, host: str, port: int) -> Sequence[str]:  # noqa: ARG002  # the same for all
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def opened(network: FakeNetwork, names: FakeNames, *, limit: int = 1000) -> httpx.AsyncClient:
    backend = GuardedBackend(Egress(), resolve=names, network=network)
    transport = GuardedTransport(backend, tls=ssl.create_default_context(), connections=10, limit=limit)
    return httpx.AsyncClient(transport=transport, timeout=1)


async def fetched(answer: Iterable[bytes], *, limit: int = 1000, method: str = "GET") -> httpx.Response:
    async with opened(FakeNetwork(answer), FakeNames(["10.0.0.1"]), limit=limit) as http:
        return await http.request(method, "http://attic/")


def packed(body: bytes, encoding: str = "gzip") -> list[bytes]:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n"
    return [head.encode() + body]


async def test_the_checked_address_is_dialled_and_the_name_is_kept_for_the_server() -> None:
    network = FakeNetwork(OK)
    async with opened(network, FakeNames(["10.0.0.1"])) as http:
        response = await http.get("http://attic:8096/")

    assert response.text == "ok"
    assert network.dialled == [("10.0.0.1", 8096)]
    assert response.request.headers["Host"] == "attic:8096"


async def test_a_name_that_changes_its_mind_is_refused_at_the_next_connection() -> None:
    network = FakeNetwork(OK)
    async with opened(network, FakeNames(["10.0.0.1"], ["169.254.169.254"])) as http:
        await http.get("http://rebinding.example/")
        with pytest.raises(EgressError):
            await http.get("http://rebinding.example/")

    assert network.dialled == [("10.0.0.1", 80)]


async def test_a_name_that_would_change_its_mind_between_check_and_dial_is_asked_once() -> None:
    network = FakeNetwork(OK)
    async with opened(network, FakeNames(["10.0.0.1"], ["127.0.0.1"])) as http:
        await http.get("http://rebinding.example/")

    assert network.dialled == [("10.0.0.1", 80)]


async def test_one_refused_address_among_good_ones_is_not_gone_around() -> None:
    network = FakeNetwork(OK)
    async with opened(network, FakeNames(["10.0.0.1", "169.254.169.254"])) as http:
        with pytest.raises(EgressError):
            await http.get("http://attic/")

    assert network.dialled == []


async def test_a_mapped_address_is_dialled_as_what_it_is() -> None:
    network = FakeNetwork(OK)
    async with opened(network, FakeNames(["::ffff:10.0.0.1"])) as http:
        await http.get("http://attic/")

    assert network.dialled == [("10.0.0.1", 80)]


async def test_our_own_ports_are_not_even_looked_up() -> None:
    network = FakeNetwork(OK)
    async with opened(network, FakeNames(OSError("asked"))) as http:
        with pytest.raises(EgressError):
            await http.get("http://attic:4222/")

    assert network.dialled == []


async def test_a_dead_address_is_followed_by_the_next_one() -> None:
    network = FakeNetwork(OK, down=["fd00::1"])
    async with opened(network, FakeNames(["fd00::1", "10.0.0.1"])) as http:
        response = await http.get("http://attic/")

    assert response.text == "ok"
    assert network.dialled == [("fd00::1", 80), ("10.0.0.1", 80)]


async def test_a_name_with_a_thousand_addresses_costs_a_few_tries() -> None:
    addresses = [f"10.0.{number // 250}.{number % 250 + 1}" for number in range(1000)]
    network = FakeNetwork(OK, down=addresses)
    async with opened(network, FakeNames(addresses)) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get("http://attic/")

    assert len(network.dialled) == 6


@pytest.mark.parametrize("error", [OSError(-2, "Name or service not known"), UnicodeError("label too long")])
async def test_a_name_that_stands_for_nothing_is_a_failed_connection(error: Exception) -> None:
    async with opened(FakeNetwork(), FakeNames(error)) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get("http://nowhere/")


async def test_a_slow_lookup_is_a_time_out() -> None:
    async with opened(FakeNetwork(), FakeNames(TimeoutError())) as http:
        with pytest.raises(httpx.ConnectTimeout):
            await http.get("http://slow/")


async def test_local_sockets_are_refused() -> None:
    backend = GuardedBackend(Egress(), resolve=FakeNames([]), network=FakeNetwork())

    with pytest.raises(EgressError):
        await backend.connect_unix_socket("/run/postgresql/.s.PGSQL.5432")


async def test_a_zipped_answer_is_unzipped_and_says_so_no_more() -> None:
    response = await fetched(packed(gzip.compress(b'{"title": "Alien"}')))

    assert response.json() == {"title": "Alien"}
    assert "Content-Encoding" not in response.headers


@pytest.mark.parametrize("encoding", ["x-gzip", "GZIP", " gzip "])
async def test_gzip_has_several_spellings(encoding: str) -> None:
    assert (await fetched(packed(gzip.compress(b"{}"), encoding))).content == b"{}"


async def test_deflate_is_read_too() -> None:
    assert (await fetched(packed(zlib.compress(b"{}"), "deflate"))).content == b"{}"


async def test_identity_is_no_packing() -> None:
    assert (await fetched(packed(b"{}", "identity"))).content == b"{}"


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "gzip, br", "\xe4"])
async def test_other_packings_are_refused(encoding: str) -> None:
    with pytest.raises(httpx.DecodingError):
        await fetched(packed(gzip.compress(gzip.compress(b"{}")), encoding))


@pytest.mark.parametrize(
    "body", [b"{}", gzip.compress(b"x" * 100, mtime=0)[:-4], b"\x1f\x8b", gzip.compress(b"x", mtime=0)[:12]]
)
async def test_broken_and_cut_zip_is_refused(body: bytes) -> None:
    with pytest.raises(httpx.DecodingError):
        await fetched(packed(body))


async def test_no_body_is_a_whole_body() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n"

    assert (await fetched([head], method="HEAD")).content == b""


async def test_exactly_the_limit_passes() -> None:
    assert len((await fetched(packed(gzip.compress(b"x" * 1000)))).content) == 1000


async def test_one_byte_more_is_cut() -> None:
    with pytest.raises(httpx.DecodingError, match="more than 1000 bytes"):
        await fetched(packed(gzip.compress(b"x" * 1001)))


async def test_a_plain_answer_is_counted_too() -> None:
    with pytest.raises(httpx.DecodingError, match="more than 1000 bytes"):
        await fetched(packed(b"x" * 1001, "identity"))


async def test_zip_that_holds_nothing_is_counted_as_it_comes() -> None:
    empty_blocks = zlib.compress(b"")[:2] + b"\x00\x00\x00\xff\xff" * 1000

    with pytest.raises(httpx.DecodingError, match="more than 1000 bytes"):
        await fetched(packed(empty_blocks, "deflate"))


async def test_an_answer_that_is_no_http_is_a_protocol_error() -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await fetched([b"SSH-2.0-OpenSSH_9.9\r\n"])


async def test_a_cut_answer_is_a_protocol_error() -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await fetched([b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok"])


@given(st.lists(st.binary(max_size=300), max_size=6), st.integers(1, 50))
async def test_any_bytes_cut_anywhere_arrive_whole(parts: list[bytes], cut: int) -> None:
    body = b"".join(parts)
    zipped = gzip.compress(body)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(zipped)}\r\n\r\n".encode()
    pieces = [zipped[start : start + cut] for start in range(0, len(zipped), cut)]

    response = await fetched([head, *pieces], limit=2000)

    assert response.content == body


async def test_a_bomb_goes_off_in_small_pieces() -> None:
    bomb = packed(gzip.compress(b"\x00" * 50_000_000))
    seen: list[int] = []

    async def read() -> None:
        async with (
            opened(FakeNetwork(bomb), FakeNames(["10.0.0.1"]), limit=10_000_000) as http,
            http.stream("GET", "http://attic/") as response,
        ):
            async for part in response.aiter_bytes():
                seen.append(len(part))  # noqa: PERF401  # what came before the error counts

    with pytest.raises(httpx.DecodingError):
        await read()

    assert max(seen) <= 64 * 1024
    assert sum(seen) <= 10_000_000
