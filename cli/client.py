"""The REST API of a running Usher, for the commands; every failure becomes one line.

The local copy's address is preferred to USHER_PUBLIC_URL: many home routers cannot reach their own public address from
inside.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, TypeVar
from urllib.parse import quote

import msgspec

from cli.folder import ADDRESS, LOCAL_API_KEY, Folder
from cli.settings import RunSettings
from shared import settings
from shared.errors import Fault, PermanentError, TransientError
from shared.http.calls import RefusedError, decode, translate_errors
from shared.http.client import client
from shared.schemas.secret import Secret
from shared.settings import SettingsError

_LISTEN_S: Final = 60.0
"""More than the pause between two signs of life of the stream."""
_ANSWER_S: Final = 20.0
"""More than the gateway takes for what it must ask of other systems."""
_ERROR: Final = 400
_UNAUTHORIZED: Final = 401
_UNREADY: Final = 503

T = TypeVar("T")


class AnswerError(PermanentError):
    """Usher answered no."""


class UnreadyError(AnswerError):
    """Usher answered that a part of it is away, or that it must not call another system yet."""


class AwayError(TransientError):
    """Nothing answers at the address."""


class Problem(msgspec.Struct, frozen=True):
    """Usher's answer to a refused request (RFC 9457)."""

    title: str = ""
    detail: str = ""
    errors: tuple[Fault, ...] = ()


class Usher:
    """A running Usher at an address."""

    def __init__(self, http: Any, address: str, key: Secret) -> None:
        self._http = http
        self._address = address
        self._headers = {"X-API-Key": key.reveal()}

    async def get(self, path: str, **query: str | int | None) -> Any:
        """Return the JSON at a path."""
        return await self._ask("GET", path, params={name: value for name, value in query.items() if value is not None})

    async def post(self, path: str, **body: Any) -> Any:
        """Post to a path; return the JSON of the answer."""
        return await self._ask("POST", path, json=body)

    async def put(self, path: str, **body: Any) -> Any:
        """Change what is at a path; return the JSON of its new state."""
        return await self._ask("PUT", path, json=body)

    async def delete(self, path: str, **query: str | None) -> Any:
        """Delete what is at a path; return the JSON of the answer, if there is any."""
        return await self._ask(
            "DELETE", path, params={name: value for name, value in query.items() if value is not None}
        )

    async def lines(self, path: str) -> AsyncIterator[str]:
        """Yield the lines of a stream, until it ends or breaks (`AwayError`)."""
        url, headers = f"{self._address}{path}", self._headers | {"Accept": "text/event-stream"}
        with self._translate_errors():
            async with self._http.stream("GET", url, headers=headers, timeout=_LISTEN_S) as response:
                if response.status_code >= _ERROR:
                    raise refusal(response.status_code, await response.aread())
                async for line in response.aiter_lines():
                    yield line

    async def pieces(self, path: str) -> AsyncIterator[bytes]:
        """Yield a long answer piece by piece; raises `AwayError` where it breaks off."""
        with self._translate_errors():
            async with self._http.stream(
                "GET", f"{self._address}{path}", headers=self._headers, timeout=_ANSWER_S
            ) as response:
                if response.status_code >= _ERROR:
                    raise refusal(response.status_code, await response.aread())
                async for piece in response.aiter_bytes():
                    yield piece

    async def _ask(self, method: str, path: str, **request: Any) -> Any:
        with self._translate_errors():
            response = await self._http.request(
                method, f"{self._address}{path}", headers=self._headers, timeout=_ANSWER_S, **request
            )
        if response.status_code >= _ERROR:
            raise refusal(response.status_code, response.content)
        try:
            return decode(response, object, api="Usher") if response.content else None
        except RefusedError as exc:
            raise AnswerError(f"something other than Usher answers at {self._address}") from exc

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            with translate_errors("Usher"):
                yield
        except TransientError as exc:
            raise AwayError(f"Usher does not answer at {self._address}: is it running (`usher run`)?") from exc


def path(*parts: str) -> str:
    """Return a path from its parts, which may contain anything."""
    return "".join(f"/{quote(part, safe='')}" for part in parts)


def refusal(status: int, content: bytes) -> AnswerError:
    """Return a refusal as a one-line error."""
    try:
        problem = msgspec.json.decode(content, type=Problem)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        problem = Problem()
    text = (problem.detail or problem.title or f"Usher answered {status}").rstrip(".")
    faults = "; ".join(f"{fault.path}: {fault.message}" for fault in problem.errors)
    hint = " (the key is USHER_API_KEY, or that of the data folder)" if status == _UNAUTHORIZED else ""
    kind = UnreadyError if status == _UNREADY else AnswerError
    return kind(" ".join(f"{text}{f' ({faults})' if faults else ''}{hint}".split()))


@asynccontextmanager
async def open_client(config: RunSettings) -> AsyncIterator[Usher]:
    """Open a client of the Usher that the settings name. Raises `SettingsError` without a key for it."""
    folder = Folder(config.usher_data_dir)
    key = key_for(config, folder)
    if not key:
        raise SettingsError(
            f"USHER_API_KEY is not set, and {folder.path} has no key that may be read: "
            "set it, or set USHER_DATA_DIR to the folder of `usher run`"
        )
    async with client(answer_limit=sys.maxsize) as http:
        yield Usher(http, folder.read_published(ADDRESS) or config.public_url, key)


def key_for(config: RunSettings, folder: Folder) -> Secret:
    """Return the key to call Usher with; empty for none.

    The folder's own key is preferred to one that is set by another tool's name (`API_KEY`), which may be for anything.
    """
    kept = folder.secret(LOCAL_API_KEY)
    is_alias = settings.aliases().get(settings.ALIASES["USHER_API_KEY"], False)
    return kept if kept and is_alias else config.usher_api_key or kept


def ask(question: Callable[[Usher], Coroutine[Any, Any, T]]) -> T:
    """Call the Usher that the settings name."""

    async def ask_once() -> T:
        async with open_client(settings.load(RunSettings)) as usher:
            return await question(usher)

    return asyncio.run(ask_once())
