"""What happens to a message after its handler has run: a pure decision, one case for each kind of failure."""

import random
from datetime import timedelta
from typing import Final

import msgspec

from shared.errors import PermanentError, TransientError, UnavailableError

IN_BAND: Final = (timedelta(seconds=1), timedelta(seconds=5), timedelta(seconds=30))
"""Waits before the first repeats, held by JetStream."""
DURABLE: Final = (
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
)
"""Waits before the repeats after those, held by Postgres."""
MAX_ATTEMPTS: Final = len(IN_BAND) + len(DURABLE)
MAX_BUG_ATTEMPTS: Final = 3
CRASH_LIMIT: Final = 15
"""Tries after which a message is given up without running its handler."""
LONGEST_WAIT: Final = timedelta(days=7)
"""Since the first try; from then on no wait that the other side asks for is granted any more."""
SHORTEST_PAUSE: Final = timedelta(seconds=0.5)
LONGEST_PAUSE: Final = timedelta(seconds=5)
"""The longest wait for which a message keeps its worker."""
PAUSING: Final = timedelta(minutes=1)
"""Since the first try; a message that is asked to wait again and again must not keep a worker for longer."""


class AlreadyDoneError(PermanentError):
    """The inbox has this message: its effect is there, and nothing is left to do."""


class Ack(msgspec.Struct, frozen=True):
    """Done; `duplicate` if it had been done before."""

    duplicate: bool = False


class Hold(msgspec.Struct, frozen=True):
    """A part of Usher is away: keep the message until that part answers, then try again. Costs no attempt."""

    reason: str


class Pause(msgspec.Struct, frozen=True):
    """Keep the message for as long as the other side asked us to wait, then try again. Costs no attempt."""

    after: timedelta
    reason: str


class Retry(msgspec.Struct, frozen=True):
    """Give the message back to JetStream for a short while."""

    after: timedelta
    reason: str


class Later(msgspec.Struct, frozen=True):
    """Keep the message in Postgres until it is due; `counts` if the try counts towards giving up."""

    after: timedelta
    reason: str
    counts: bool = True


class Drop(msgspec.Struct, frozen=True):
    """Make the message a dead letter."""

    reason: str


Settlement = Ack | Retry | Later | Drop
Verdict = Settlement | Hold | Pause


def given_up(attempts: int) -> Drop | None:
    """Return `Drop` for a message delivered so often that it may be what kills the process, else None."""
    if attempts <= CRASH_LIMIT:
        return None
    return Drop(f"delivered {attempts} times without an answer: it may be what stops the service")


def judge(error: Exception | None, *, attempts: int, waited: timedelta, chance: float) -> Verdict:
    """Return the verdict after try number `attempts` (from 1), which ended `waited` after the first one began.

    `chance` in [0, 1) spreads the waits (full jitter).
    """
    match error:
        case None:
            return Ack()
        case AlreadyDoneError():
            return Ack(duplicate=True)
        case UnavailableError():
            return Hold(error.detail)
        case PermanentError():
            return Drop(error.detail)
        case msgspec.MsgspecError():
            return Drop(f"not understood: {error}")
        case TransientError():
            return _judge_transient(error, attempts, waited, chance)
        case _:
            return _judge_bug(error, attempts, chance)


def _judge_transient(error: TransientError, attempts: int, waited: timedelta, chance: float) -> Verdict:
    if error.retry_after is not None:
        return _judge_asked(error.retry_after, waited, error.detail)
    if attempts >= MAX_ATTEMPTS:
        return Drop(f"gave up after {attempts} tries: {error.detail}")
    return _wait(attempts, error.detail, chance)


def _judge_asked(wait: timedelta, waited: timedelta, reason: str) -> Verdict:
    if waited >= LONGEST_WAIT:
        return Drop(f"gave up after {waited.days} days: {reason}")
    if wait <= LONGEST_PAUSE and waited < PAUSING:
        return Pause(max(wait, SHORTEST_PAUSE), reason)
    return Later(min(wait, LONGEST_WAIT), reason, counts=False)


def _judge_bug(error: Exception, attempts: int, chance: float) -> Verdict:
    reason = f"{type(error).__name__}: {error}"
    if attempts >= MAX_BUG_ATTEMPTS:
        return Drop(f"failed {attempts} times: {reason}")
    return _wait(attempts, reason, chance)


def _wait(attempts: int, reason: str, chance: float) -> Verdict:
    if attempts <= len(IN_BAND):
        return Retry(IN_BAND[attempts - 1] * (0.5 + chance / 2), reason)
    return Later(DURABLE[attempts - len(IN_BAND) - 1] * (0.8 + chance * 0.4), reason)


def chance() -> float:
    """Return a random number in [0, 1)."""
    return random.random()  # noqa: S311 (spreads load, guards nothing)
