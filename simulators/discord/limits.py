"""Discord's limits: a bucket of calls for each route and major parameter, one for the bot, and a ban for the stubborn.

https://docs.discord.com/developers/topics/rate-limits. The sizes are not published; these are like those seen.
"""

import hashlib
import math
from collections import deque
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from simulators.asgi import Request, Response, json_response, text_response
from simulators.determinism import Clock

INVALID_WINDOW: Final = timedelta(minutes=10)
_SECOND: Final = timedelta(seconds=1)
_INVALID: Final = frozenset({401, 403, 429})
_TOO_MANY: Final = 429


class Size(msgspec.Struct, frozen=True):
    """How many calls in how long."""

    calls: int
    per: timedelta


SIZES: Final = {
    "webhook": Size(5, timedelta(seconds=2)),
    "message": Size(5, timedelta(seconds=5)),
    "dm": Size(10, timedelta(seconds=10)),
    "commands": Size(5, timedelta(seconds=20)),
    "me": Size(30, timedelta(seconds=30)),
}


class _Window(msgspec.Struct):
    used: int
    reset_at: datetime


class Limits:
    """Counts calls and answers that are invalid; `invalid` is how many of those the last ten minutes saw."""

    def __init__(self, clock: Clock, *, per_second: int = 50, invalid_limit: int = 10_000) -> None:
        self._clock = clock
        self._per_second = per_second
        self._invalid_limit = invalid_limit
        self._windows: dict[tuple[str, str], _Window] = {}
        self._recent: deque[datetime] = deque()
        self._invalid: deque[datetime] = deque()

    @property
    def invalid(self) -> int:
        """Return how many answers of 401, 403 and 429 there were in the last ten minutes."""
        return _within(self._invalid, self._clock.now(), INVALID_WINDOW)

    def ban(self) -> Response | None:
        """Return the answer to who was too stubborn: from Cloudflare, and not JSON."""
        if self.invalid < self._invalid_limit:
            return None
        left = INVALID_WINDOW - (self._clock.now() - self._invalid[0])
        return text_response(
            "error code: 1015", "text/plain", _TOO_MANY, retry_after=str(math.ceil(left.total_seconds()))
        )

    def note(self, response: Response) -> Response:
        """Count an answer and return it; a limit that is shared with others does not count."""
        if response.status in _INVALID and response.headers.get("x-ratelimit-scope") != "shared":
            self._invalid.append(self._clock.now())
        return response

    def take_global(self) -> Response | None:
        """Count a call of the bot and return the refusal where there were too many this second."""
        now = self._clock.now()
        if _within(self._recent, now, _SECOND) < self._per_second:
            self._recent.append(now)
            return None
        wait = (_SECOND - (now - self._recent[0])).total_seconds()
        return _too_many(wait, {"x-ratelimit-global": "true", "x-ratelimit-scope": "global"}, is_global=True)

    def take(self, bucket: str, major: str) -> tuple[dict[str, str], Response | None]:
        """Count a call and return the headers that tell of it, with the refusal where it was one too many."""
        now, size = self._clock.now(), SIZES[bucket]
        window = self._windows.get((bucket, major))
        if window is None or now >= window.reset_at:
            window = self._windows[bucket, major] = _Window(0, now + size.per)
        wait = (window.reset_at - now).total_seconds()
        is_over = window.used >= size.calls
        window.used += not is_over
        headers = {
            "x-ratelimit-limit": str(size.calls),
            "x-ratelimit-remaining": str(size.calls - window.used),
            "x-ratelimit-reset": f"{window.reset_at.timestamp():.3f}",
            "x-ratelimit-reset-after": f"{wait:.3f}",
            "x-ratelimit-bucket": hashlib.sha256(bucket.encode()).hexdigest()[:32],
        }
        return headers, _too_many(wait, {**headers, "x-ratelimit-scope": "user"}) if is_over else None


def _within(moments: deque[datetime], now: datetime, span: timedelta) -> int:
    while moments and now - moments[0] >= span:
        moments.popleft()
    return len(moments)


def _too_many(wait: float, headers: dict[str, str], *, is_global: bool = False) -> Response:
    body: dict[str, Any] = {
        "message": "You are being rate limited.",
        "retry_after": round(wait, 3),
        "global": is_global,
        "code": 0,
    }
    named = {"retry_after": str(math.ceil(wait)), **{name.replace("-", "_"): value for name, value in headers.items()}}
    return json_response(body, _TOO_MANY, **named)


def bucket_of(request: Request, route: str) -> tuple[str, str]:
    """Return the bucket of a route and the major parameter that it is counted by."""
    values = request.values
    if "token" in values:
        return "webhook", f"{values['application']}/{values['token']}"
    if "channel" in values:
        return "message", values["channel"]
    if "commands" in route:
        return "commands", values.get("guild", "")
    return ("dm" if "channels" in route else "me"), ""
