"""How long Discord wants us to wait, learnt from its answers: limits are never known beforehand.

https://docs.discord.com/developers/topics/rate-limits. Without I/O and with the clock as an argument.
"""

import math
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

import msgspec

INVALID_PER_WINDOW: Final = 1_000
"""Answers of 401, 403 and 429 that we allow ourselves in ten minutes; after 10,000 Discord shuts the address out."""

_INVALID_WINDOW_S: Final = 600.0
_LARGEST: Final = 24 * 3600.0
_FIRST_ANSWER_S: Final = 0.5
_UNTOLD: Final = 50
_UNTOLD_S: Final = 1.0
_MANY: Final = 1_000
_INVALID: Final = frozenset({401, 403, 429})
_TOO_MANY: Final = 429


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """What limits are counted by: the call, and the channel, guild or webhook it is about.

    Calls that an interaction's token pays for are not under the bot's global limit.
    """

    method: str
    template: str
    major: str = ""
    is_global: bool = True


class _Bucket(msgspec.Struct, frozen=True):
    """A limit that several calls may share: so many calls in so many seconds."""

    id: str
    limit: int
    length_s: float


class _Window(msgspec.Struct):
    """How many calls are left until when; `is_guess` until the first answer of a call tells its limit."""

    remaining: int
    reset_at: float
    is_guess: bool = False


class Limits:
    """Asked before each call with `take`, told of each answer with `learn`."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._windows: dict[tuple[str, str], _Window] = {}
        self._forget_at = _MANY
        self._global_until = 0.0
        self._invalid = 0
        self._invalid_until = 0.0

    def take(self, route: Route) -> timedelta:
        """Return zero where the call may go, and count it; else how long it may not.

        Of calls whose limit is not known yet, one goes ahead and the others wait for its answer.
        """
        now = self._clock()
        window = self._window(route, now)
        wait = max(
            self._global_until - now if route.is_global else 0.0,
            self._invalid_until - now if self._invalid >= INVALID_PER_WINDOW else 0.0,
            window.reset_at - now if window.remaining <= 0 else 0.0,
        )
        if wait > 0:
            return timedelta(seconds=wait)
        window.remaining -= 1
        return timedelta()

    def learn(self, route: Route, *, status: int, headers: Mapping[str, str], wait: timedelta | None) -> None:
        """Take in what an answer says; `wait` is what it asked for with a 429."""
        now = self._clock()
        scope = headers.get("X-RateLimit-Scope", "")
        if status in _INVALID and scope != "shared":
            self._count_invalid(now)
        reset_after = _number(headers.get("X-RateLimit-Reset-After"))
        self._name(route, headers, reset_after)
        if status == _TOO_MANY:
            self._refused(route, now + (wait or timedelta()).total_seconds(), is_global=_is_global(headers, scope))
        elif "X-RateLimit-Remaining" in headers:
            self._counted(route, int(_number(headers["X-RateLimit-Remaining"])), now + reset_after, now)
        self._forget(now)

    def __len__(self) -> int:
        """Return how many limits are known; those whose time is over are forgotten."""
        return len(self._windows)

    def _refused(self, route: Route, until: float, *, is_global: bool) -> None:
        if is_global:
            self._global_until = max(self._global_until, until)
        else:
            self._windows[self._key(route)] = _Window(remaining=0, reset_at=until)

    def _counted(self, route: Route, remaining: int, reset_at: float, now: float) -> None:
        known = self._windows.get(self._key(route))
        if known is not None and known.reset_at > now:
            remaining = min(remaining, known.remaining)  # calls under way are counted here and not yet there
        self._windows[self._key(route)] = _Window(remaining=remaining, reset_at=reset_at)

    def _name(self, route: Route, headers: Mapping[str, str], reset_after: float) -> None:
        call = route.method, route.template
        known = self._buckets.get(call)
        guess = self._windows.get(self._key(route))
        if guess is not None and guess.is_guess:
            del self._windows[self._key(route)]
        limit = int(_number(headers.get("X-RateLimit-Limit")))
        if limit:
            name = headers.get("X-RateLimit-Bucket") or _own(route)
            length = max(reset_after, known.length_s if known is not None and known.id == name else 0.0)
            self._buckets[call] = _Bucket(name, limit, length)
        elif known is None:
            self._buckets[call] = _Bucket(_own(route), _UNTOLD, _UNTOLD_S)

    def _window(self, route: Route, now: float) -> _Window:
        key = self._key(route)
        window = self._windows.get(key)
        if window is None or window.reset_at <= now:
            bucket = self._buckets.get((route.method, route.template))
            window = self._windows[key] = (
                _Window(remaining=1, reset_at=now + _FIRST_ANSWER_S, is_guess=True)
                if bucket is None
                else _Window(remaining=bucket.limit, reset_at=now + bucket.length_s)
            )
        return window

    def _key(self, route: Route) -> tuple[str, str]:
        bucket = self._buckets.get((route.method, route.template))
        return bucket.id if bucket is not None else _own(route), route.major

    def _count_invalid(self, now: float) -> None:
        if now >= self._invalid_until:
            self._invalid, self._invalid_until = 0, now + _INVALID_WINDOW_S
        self._invalid += 1

    def _forget(self, now: float) -> None:
        if len(self._windows) < self._forget_at:
            return
        self._windows = {key: window for key, window in self._windows.items() if window.reset_at > now}
        self._forget_at = max(_MANY, 2 * len(self._windows))


def _is_global(headers: Mapping[str, str], scope: str) -> bool:
    return scope == "global" or headers.get("X-RateLimit-Global", "").lower() == "true"


def _own(route: Route) -> str:
    return f"{route.method} {route.template}"


def _number(value: str | None) -> float:
    try:
        number = float(value or 0)
    except ValueError:
        return 0.0
    return min(max(number, 0.0), _LARGEST) if math.isfinite(number) else 0.0
