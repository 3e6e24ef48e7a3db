"""What becomes of a message after its handler ended: a pure decision, a case a kind of failure."""

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
MAX_ASKED_ATTEMPTS: Final = 100
"""Tries after which even a wait that the other side asks for is not granted any more."""
LONGEST_WAIT: Final = timedelta(days=7)
LONGEST_IN_BAND: Final = timedelta(seconds=30)


class AlreadyDoneError(PermanentError):
    """The inbox knows this message: its effect is there, and nothing is to be done."""


class Ack(msgspec.Struct, frozen=True):
    """Done; `duplicate` where it had been done before."""

    duplicate: bool = False


class Hold(msgspec.Struct, frozen=True):
    """A part of Usher is away: keep the message, wait for that part, and try again. Costs no attempt."""

    reason: str


class Retry(msgspec.Struct, frozen=True):
    """Give it back to JetStream for a short while."""

    after: timedelta
    reason: str


class Later(msgspec.Struct, frozen=True):
    """Keep it in Postgres until it is due."""

    after: timedelta
    reason: str


class Drop(msgspec.Struct, frozen=True):
    """Put it among the dead letters."""

    reason: str


Verdict = Ack | Hold | Retry | Later | Drop


def judge(error: Exception | None, *, attempts: int, chance: float) -> Verdict:
    """Return the verdict after the `attempts`-th try (from 1); `chance` in [0, 1) spreads the waits (full jitter)."""
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
            return _judge_transient(error, attempts, chance)
        case _:
            return _judge_bug(error, attempts, chance)


def _judge_transient(error: TransientError, attempts: int, chance: float) -> Verdict:
    if error.retry_after is not None and attempts < MAX_ASKED_ATTEMPTS:
        return _after(min(error.retry_after, LONGEST_WAIT), error.detail)
    if attempts >= MAX_ATTEMPTS:
        return Drop(f"gave up after {attempts} tries: {error.detail}")
    return _wait(attempts, error.detail, chance)


def _judge_bug(error: Exception, attempts: int, chance: float) -> Verdict:
    reason = f"{type(error).__name__}: {error}"
    if attempts >= MAX_BUG_ATTEMPTS:
        return Drop(f"failed {attempts} times: {reason}")
    return _wait(attempts, reason, chance)


def _wait(attempts: int, reason: str, chance: float) -> Verdict:
    if attempts <= len(IN_BAND):
        return Retry(IN_BAND[attempts - 1] * (0.5 + chance / 2), reason)
    return Later(DURABLE[attempts - len(IN_BAND) - 1] * (0.8 + chance * 0.4), reason)


def _after(wait: timedelta, reason: str) -> Verdict:
    return Retry(wait, reason) if wait <= LONGEST_IN_BAND else Later(wait, reason)


def chance() -> float:
    """Return a random number in [0, 1)."""
    return random.random()  # noqa: S311 (spreads load, guards nothing)
