"""From content type and bytes to the sender's JSON: whole bodies, form fields, and the one part of a multipart body.

No I/O: a form is fed pieces as they arrive and says at the end what it found. The picture that Plex sends along is
never kept: once the wanted part is complete, the rest is not even looked at.
"""

import re
from collections.abc import Mapping
from typing import Final, Protocol
from urllib.parse import unquote_to_bytes

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from services.gateway.webhooks import text
from shared.errors import InvalidError, TooLargeError, UnsupportedMediaTypeError, UsherError
from shared.schemas.webhook_senders import Source
from shared.schemas.webhooks import MAX_PAYLOAD

MAX_PARTS: Final = 8
MAX_PART_HEADERS: Final = 8
MAX_PART_HEADER: Final = 2048
MAX_FIELDS: Final = 100

_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{1,70}")
"""What RFC 2046 allows."""

_EVERY_FIELD: Final = ("payload", "data")
_FIELDS: Final[Mapping[Source, tuple[str, ...]]] = {"plex": ("payload",), "emby": ("data",)}
"""Where the JSON is. Other sources are looked up in both: a plug-in of Jellyfin can imitate Plex."""

_STRICT: Final = frozenset[Source]({"plex", "emby"})
"""These declare what they send; the others send JSON as whatever type (Jellyfin's plug-in says text/plain)."""


class Form(Protocol):
    """A body being read. `feed` never raises: `finish` says what is wrong, once the whole body was read."""

    cap: int
    """The most bytes that a body of this kind may have."""

    def feed(self, piece: bytes) -> None:
        """Take the next piece."""
        ...

    def finish(self) -> bytes:
        """Return the JSON in UTF-8; raises `InvalidError` or `TooLargeError`."""
        ...


def form(source: Source, content_type: str | None, content_encoding: str | None) -> Form:
    """Return what reads a body of this type; raises `UnsupportedMediaTypeError`, `InvalidError`."""
    if content_encoding and content_encoding.strip().lower() != "identity":
        raise UnsupportedMediaTypeError("compressed bodies are not read: send it without Content-Encoding")
    kind, options = parse_options_header(content_type or "")
    names = _FIELDS.get(source, _EVERY_FIELD)
    if kind == "multipart/form-data":
        return MultipartForm(_boundary(options), names)
    if kind == "application/x-www-form-urlencoded":
        return UrlencodedForm(names, options.get("charset"))
    if source in _STRICT and not (kind == "application/json" or kind.endswith("+json")):
        raise UnsupportedMediaTypeError(
            f"{source} webhooks come as multipart/form-data, application/x-www-form-urlencoded or application/json"
        )
    return PlainForm(options.get("charset"))


def _boundary(options: Mapping[str, str]) -> bytes:
    boundary = options.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise InvalidError("multipart/form-data needs a boundary of 1 to 70 plain characters")
    return boundary.encode()


class PlainForm:
    """The body is the JSON."""

    cap = 256 * 1024

    def __init__(self, charset: str | None) -> None:
        self._charset = charset
        self._pieces: list[bytes] = []

    def feed(self, piece: bytes) -> None:
        self._pieces.append(piece)

    def finish(self) -> bytes:
        return text.utf8(b"".join(self._pieces), self._charset)


class UrlencodedForm:
    """The JSON is one field; or the body is JSON after all, as `curl -d` sends it."""

    cap = 3 * MAX_PAYLOAD + 1024
    """Every byte of the JSON may have become three."""

    def __init__(self, names: tuple[str, ...], charset: str | None) -> None:
        self._names = {name.encode() for name in names}
        self._charset = charset
        self._pieces: list[bytes] = []

    def feed(self, piece: bytes) -> None:
        self._pieces.append(piece)

    def finish(self) -> bytes:
        body = b"".join(self._pieces)
        return text.utf8(body if body.lstrip().startswith(b"{") else self._field(body), self._charset)

    def _field(self, body: bytes) -> bytes:
        for pair in body.split(b"&", MAX_FIELDS)[:MAX_FIELDS]:
            name, _, value = pair.partition(b"=")
            if unquote_to_bytes(name) in self._names:
                return unquote_to_bytes(value.replace(b"+", b" "))
        raise _missing("field", self._names)


class MultipartForm:
    """The JSON is one part, with or without a type or a file name."""

    cap = 4 * 1024 * 1024
    """Pictures were seen with up to 100 kB; they are thrown away, so room for large ones costs nothing."""

    def __init__(self, boundary: bytes, names: tuple[str, ...]) -> None:
        self._parser = PushMultipartParser(
            boundary,
            max_header_size=MAX_PART_HEADER,
            max_header_count=MAX_PART_HEADERS,
            max_segment_count=MAX_PARTS,
        )
        self._names = names
        self._pieces: list[bytes] = []
        self._part: MultipartSegment | None = None
        self._complete = False
        self._error: UsherError | None = None

    def feed(self, piece: bytes) -> None:
        if self._complete or self._error or not piece:
            return
        try:
            self._scan(piece)
        except MultipartError as exc:
            self._error = InvalidError(f"the body is not valid multipart/form-data: {exc}")

    def finish(self) -> bytes:
        if self._error:
            raise self._error
        if self._complete and self._part:
            return text.utf8(b"".join(self._pieces), self._part.charset)
        if self._part:
            raise InvalidError("the body ends in the middle of a part")
        raise _missing("part", self._names)

    def _scan(self, piece: bytes) -> None:
        for event in self._parser.parse(piece):
            if isinstance(event, MultipartSegment):
                self._part = event if event.name in self._names else None
            elif self._part and event is None:
                self._complete = True
                return
            elif self._part and event:
                self._keep(event, self._part.bytes_received)

    def _keep(self, piece: bytes, received: int) -> None:
        if received > MAX_PAYLOAD:
            self._error = TooLargeError(f"the payload has more than {MAX_PAYLOAD} bytes")
            self._pieces.clear()
        else:
            self._pieces.append(piece)


def _missing(what: str, names: set[bytes] | tuple[str, ...]) -> InvalidError:
    wanted = " or ".join(sorted(name.decode() if isinstance(name, bytes) else name for name in names))
    return InvalidError(f"expected a {what} named {wanted} that holds the JSON, and the body has none")
