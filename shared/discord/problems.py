"""What Discord's refusals mean: https://docs.discord.com/developers/topics/opcodes-and-status-codes."""

from datetime import UTC, datetime, timedelta
from typing import Final

import httpx
import msgspec

from shared.clients.api import decode_or, is_html
from shared.errors import UsherError
from shared.http.calls import LONGEST_WAIT, FailingError, RateLimitedError, RefusedError, retry_after
from shared.leniency import text

_CLOSED_TO_US: Final = frozenset({50007, 50278})
_REPLY_IS_OVER: Final = frozenset({10008, 10015, 10062, 50027})
_MAY_BE_A_NOTICE: Final = frozenset({httpx.codes.OK, httpx.codes.FORBIDDEN})


class ReplyExpiredError(RefusedError):
    """The interaction is older than 15 minutes, or its reply was deleted: what there is to say goes elsewhere."""

    title = "The reply can no longer be changed"


class ClosedToMessagesError(RefusedError):
    """The person takes no direct messages from us, or shares no server with us."""

    title = "The person takes no direct messages"


class Problem(msgspec.Struct, frozen=True):
    """The body of a refusal; `code` says more than the status. `retry_after` is in seconds."""

    code: int = 0
    message: str = ""
    retry_after: float | None = None


def problem_of(response: httpx.Response) -> Problem:
    """Return what a refusal says; nothing where it says nothing, or where the answer is good."""
    return decode_or(response, Problem, otherwise=Problem()) if response.is_error else Problem()


def wait_of(response: httpx.Response, problem: Problem) -> timedelta | None:
    """Return how long a 429 asks to wait: the body is finer than the header."""
    if problem.retry_after is not None and 0 <= problem.retry_after <= LONGEST_WAIT.total_seconds():
        return timedelta(seconds=problem.retry_after)
    return retry_after(response.headers.get("Retry-After", ""), now=datetime.now(UTC))


def error_of(name: str, response: httpx.Response, problem: Problem) -> UsherError | None:
    """Return what a refusal means; None leaves it to its status."""
    status = response.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return RateLimitedError(f"{name} asks to wait (429)", retry_after=wait_of(response, problem))
    if is_html(response) and status in _MAY_BE_A_NOTICE:
        return FailingError(f"{name} answered with a web page instead of data")
    if problem.code in _REPLY_IS_OVER:
        return ReplyExpiredError(f"{name} no longer knows the reply ({problem.code})", answered=status)
    if problem.code in _CLOSED_TO_US:
        return ClosedToMessagesError(f"{name} does not let us write to this person ({problem.code})", answered=status)
    if status == httpx.codes.BAD_REQUEST and problem.code:
        said = text(problem.message, limit=200) or "no reason"
        return RefusedError(f"{name} refused the request: {said} ({problem.code})", answered=status)
    return None
