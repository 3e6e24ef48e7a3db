"""The budget that all calls to plex.tv have, as far as servers need it: a look at one cannot wait for its turn."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Turns(Protocol):
    """Lets one call go inside, or raises `RateLimitedError` while plex.tv asks for a wait."""

    def turn_at_once(self) -> AbstractAsyncContextManager[None]: ...
