"""uvicorn's HTTP protocol with the limits that it lacks: size and number of headers, and time for a whole request.

Without them one client fills the memory with a header that never ends, or holds connections open for ever. What is
refused here, before there is a request to hand to the application, is answered with problem+json too; so is what comes
when there is too much already, which uvicorn's own limit answers with plain text.
"""

import asyncio
import itertools
import urllib.parse
from typing import Any, Final

import httptools
from litestar.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from services.gateway import faults, problems
from services.gateway.problems import Problem
from services.gateway.shown_path import shown_path

MAX_HEAD: Final = 64 * 1024
MAX_HEADERS: Final = 100
_BAD_REQUEST: Final = 400
_UNAVAILABLE: Final = 503
MOST_AT_ONCE: Final = 1000
"""Connections, and calls under way; beyond them the answer is 503 at once."""
DEADLINE: Final = 15.0
"""Seconds from a request's first byte, or from the connection's beginning, to its last byte."""


class LimitedProtocol(HttpToolsProtocol):
    """To be given to uvicorn as `http=LimitedProtocol`; a subclass may set other limits."""

    deadline = DEADLINE
    most_at_once = MOST_AT_ONCE

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_log = False  # it would write each request's query, and with it a webhook's secret
        self._late: asyncio.TimerHandle | None = None
        self._in_head = True
        self._in_message = False
        self._unparsed = 0
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._late = self.loop.call_later(self.deadline, self._refuse_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._in_time()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._feed(data)
        if self._in_head:
            self._unparsed += len(data)
            self._check_head(self._unparsed)
        if self._in_message and self._late is None:
            self._late = self.loop.call_later(self.deadline, self._refuse_late)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = self._in_message = True
        self._unparsed = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # nobody reads trailers, and there may be any number of them
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._offers_upgrade():
            return
        self._in_head = False
        self._check_head(len(self.url) + sum(map(len, itertools.chain.from_iterable(self.headers))))
        if not self._refused:
            self.app = self._application()
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._offers_upgrade():
            return
        self._in_message = False
        self._in_time()
        if not self._refused:
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP."""
        self._refuse(400, msg)

    def _feed(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._offers_upgrade() and not self._refused:
                self._stay_with_http(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")

    def _offers_upgrade(self) -> bool:
        return bool(self.parser.should_upgrade()) and self.parser.get_method() != b"CONNECT"

    def _stay_with_http(self, rest: bytes) -> None:
        """Begin the request again without its offer of another protocol, which httptools takes for accepted.

        A server may ignore it, and need not say so: https://www.rfc-editor.org/rfc/rfc9110#section-7.8
        """
        version = self.parser.get_http_version().encode()
        head = b"%s %s HTTP/%s\r\n" % (self.parser.get_method(), self.url, version)
        headers = b"".join(b"%s: %s\r\n" % header for header in self.headers if header[0] != b"upgrade")
        self.parser = httptools.HttpRequestParser(self)
        self._feed(head + headers + b"\r\n" + rest)

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _check_head(self, size: int) -> None:
        if size > MAX_HEAD or len(self.headers or ()) > MAX_HEADERS:
            self._refuse(431, f"at most {MAX_HEADERS} headers of together {MAX_HEAD} bytes are taken")

    def _refuse_late(self) -> None:
        self._late = None
        self._refuse(408, f"the request was not complete after {self.deadline:g} s")

    def _refuse(self, status: int, detail: str) -> None:
        self._refused = True
        if self.transport.is_closing():
            return
        if not self._is_answering():
            self.transport.write(_answer(status, detail, self._path()))
        self.transport.close()

    def _application(self) -> Any:
        if len(self.connections) <= self.most_at_once and len(self.tasks) < self.most_at_once:
            return self.config.loaded_app
        self.logger.warning("More than %d connections or calls at once.", self.most_at_once)
        return _crowded

    def _path(self) -> str:
        """Return the path of the request, once it is there as a whole."""
        if not self._in_message or (self._in_head and not self.headers):
            return ""
        try:
            return urllib.parse.unquote(httptools.parse_url(self.url).path or b"")
        except httptools.HttpParserInvalidURLError:
            return ""

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and cycle.response_started and not cycle.response_complete


def _answer(status: int, detail: str, path: str) -> bytes:
    body = _body(status, detail, path)
    head = f"content-type: {problems.MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    return STATUS_LINE[status] + head.encode() + body


def _body(status: int, detail: str, path: str) -> bytes:
    errors = faults.whole("", detail) if status == _BAD_REQUEST else ()
    return problems.encoded(
        Problem(title=problems.title(status), status=status, detail=detail, instance=shown_path(path), errors=errors)
    )


async def _crowded(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer in the application's place."""
    body = _body(_UNAVAILABLE, "too many connections or calls at once: try again in a moment", scope["path"])
    headers = [
        (b"content-type", problems.MEDIA_TYPE.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"retry-after", b"%d" % problems.PATIENCE),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": _UNAVAILABLE, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
