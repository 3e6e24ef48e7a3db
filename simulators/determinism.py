"""A clock and ids for the stand-ins, so that every run is the same."""

import base64
import hashlib
from collections import Counter
from datetime import UTC, datetime, timedelta


class Clock:
    """A clock that runs with the real one, or stands still until a test moves it."""

    def __init__(self, stands_at: datetime | None = None) -> None:
        self._stands_at = stands_at
        self._ahead = timedelta()

    def now(self) -> datetime:
        """Return the current time."""
        return (self._stands_at or datetime.now(UTC)) + self._ahead

    def advance(self, by: timedelta) -> None:
        """Move the clock forward."""
        self._ahead += by


class Ids:
    """Sequences of ids and secrets by kind, derived from a seed."""

    def __init__(self, seed: str = "usher") -> None:
        self._seed = seed
        self._counts: Counter[str] = Counter()

    def number(self, kind: str, *, first: int = 1) -> int:
        """Return the next number of a kind."""
        self._counts[kind] += 1
        return first + self._counts[kind] - 1

    def digest(self, kind: str) -> bytes:
        """Return 32 bytes that look random."""
        return hashlib.sha256(f"{self._seed}/{kind}/{self.number('digest ' + kind)}".encode()).digest()

    def hexadecimal(self, kind: str, length: int = 64) -> str:
        """Return the next secret of a kind in hexadecimal digits."""
        return self.digest(kind).hex()[:length]

    def token(self, kind: str, length: int = 20) -> str:
        """Return the next secret of a kind in letters, digits, dashes and underscores."""
        return base64.urlsafe_b64encode(self.digest(kind) + self.digest(kind)).decode()[:length]

    def letters(self, kind: str, length: int, alphabet: str) -> str:
        """Return the next secret of a kind in the letters of an alphabet."""
        return "".join(alphabet[byte % len(alphabet)] for byte in self.digest(kind)[:length])
