"""uvicorn's HTTP protocol with the limits that it lacks: size and number of headers, requests ahead, and time.

Without them one client can fill the memory with an endless header or thousands of requests, or hold connections open
for ever. What is refused here is answered with problem+json too, also when there are too many calls, which uvicorn's
own limit answers with plain text.

One request of a connection is answered at a time. At most one more is parsed ahead; the rest stays unread.
"""

import asyncio
import itertools
import os
import urllib.parse
from contextlib import suppress
from typing import Any, Final

import httptools
import structlog
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from services.gateway import early_answers
from services.gateway.limited_warning import LimitedWarning
from services.gateway.parser import Parser
from services.gateway.transport import HeldFlow, WatchedTransport
from shared import descriptors

MAX_HEAD: Final = 64 * 1024
MAX_HEADERS: Final = 100
MOST_AT_ONCE: Final = 1000
"""Connections, and calls under way; beyond them the answer is 503 at once."""
DEADLINE: Final = 15.0
"""Seconds from a request's first byte, or from the connection's beginning, to its last byte."""
WRITE_DEADLINE: Final = 15.0
"""Seconds in which a client must take some of an answer; it is checked once in so many, so at most twice as long."""
SPARE_DESCRIPTORS: Final = 32
"""Files that the process may still open when it takes no more connections: for NATS, Postgres and the spool."""
_HEAD_END: Final = b"\r\n\r\n"
_MOST_AHEAD: Final = 64 * 1024
"""Bytes that are taken from a client whose requests wait; with more, reading stops."""

_log = structlog.get_logger()
_crowd: Final = LimitedWarning("too_many_at_once")
_shortage: Final = LimitedWarning("descriptors_run_out")


