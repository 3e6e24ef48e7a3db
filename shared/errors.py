"""The kinds of failure that everything else speaks of: wrong input, nothing there, try later, never.

An error is transient (worth another try) or permanent. Those with a `status` cross the bus between services and become
problem+json of the same status at the gateway.
"""

from datetime import timedelta
from typing import ClassVar, Final

import msgspec

_LONGEST_NAME: Final = 80


class Fault(msgspec.Struct, frozen=True):
    """One thing wrong with an input: where (a path such as `items[0].name`) and what."""

    path: str
    message: str


class UsherError(Exception):
    """Something a person can be told in one sentence; `status` is the HTTP status that says it."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str, *, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = faults


class PermanentError(UsherError):
    """Trying again would end the same way."""


class TransientError(UsherError):
    """Trying again later may work; `retry_after` is how long the other side asked us to wait, exactly."""

    status = 503
    title = "Try again later"

    def __init__(self, detail: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class UnavailableError(TransientError):
    """A part of Usher itself (NATS, Postgres, a service) is away; waiting for it costs no attempt."""

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
    """No server of this kind, or of any, is configured under this name; without a name, there is none at all."""

    def __init__(self, name: str, *, kind: str = "") -> None:
        what = f"{kind.title()} server" if kind else "server"
        called = f" {name[:_LONGEST_NAME]!r}" if name else ""
        super().__init__(f"there is no {what}{called}: GET /api/mediaservers lists them")


class ConflictError(PermanentError):
    """The thing is in a state that does not allow this."""

    status = 409
    title = "Conflict"


class GoneError(PermanentError):
    """It was there, and its time is over."""

    status = 410
    title = "No longer there"


class TooLargeError(PermanentError):
    """More bytes than the limit."""

    status = 413
    title = "Too large"


class UnsupportedMediaTypeError(PermanentError):
    """A content type that this route does not read."""

    status = 415
    title = "Unsupported content type"


class UnprocessableError(PermanentError):
    """The input is well-formed and cannot be done."""

    status = 422
    title = "Cannot be done"


class BadGatewayError(PermanentError):
    """Another system answered, and its answer is no or makes no sense; the detail names it."""

    status = 502
    title = "Refused by another system"


class ThrottledError(TransientError):
    """Too many tries in too short a time."""

    status = 429
    title = "Too many requests"
