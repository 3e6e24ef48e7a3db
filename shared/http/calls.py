"""Translates failed HTTP calls into our errors: the only place that knows which answers are worth another try.

Messages name the system and the status, never an address, its query or a header. Every kind of missing answer has the
same text: whoever may type in addresses must not learn from it which ports are open. The logs have the cause.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar

import httpx
import msgspec

from shared.errors import BadGatewayError, TransientError, UsherError

LONGEST_WAIT: Final = timedelta(hours=24)
"""An answer that asks for more is asking for ever."""
UNNAMED_WAIT: Final = timedelta(seconds=60)
"""For a 429 that names no time, as plex.tv's often do."""

T = TypeVar("T")


class RefusedError(BadGatewayError):
    """The other side answered no, or something we do not understand; `answered` is its status."""

    def __init__(self, detail: str, *, answered: int | None = None) -> None:
        super().__init__(detail)
        self.answered = answered


class FailingError(TransientError):
    """The other side does not work as it should: no answer in time, half an answer, 5xx."""

    title = "Another system does not answer"


class UnreachableError(FailingError):
    """No connection could be made."""


class RateLimitedError(TransientError):
    """The other side works and asks us to wait."""

    title = "Another system asks us to wait"


class CircuitOpenError(TransientError):
    """The other side failed too often lately; nothing was sent."""

    title = "Another system is left alone for a while"


@contextmanager
def translate_errors(api: str) -> Iterator[None]:
    """Turn what httpx and msgspec raise into our errors, which call the other side `api`.

    Call `raise_for_status()` inside. 408, 425, 429, 5xx and all network failures are transient; every other status, a
    redirect, and an answer that does not decode are permanent.
    """
    try:
        yield
    except httpx.HTTPStatusError as exc:
        raise _error_of_status(api, exc.response, now=datetime.now(UTC)) from None  # its text holds the address
    except (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL):
        raise RefusedError(f"{api}: the address or a header cannot be sent") from None  # its text holds the header
    except httpx.DecodingError as exc:
        raise RefusedError(f"{api} sent an answer that cannot be read: {exc}") from exc
    except httpx.HTTPError as exc:
        raise _no_answer(api, exc) from exc
    except msgspec.MsgspecError as exc:
        raise _undecodable(api, exc) from exc


def decode(response: httpx.Response, kind: type[T], *, api: str, strict: bool = True) -> T:
    """Return a JSON answer as `kind`; raise `RefusedError` if it is something else.

    Without `strict`, "5" is a number and 1 a yes too.
    """
    try:
        return msgspec.json.decode(response.content, type=kind, strict=strict)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise _undecodable(api, exc) from exc


def out_of_reach(api: str) -> str:
    """Return the text for every kind of missing answer."""
    return f"{api} is out of reach or does not answer as it should"


def _undecodable(api: str, exc: Exception) -> RefusedError:
    reason = str(exc)[:200] if isinstance(exc, msgspec.MsgspecError) else type(exc).__name__
    return RefusedError(f"{api} sent an answer that Usher does not understand: {reason}")


def _no_answer(api: str, exc: httpx.HTTPError) -> TransientError:
    match exc:
        case httpx.ConnectError() | httpx.ConnectTimeout():
            return UnreachableError(out_of_reach(api))
        case httpx.PoolTimeout():
            return TransientError("Too many calls to other systems are under way")
        case _:
            return FailingError(out_of_reach(api))


_REFUSALS: Final = {
    401: "does not accept the credential",
    403: "does not allow this",
    404: "knows no such thing",
    422: "found the request wrong",
}
_WORTH_ANOTHER_TRY: Final = frozenset({httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_EARLY})


def _error_of_status(api: str, response: httpx.Response, *, now: datetime) -> UsherError:
    status = response.status_code
    wait = retry_after(response.headers.get("Retry-After", ""), now=now)
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return RateLimitedError(f"{api} asks to wait ({status})", retry_after=wait)
    if status in _WORTH_ANOTHER_TRY or httpx.codes.is_server_error(status):
        return FailingError(f"{api} answered {status}", retry_after=wait)
    if httpx.codes.is_redirect(status):
        return RefusedError(
            f"{api} points to another address ({status}): is the right one configured?", answered=status
        )
    return RefusedError(f"{api} {_REFUSALS.get(status, 'refused the request')} ({status})", answered=status)


_SECONDS: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?", re.ASCII)


def retry_after(value: str, *, now: datetime) -> timedelta | None:
    """Return what a `Retry-After` header asks for, seconds or a date, at most `LONGEST_WAIT`; None if malformed."""
    text = value.strip()
    if _SECONDS.fullmatch(text):
        return min(timedelta(seconds=float(text)), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # a year or a zone of many digits
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(aware - now, timedelta()), LONGEST_WAIT)
