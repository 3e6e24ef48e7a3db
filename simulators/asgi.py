"""The minimal web framework of the stand-ins: a method and a path template lead to an async function.

Every stand-in is an `App`: it records its requests, can be told to fail or to be slow, and answers unknown paths as its
real counterpart does.
"""

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

import msgspec

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PAGE: Final = b"<html><body><h1>Something went wrong</h1></body></html>"

_KEPT: Final = 10_000
_PARAMETER: Final = re.compile(r"\{(\w+)\}")


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a client sent; header names are in lower case."""

    method: str
    path: str
    query_string: str = ""
    headers: dict[str, str] = {}
    body: bytes = b""
    values: dict[str, str] = {}
    """The values of the path's placeholders."""

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters; of several with one name, the last."""
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    def header(self, name: str) -> str:
        """Return a header, or an empty text if it was not sent."""
        return self.headers.get(name.lower(), "")

    def json(self) -> Any:
        """Return the body's JSON; raises `msgspec.DecodeError` if it is not JSON."""
        try:
            return msgspec.json.decode(self.body)
        except RecursionError as exc:
            raise msgspec.DecodeError("nested too deeply") from exc

    def form(self) -> dict[str, str]:
        """Return the fields of a URL-encoded body."""
        return dict(parse_qsl(self.body.decode("latin-1"), keep_blank_values=True))


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """What a stand-in answers."""

    status: int = 200
    headers: dict[str, str] = {}
    body: bytes = b""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Something that goes wrong with requests under a path: an answer, a wait, or both."""

    response: Response | None
    after: timedelta
    path: str
    is_done: bool = False
    """Whether the request takes effect all the same."""
    until: asyncio.Event | None = None
    """What ends the wait, if it is not a time."""


Handler = Callable[[Request], Awaitable[Response]]


def json_response(value: object, status: int = 200, **headers: str) -> Response:
    """Return a JSON response; underscores in header names become dashes."""
    return _response(msgspec.json.encode(value), "application/json; charset=utf-8", status, headers)


def text_response(text: str, kind: str, status: int = 200, **headers: str) -> Response:
    """Return a text response of a content type."""
    return _response(text.encode(), kind, status, headers)


def _response(body: bytes, kind: str, status: int, headers: Mapping[str, str]) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status=status, headers={"content-type": kind, **named}, body=body)


class App:
    """An ASGI application made of routes such as `GET /pins/{id}`."""

    def __init__(self, routes: Mapping[str, Handler]) -> None:
        self.routes = dict(routes)
        self.seen: deque[Request] = deque(maxlen=_KEPT)
        self._routes = [_compile(route, handler) for route, handler in routes.items()]
        self._faults: deque[Fault] = deque()

    def fail_next(
        self,
        status: int,
        *,
        times: int = 1,
        body: bytes = PAGE,
        path: str = "/",
        **headers: str,
    ) -> None:
        """Answer the next requests under a path with this status, and with HTML unless told otherwise."""
        named = {"content-type": "text/html", **{name.replace("_", "-"): value for name, value in headers.items()}}
        response = Response(status=status, headers=named, body=body)
        self._faults.extend([Fault(response=response, after=timedelta(), path=path)] * times)

    def slow_next(self, by: timedelta, *, times: int = 1, path: str = "/") -> None:
        """Answer the next requests under a path correctly, but after a delay."""
        self._faults.extend([Fault(response=None, after=by, path=path)] * times)

    def hold_next(self, *, times: int = 1, path: str = "/") -> asyncio.Event:
        """Answer the next requests under a path correctly, but only after the returned event is set."""
        until = asyncio.Event()
        self._faults.extend([Fault(response=None, after=timedelta(), path=path, until=until)] * times)
        return until

    def lose_next(self, *, times: int = 1, path: str = "/") -> None:
        """Do what the next requests under a path ask, but lose their answers on the way back."""
        page = text_response("<html><body><h1>502 Bad Gateway</h1></body></html>", "text/html", 502)
        self._faults.extend([Fault(response=page, after=timedelta(), path=path, is_done=True)] * times)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request of an ASGI server."""
        if scope["type"] != "http":
            raise ValueError(f"a stand-in speaks HTTP only, not {scope['type']}")
        response = await self.answer(await _read(scope, receive))
        headers = {"content-length": str(len(response.body)), **response.headers}
        if response.status == 204:  # noqa: PLR2004 - a body is forbidden with it
            del headers["content-length"]
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": response.status, "headers": raw})
        await send({"type": "http.response.body", "body": response.body})

    async def answer(self, request: Request) -> Response:
        """Record a request and answer it, or fail as told."""
        self.seen.append(request)
        fault = next((each for each in self._faults if request.path.startswith(each.path)), None)
        if fault is None:
            return await self.serve(request)
        self._faults.remove(fault)
        await asyncio.sleep(fault.after.total_seconds())
        if fault.until is not None:
            await fault.until.wait()
        if fault.is_done:
            await self.serve(request)
        return fault.response or await self.serve(request)

    async def serve(self, request: Request) -> Response:
        """Answer as the real system would; stand-ins add here what they check on every request."""
        allowed = False
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(request.path)
            if match and method == request.method:
                values = {name: unquote(value) for name, value in match.groupdict().items()}
                return await handler(msgspec.structs.replace(request, values=values))
            allowed = allowed or match is not None
        return self.missing(request, is_known_path=allowed)

    def knows(self, path: str) -> bool:
        """Tell whether there is such a path, with any method."""
        return any(pattern.fullmatch(path) for _, pattern, _ in self._routes)

    def methods_of(self, path: str) -> list[str]:
        """Return the methods that a path has."""
        return sorted({method for method, pattern, _ in self._routes if pattern.fullmatch(path)})

    def missing(self, request: Request, *, is_known_path: bool) -> Response:
        """Answer a path or a method that does not exist."""
        reason = "Method Not Allowed" if is_known_path else "Not Found"
        return text_response(f"{reason}: {request.path}", "text/plain", 405 if is_known_path else 404)


def _compile(route: str, handler: Handler) -> tuple[str, re.Pattern[str], Handler]:
    method, path = route.split(" ", 1)
    parts = _PARAMETER.split(path)
    pattern = "".join(f"(?P<{part}>[^/]+)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
    return method, re.compile(pattern), handler


async def _read(scope: Scope, receive: Receive) -> Request:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return Request(
        method=scope["method"],
        path=scope.get("raw_path", scope["path"].encode()).split(b"?")[0].decode("latin-1"),
        query_string=scope["query_string"].decode("latin-1"),
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
    )