class LimitedProtocol(HttpToolsProtocol):
    """To be given to uvicorn as `http=LimitedProtocol`; a subclass may set other limits."""

    deadline = DEADLINE
    write_deadline = WRITE_DEADLINE
    most_at_once = MOST_AT_ONCE
    spare_descriptors = SPARE_DESCRIPTORS

    transport: WatchedTransport
    flow: HeldFlow
    parser: Parser  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_log = False  # it would write each request's query, and with it a webhook's secret
        self.parser = Parser(self)
        self._late: asyncio.TimerHandle | None = None
        self._in_head = True
        self._in_message = False
        self._unparsed = 0
        self._body_left = 0
        """Bytes of a body whose length was announced, in which no other request can begin."""
        self._pieces: list[bytes] = []
        """Parsed pieces of a body that were not handed on yet."""
        self._ahead = b""
        """What came after a request that waits."""
        self._answering: RequestResponseCycle | None = None
        self._is_refused = False
        self._last_answer = b""
        """The answer to a refused request, while an earlier one is still being answered."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(WatchedTransport(transport, self.loop, deadline=self.write_deadline))
        self.flow = HeldFlow(self.transport)
        if self._is_among_the_last():
            self._turn_away()
            return
        self._late = self.loop.call_later(self.deadline, self._refuse_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._in_time()
        self.transport.end_watch()
        self.parser.close()
        super().connection_lost(exc)
        if self._answering is not None and not self._answering.response_complete:
            _log.debug("client_left", unanswered=1 + len(self.pipeline))
            self._answering.disconnected = True
            self._answering.message_event.set()
        for waiting, _ in self.pipeline:
            waiting.on_response = _nothing
        self._ahead = b""

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        if self.pipeline:
            self._keep(self._ahead + data)
            return
        begin = 0
        while begin < len(data) and not (self.pipeline or self._is_refused):
            head_end = data.find(_HEAD_END, begin + self._body_left)
            end = len(data) if head_end < 0 else head_end + len(_HEAD_END)
            self._parse(data[begin:end])
            begin = end
        self._hand_on_body()
        self._keep(data[begin:])
        self._set_deadline()

    def on_message_begin(self) -> None:
        self._unset_keepalive_if_required()
        super().on_message_begin()
        self._in_head = self._in_message = True
        self._unparsed = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # nobody reads trailers, and there may be any number of them
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._check_head(len(self.url) + sum(map(len, itertools.chain.from_iterable(self.headers))))
        if not self._is_refused:
            self._unset_keepalive_if_required()
            self.app = self._application()
            super().on_headers_complete()
            self._in_head = False
            self._body_left = _length(self.headers)

    def on_body(self, body: bytes) -> None:
        self._body_left = max(0, self._body_left - len(body))
        if not self._is_refused:
            self._pieces.append(body)

    def on_message_complete(self) -> None:
        self._hand_on_body()
        self._in_message = False
        self._body_left = 0
        self._in_time()
        if not self._is_refused:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            return
        if self._last_answer and not self._is_answering():
            self.transport.write(self._last_answer)
            self.transport.close()
            return
        if self._ahead or self._in_message:
            ahead, self._ahead = self._ahead, b""
            self.data_received(ahead)

    def _is_among_the_last(self) -> bool:
        """Say whether descriptors run out: the system gives out the lowest free one."""
        descriptor: int = self.transport.get_extra_info("socket").fileno()
        return descriptor >= descriptors.limit() - self.spare_descriptors

    def _turn_away(self) -> None:
        """Answer and close at once, before more connections are accepted.

        Where no descriptor is left, libuv closes what it accepts without a word, and may stop listening for good.
        """
        _shortage.warn(limit=descriptors.limit(), connections=len(self.connections))
        self._is_refused = True
        descriptor: int = self.transport.get_extra_info("socket").fileno()
        with suppress(OSError):
            os.write(descriptor, early_answers.answer(503, early_answers.CROWDED, ""))
            os.read(descriptor, MAX_HEAD)  # unread data would turn the end into a reset
        self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP."""
        self._refuse(400, msg)

    def _parse(self, piece: bytes) -> None:
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
        if self._in_head:
            self._unparsed += len(piece)
            self._check_head(self._unparsed)

    def _hand_on_body(self) -> None:
        """Hand on the body so far in one piece: uvicorn copies everything it has for each piece."""
        if self._pieces:
            pieces, self._pieces = self._pieces, []
            super().on_body(b"".join(pieces))

    def _keep(self, ahead: bytes) -> None:
        self._ahead = ahead
        self.flow.hold(is_held=len(ahead) > _MOST_AHEAD)

    def _set_deadline(self) -> None:
        if self.pipeline:
            self._in_time()  # the rest waits because of us
        elif self._in_message and self._late is None and not self._is_refused:
            self._late = self.loop.call_later(self.deadline, self._refuse_late)

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
        if self._is_refused or self.transport.is_closing():
            return
        self._is_refused = True
        answer = early_answers.answer(status, detail, self._path())
        is_under_way = self._in_message and not self._in_head
        if self._is_answering() and not is_under_way:
            self._last_answer = answer
            return
        if not (is_under_way and self.cycle.response_started):
            self.transport.write(answer)
        self.transport.close()

    def _application(self) -> Any:
        if len(self.connections) <= self.most_at_once and len(self.tasks) < self.most_at_once:
            return self.config.loaded_app
        _crowd.warn(connections=len(self.connections), calls=len(self.tasks), most=self.most_at_once)
        return early_answers.refuse_crowd

    def _path(self) -> str:
        """Return the path of the request, once it is there as a whole."""
        if not self._in_message or (self._in_head and not self.headers):
            return ""
        try:
            return urllib.parse.unquote(httptools.parse_url(self.url).path or b"")
        except httptools.HttpParserInvalidURLError:
            return ""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def _is_answering(self) -> bool:
        return self._answering is not None and not self._answering.response_complete


def _length(headers: list[tuple[bytes, bytes]]) -> int:
    """Return the announced length of a request's body; 0 for none."""
    return next((int(value) for name, value in headers if name == b"content-length"), 0)


def _nothing() -> None:
    """Do nothing: a request that is never answered must not keep its protocol in memory."""
