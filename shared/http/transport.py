"""A transport for httpx on the guarded network, with a limit on the size of an answer, counted unzipped.

httpx unzips without a limit (64 KiB of a gzip bomb become 64 MiB at once), so this module unzips piece by piece, and
httpx sees plain bytes.
"""

import ssl
import zlib
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Final, cast

import httpcore
import httpx

from shared.http.egress import refuse_credentials

_PIECE: Final = 64 * 1024
_ZLIB_OR_GZIP: Final = zlib.MAX_WBITS | 32
_UNZIPS: Final = frozenset({b"gzip", b"x-gzip", b"deflate"})
_PLAIN: Final = frozenset({b"", b"identity"})
_AS_SENT: Final = frozenset({b"content-encoding", b"content-length"})
_IDLE_S: Final = 15.0

_SAME_NAMES: Final[dict[type[Exception], type[httpx.TransportError]]] = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
}


@contextmanager
def _as_httpx() -> Iterator[None]:
    try:
        yield
    except tuple(_SAME_NAMES) as exc:
        raise _SAME_NAMES[type(exc)](str(exc)) from exc


class GuardedTransport(httpx.AsyncBaseTransport):
    """HTTP/1.1 over `network`, without proxies; answers over `limit` bytes raise `httpx.DecodingError`.

    Without `tls`, the usual authorities are trusted. Their certificates take 0.65 MiB and 30 ms, so they are read for
    the first request: an idle service makes none.
    """

    def __init__(
        self, network: httpcore.AsyncNetworkBackend, *, tls: ssl.SSLContext | None, connections: int, limit: int
    ) -> None:
        self._network = network
        self._tls = tls
        self._connections = connections
        self._limit = limit
        self._pool: httpcore.AsyncConnectionPool | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and return the answer as soon as its head is there; the body is read later.

        Raises `EgressError` for an address with a user name or password, wherever it comes from: httpx would send both.
        """
        url = request.url
        refuse_credentials(url)
        asked = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        if self._pool is None:
            self._pool = self._open()
        with _as_httpx():
            answer = await self._pool.handle_async_request(asked)
        encodings = [value.strip().lower() for name, value in answer.headers if name.lower() == b"content-encoding"]
        return httpx.Response(
            status_code=answer.status,
            headers=[(name, value) for name, value in answer.headers if not encodings or name.lower() not in _AS_SENT],
            stream=_Body(answer, encoding=b", ".join(encodings), limit=self._limit),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        if self._pool is not None:
            await self._pool.aclose()

    def _open(self) -> httpcore.AsyncConnectionPool:
        return httpcore.AsyncConnectionPool(
            ssl_context=self._tls or httpx.create_ssl_context(trust_env=False),
            max_connections=self._connections,
            max_keepalive_connections=self._connections,
            keepalive_expiry=_IDLE_S,
            http1=True,
            http2=False,
            network_backend=self._network,
        )


class _Body(httpx.AsyncByteStream):
    """The bytes of an answer, unzipped."""

    def __init__(self, answer: httpcore.Response, *, encoding: bytes, limit: int) -> None:
        self._answer = answer
        self._encoding = encoding
        self._limit = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        reader = _Reader(encoding=self._encoding, limit=self._limit)
        with _as_httpx():
            async for part in cast(AsyncIterable[bytes], self._answer.stream):
                for piece in reader.read(part):
                    yield piece
        reader.finish()

    async def aclose(self) -> None:
        await self._answer.aclose()


class _Reader:
    """Unzips in pieces, and counts the bytes before and after: either may be endless."""

    def __init__(self, *, encoding: bytes, limit: int) -> None:
        self._encoding = encoding
        self._limit = limit
        self._unzip = zlib.decompressobj(_ZLIB_OR_GZIP) if encoding in _UNZIPS else None
        self._bytes_in = 0
        self._bytes_out = 0

    def read(self, part: bytes) -> Iterator[bytes]:
        self._bytes_in += len(part)
        self._check(self._bytes_in)
        if self._unzip is not None:
            yield from self._unzip_part(part, self._unzip)
        elif self._encoding in _PLAIN:
            yield part
        else:
            raise httpx.DecodingError("it is compressed in a way that was not asked for")

    def _unzip_part(self, part: bytes, unzip: "zlib._Decompress") -> Iterator[bytes]:
        while part and not unzip.eof:
            try:
                piece = unzip.decompress(part, _PIECE)
            except zlib.error as exc:
                raise httpx.DecodingError("it is not compressed as it says") from exc
            self._bytes_out += len(piece)
            self._check(self._bytes_out)
            yield piece
            part = unzip.unconsumed_tail

    def finish(self) -> None:
        """Raise for an answer that ends too early; a body that never began (of HEAD, 204) is complete."""
        if self._unzip is not None and self._bytes_in and not self._unzip.eof:
            raise httpx.DecodingError("it ends too early")

    def _check(self, size: int) -> None:
        if size > self._limit:
            raise httpx.DecodingError(f"it holds more than {self._limit} bytes")
