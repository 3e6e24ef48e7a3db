"""One system's HTTP interface: builds a request, sends it within the upstream's limits, checks and decodes the answer.

Secrets stay `Secret` until the request is built, and go in headers and bodies, never in an address.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol, TypeVar
from urllib.parse import quote, urlencode

import httpx
import msgspec

from shared.clients.errors import CredentialRefusedError
from shared.errors import InvalidError, UsherError
from shared.http.calls import RefusedError, decode
from shared.schemas.secret import Secret

Headers = Mapping[str, str | Secret]
Query = Mapping[str, str | int | None]
Explain = Callable[[httpx.Response], UsherError | None]
"""Names the error that an answer means in this system; None leaves it to its status."""

T = TypeVar("T")


class FormBody(msgspec.Struct, frozen=True):
    """A body of fields in the order given, of which several may have one name; others are sent as JSON."""

    fields: tuple[tuple[str, str | Secret], ...]


_NONE: Final[Headers] = {}


class CallGuard(Protocol):
    """Lets a call go inside `call`, or raises; `shared.http.upstream.Upstream` is one."""

    @property
    def name(self) -> str: ...

    def call(self) -> AbstractAsyncContextManager[None]: ...


class Api:
    """Borrows the HTTP client and the upstream; sends each request once."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        upstream: CallGuard,
        *,
        url: str,
        headers: Headers = _NONE,
        explain: Explain | None = None,
    ) -> None:
        self._http = http
        self._upstream = upstream
        self._url = url.rstrip("/")
        self._headers = headers
        self._explain = explain

    @property
    def name(self) -> str:
        """Return the name of the system in errors."""
        return self._upstream.name

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        headers: Headers = _NONE,
        body: object = None,
        explain: Explain | None = None,
        expects: Collection[int] = (),
    ) -> httpx.Response:
        """Return a good answer; raise what `Upstream.call` does, `CredentialRefusedError`, or what `explain` returns.

        A status in `expects` counts as good too.
        """
        plain = {name: header_value(value) for name, value in {**self._headers, **headers}.items()}
        content = None
        if body is not None:
            content, plain["Content-Type"] = _encoded(body)
        async with self._upstream.call():
            response = await self._http.request(
                method, self._url + _target(path, query), headers=plain, content=content
            )
            self._judge(response, explain, expects)
            return response

    async def ask(
        self,
        method: str,
        path: str,
        kind: type[T],
        *,
        query: Query | None = None,
        headers: Headers = _NONE,
        body: object = None,
        explain: Explain | None = None,
    ) -> T:
        """Return the answer as `kind`, read leniently: these systems write 1 for true and "5" for 5."""
        response = await self.send(method, path, query=query, headers=headers, body=body, explain=explain)
        if is_html(response):
            raise RefusedError(f"{self.name} answered with a web page: is the address right?")
        return decode(response, kind, api=self.name, strict=False)

    def _judge(self, response: httpx.Response, explain: Explain | None, expects: Collection[int]) -> None:
        for explanation in (explain, self._explain):
            if explanation is not None and (error := explanation(response)) is not None:
                raise error
        if response.status_code in expects:
            return
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise CredentialRefusedError(f"{self.name} does not accept the credential (401)", answered=401)
        response.raise_for_status()


def path_segment(value: str) -> str:
    """Return a value as one segment of a path; raise `InvalidError` if it would lead elsewhere."""
    if value in {"", ".", ".."}:
        raise InvalidError(f"{value!r} is not an id")
    return quote(value, safe="", errors="replace")


def header_value(value: str | Secret) -> str:
    """Return a header's value; raise `InvalidError`, without the value, if a header cannot hold it."""
    text = value.reveal() if isinstance(value, Secret) else value
    if not (text.isascii() and text.isprintable() and text == text.strip()):
        raise InvalidError("A token, key or name holds characters that cannot be sent")
    return text


def is_html(response: httpx.Response) -> bool:
    """Return whether the answer is a web page: a proxy, a login page or a maintenance notice has answered."""
    kind: str = response.headers.get("Content-Type", "")
    return kind.lower().startswith("text/html")


def decode_or(response: httpx.Response, kind: type[T], *, otherwise: T) -> T:
    """Return what an error's body says, or `otherwise` if it does not decode."""
    try:
        return msgspec.json.decode(response.content, type=kind, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return otherwise


def _target(path: str, query: Query | None) -> str:
    # %20 and never +: Seerr refuses it, and Plex takes it for a plus sign
    pairs = [f"{_quote(name)}={_quote(str(value))}" for name, value in (query or {}).items() if value is not None]
    return f"{path}?{'&'.join(pairs)}" if pairs else path


def _encoded(body: object) -> tuple[bytes, str]:
    if not isinstance(body, FormBody):
        return msgspec.json.encode(body, enc_hook=_reveal), "application/json"
    pairs = [(name, value.reveal() if isinstance(value, Secret) else value) for name, value in body.fields]
    return urlencode(pairs).encode(), "application/x-www-form-urlencoded"


def _quote(text: str) -> str:
    return quote(text, safe="", errors="replace")


def _reveal(value: object) -> object:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"a {type(value).__name__} cannot be sent")
