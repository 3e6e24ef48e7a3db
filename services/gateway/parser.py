"""httptools' parser for a server that speaks HTTP only.

A request may offer to upgrade to another protocol, and a server may ignore that:
https://www.rfc-editor.org/rfc/rfc9110#section-7.8. httptools takes every offer as accepted and stops after the head.
Here such a request is parsed again without its offer, and the callbacks never learn of it.
"""

from typing import Protocol

import httptools


class Callbacks(Protocol):
    """Gets what was parsed, and keeps target and headers (names in lower case) until the next request."""

    url: bytes
    headers: list[tuple[bytes, bytes]]

    def on_message_begin(self) -> None: ...
    def on_url(self, url: bytes) -> None: ...
    def on_header(self, name: bytes, value: bytes) -> None: ...
    def on_headers_complete(self) -> None: ...
    def on_body(self, body: bytes) -> None: ...
    def on_message_complete(self) -> None: ...


class Parser:
    """One for a connection; has the methods of httptools' parser that uvicorn calls."""

    def __init__(self, callbacks: Callbacks) -> None:
        self._callbacks = callbacks
        # These are httptools' callbacks, as are the two methods of such names below.
        self.on_message_begin = callbacks.on_message_begin
        self.on_url = callbacks.on_url
        self.on_header = callbacks.on_header
        self.on_body = callbacks.on_body
        self._parser = self._fresh()

    def feed_data(self, data: bytes) -> None:
        """Parse what came; raises `httptools.HttpParserError`."""
        while data:
            try:
                self._parser.feed_data(data)
                data = b""
            except httptools.HttpParserUpgrade as upgrade:
                rest = data[upgrade.args[0] :]
                data = self._without_offer() + rest if self._has_offer() else b""

    def close(self) -> None:
        """Break the cycle that would keep both in memory until the garbage collector runs."""
        del self._parser

    def get_method(self) -> bytes:
        """Return the method of the request."""
        return self._parser.get_method()

    def get_http_version(self) -> str:
        """Return the version of HTTP that the client speaks."""
        return self._parser.get_http_version()

    def should_keep_alive(self) -> bool:
        """Say whether another request may follow."""
        return self._parser.should_keep_alive()

    def should_upgrade(self) -> bool:
        """Say whether the client wants a tunnel, the only upgrade that is passed on."""
        return self._parser.should_upgrade()

    def on_headers_complete(self) -> None:
        """Hand it on, unless the request is about to be parsed again."""
        if not self._has_offer():
            self._callbacks.on_headers_complete()

    def on_message_complete(self) -> None:
        """Hand it on, unless the request is about to be parsed again."""
        if not self._has_offer():
            self._callbacks.on_message_complete()

    def _fresh(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self)
        parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn has it
        return parser

    def _has_offer(self) -> bool:
        return bool(self._parser.should_upgrade()) and self._parser.get_method() != b"CONNECT"

    def _without_offer(self) -> bytes:
        """Make a new parser, and return the head for it to parse."""
        version = self._parser.get_http_version().encode()
        line = b"%s %s HTTP/%s\r\n" % (self._parser.get_method(), self._callbacks.url, version)
        headers = (b"%s: %s\r\n" % header for header in self._callbacks.headers if header[0] != b"upgrade")
        self._parser = self._fresh()
        return line + b"".join(headers) + b"\r\n"
