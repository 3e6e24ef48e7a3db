"""The kinds of failure that all parts of Usher share: wrong input, not found, try later, never.

An error is transient (worth another try) or permanent. It crosses the bus between services and becomes problem+json
with its `status` at the gateway.
"""

from datetime import timedelta
from typing import ClassVar, Final

import msgspec

_LONGEST_NAME: Final = 80


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong with an input: where (a path such as `items[0].name`) and what."""

    path: str
    message: str


class UsherError(Exception):
    """A failure that one sentence explains to a person; `status` is its HTTP status."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str, *, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = faults


class PermanentError(UsherError):
    """Trying again would end the same way."""


class TransientError(UsherError):
    """Trying again later may work; `retry_after` is the exact wait that the other side asked for."""

    status = 503
    title = "Try again later"

    def __init__(self, detail: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class UnavailableError(TransientError):
    """A part of Usher itself (NATS, Postgres, a service) is away; waiting for it does not count as an attempt."""

    title = "Part of Usher is away"


class InvalidError(PermanentError):
    """The input is wrong; `faults` say where."""

    status = 400
    title = "Invalid input"


class UnauthorizedError(PermanentError):
    """No valid credential came with the request."""

    status = 401
    title = "Not authorized"


class ForbiddenError(PermanentError):
    """The credential is valid, but not for this."""

    status = 403
    title = "Not allowed"


class NotFoundError(PermanentError):
    """There is no such thing."""

    status = 404
    title = "Not found"


class UnknownServerError(NotFoundError):
    """No server has this name, or none of this kind; without a name, no server is configured at all."""

    def __init__(self, name: str, *, kind: str = "") -> None:
        what = f"{kind.title()} server" if kind else "server"
        called = f" {name[:_LONGEST_NAME]!r}" if name else ""
        super().__init__(f"there is no {what}{called}: GET /api/mediaservers lists them")


class ConflictError(PermanentError):
    """The thing is in a state that does not allow this."""

    status = 409
    title = "Conflict"


class GoneError(PermanentError):
    """It existed, but has expired or was removed."""

    status = 410
    title = "No longer there"


class TooLargeError(PermanentError):
    """The input has more bytes than the limit."""

    status = 413
    title = "Too large"


class UnsupportedMediaTypeError(PermanentError):
    """This route does not read that content type."""

    status = 415
    title = "Unsupported content type"


class UnprocessableError(PermanentError):
    """The input is well-formed, but what it asks for cannot be done."""

    status = 422
    title = "Cannot be done"


class BadGatewayError(PermanentError):
    """Another system refused, or its answer makes no sense; the detail names it."""

    status = 502
    title = "Refused by another system"


class ThrottledError(TransientError):
    """Too many attempts in too short a time."""

    status = 429
    title = "Too many requests"
