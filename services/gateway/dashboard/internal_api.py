"""How pages read and change things: they call the API's routes, in this process, as whoever is logged in.

So a page can do nothing that the API does not allow, checks input as the API does, and is written down in the audit.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from litestar import Request
from litestar.types import ASGIApp

from services.gateway.dashboard.outcome import Outcome, outcome_of
from services.gateway.problems import Problem
from shared import errors
from shared.errors import PermanentError, ThrottledError, TransientError, UnavailableError, UsherError

T = TypeVar("T")
_FAILED: Final = 400
_PERMANENT: Final[Mapping[int, type[PermanentError]]] = {
    kind.status: kind
    for kind in (
        errors.InvalidError,
        errors.UnauthorizedError,
        errors.ForbiddenError,
        errors.NotFoundError,
        errors.ConflictError,
        errors.GoneError,
        errors.TooLargeError,
        errors.UnprocessableError,
        errors.BadGatewayError,
    )
}


class InternalApi:
    """Raises what a route answered, as the error of that status."""

    def __init__(self, api: ASGIApp, request: Request[Any, Any, Any], session: str) -> None:
        self._api = api
        self._request = request
        self._session = session

    async def get(self, path: str, shape: type[T], **query: object) -> T:
        """Read; parameters that are None are left out."""
        return _read(await self._call("GET", path, query=query), shape)

    async def look(self, path: str, shape: type[T], **query: object) -> Outcome[T]:
        """Read a part of a page that must not keep the rest from being shown: return what was read, or what failed."""
        return await outcome_of(self.get(path, shape, **query))

    async def look_within(self, within: timedelta, path: str, shape: type[T]) -> Outcome[T]:
        """Read as `look` does, and give up after a while."""
        return await outcome_of(self._get_within(within, path, shape))

    async def _get_within(self, within: timedelta, path: str, shape: type[T]) -> T:
        try:
            async with asyncio.timeout(within.total_seconds()):
                return await self.get(path, shape)
        except TimeoutError as exc:
            raise UnavailableError(f"no answer within {within.total_seconds():g} s") from exc

    async def post(self, path: str, shape: type[T], body: object = None, **query: object) -> T:
        """Change something, and return the answer; where a route answers nothing, the shape is `None`'s."""
        return _read(await self._call("POST", path, query=query, body=body), shape)

    async def put(self, path: str, shape: type[T], body: object, **query: object) -> T:
        """Change something, and return the answer, as `post` does."""
        return _read(await self._call("PUT", path, query=query, body=body), shape)

    async def delete(self, path: str, shape: type[T], **query: object) -> T:
        """Remove something, and return the answer, as `post` does."""
        return _read(await self._call("DELETE", path, query=query), shape)

    async def _call(
        self, method: str, path: str, *, query: Mapping[str, object] | None = None, body: object = None
    ) -> bytes:
        sent = b"" if body is None else msgspec.json.encode(body)
        answer = _Answer()
        await self._api(self._scope(method, path, query or {}, sent), _Sent(sent), answer)  # type: ignore[arg-type]
        if answer.status >= _FAILED:
            raise _error_of(answer)
        return bytes(answer.body)

    def _scope(self, method: str, path: str, query: Mapping[str, object], sent: bytes) -> dict[str, Any]:
        given: Any = self._request.scope
        whole = f"/api{path}"
        headers = [
            (b"authorization", f"Bearer {self._session}".encode()),
            (b"content-length", str(len(sent)).encode()),
            *((name, value) for name, value in given["headers"] if name in {b"host", b"traceparent"}),
        ]
        return {
            "type": "http",
            "asgi": given["asgi"],
            "http_version": given["http_version"],
            "scheme": given["scheme"],
            "server": given["server"],
            "client": given["client"],
            "root_path": "",
            "method": method,
            "path": whole,
            "raw_path": quote(whole).encode(),
            "query_string": urlencode(
                {name: _text(value) for name, value in query.items() if value is not None}
            ).encode(),
            "headers": [*headers, (b"content-type", b"application/json")] if sent else headers,
            "state": {},
        }


def _read(content: bytes, shape: type[T]) -> T:
    return msgspec.json.decode(content or b"null", type=shape)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class _Sent:
    """Gives a body, and then waits: the caller stays until it is answered."""

    def __init__(self, body: bytes) -> None:
        self._unread: bytes | None = body

    async def __call__(self) -> dict[str, Any]:
        if self._unread is None:
            await asyncio.Event().wait()
        body, self._unread = self._unread, None
        return {"type": "http.request", "body": body, "more_body": False}


class _Answer:
    """Keeps what a route answers."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.body = bytearray()

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")


def _error_of(answer: _Answer) -> UsherError:
    problem = msgspec.json.decode(answer.body, type=Problem)
    if kind := _PERMANENT.get(answer.status):
        return kind(problem.detail, faults=problem.errors)
    wait = answer.headers.get(b"retry-after", b"")
    retry_after = timedelta(seconds=int(wait)) if wait.isdigit() else None
    kinds: Mapping[int, type[TransientError]] = {429: ThrottledError, 503: UnavailableError}
    if answer.status in kinds:
        return kinds[answer.status](problem.detail, retry_after=retry_after)
    return UsherError(problem.detail)
