"""How an error of `shared.errors` crosses the bus as the reply to a question: its status, its text, how long to wait.

The asker gets an error of the same status, so the gateway answers what the service answered.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import msgspec

from shared import errors
from shared.errors import Fault, PermanentError, TransientError, UnavailableError, UsherError


class ErrorReply(msgspec.Struct, frozen=True):
    """What nats.micro sends: a code, a short description, a body."""

    code: str
    kind: str
    payload: bytes


class _Problem(msgspec.Struct):
    """`is_outage` if a part of Usher itself is away."""

    detail: str
    faults: tuple[Fault, ...] = ()
    retry_after_s: float | None = None
    is_outage: bool = False


_PERMANENT: Final[Mapping[str, type[PermanentError]]] = {
    str(kind.status): kind
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
_TRANSIENT: Final[Mapping[str, type[TransientError]]] = {
    str(kind.status): kind for kind in (TransientError, errors.ThrottledError)
}
_LONGEST_WAIT: Final = timedelta(days=7)


def reply_of(error: UsherError | msgspec.MsgspecError | TimeoutError) -> ErrorReply:
    """Return the reply to send instead of an answer."""
    match error:
        case UsherError():
            code, problem = str(error.status), _problem(error)
        case TimeoutError():
            code, problem = "503", _Problem("answering took too long", is_outage=True)
        case _:
            code, problem = "503", _Problem("the question is of another version", is_outage=True)
    return ErrorReply(code, type(error).__name__, msgspec.json.encode(problem))


def _problem(error: UsherError) -> _Problem:
    asked = error.retry_after if isinstance(error, TransientError) else None
    return _Problem(
        error.detail,
        error.faults,
        None if asked is None else min(asked, _LONGEST_WAIT).total_seconds(),
        is_outage=isinstance(error, UnavailableError),
    )


def error_of(service: str, code: str, payload: bytes) -> UsherError:
    """Return the error that a service replied with."""
    try:
        problem = msgspec.json.decode(payload, type=_Problem)
    except msgspec.MsgspecError:
        return UnavailableError(f"the {service} could not answer")
    wait = None if problem.retry_after_s is None else timedelta(seconds=problem.retry_after_s)
    if problem.is_outage:
        return UnavailableError(f"the {service} could not answer: {problem.detail}", retry_after=wait)
    if code in _PERMANENT:
        return _PERMANENT[code](problem.detail, faults=problem.faults)
    if code in _TRANSIENT:
        return _TRANSIENT[code](problem.detail, retry_after=wait)
    return UnavailableError(f"the {service} could not answer: {problem.detail}", retry_after=wait)
