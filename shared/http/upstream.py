"""One server as seen from here: a few calls at a time, each with a deadline, and none while it is known to fail."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Final

from shared.errors import TransientError
from shared.http.breaker import Breaker, Outcome, State
from shared.http.calls import (
    CircuitOpenError,
    FailingError,
    RateLimitedError,
    RefusedError,
    UnreachableError,
    out_of_reach,
    translate_errors,
)

CALLS_AT_ONCE: Final = 4
DEADLINE: Final = timedelta(seconds=20)
PATIENCE: Final = timedelta(seconds=10)


class Upstream:
    """Limits the calls to one server, so that a dead one holds up only its own callers, and only for a moment."""

    def __init__(
        self,
        api: str,
        *,
        breaker: Breaker | None = None,
        calls_at_once: int = CALLS_AT_ONCE,
        deadline: timedelta = DEADLINE,
        patience: timedelta = PATIENCE,
    ) -> None:
        self._api = api
        self._breaker = breaker or Breaker()
        self._slots = asyncio.Semaphore(calls_at_once)
        self._deadline = deadline
        self._patience = patience

    @property
    def name(self) -> str:
        """Return what errors call the server."""
        return self._api

    @property
    def state(self) -> State:
        """Return the breaker's state, for people and metrics."""
        return self._breaker.state

    @asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        """Make one call inside the block, from request to decoded answer; errors come out translated.

        Raises `CircuitOpenError` if the server failed too often, `TransientError` if other calls to it kept all slots
        busy for too long, and what `translate_errors` raises. The deadline starts once there is a slot.
        """
        if self._breaker.state == "open":
            raise self._circuit_open()
        async with self._slot():
            with self._through_breaker():
                async with self._within_deadline():
                    with translate_errors(self._api):
                        yield

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._patience.total_seconds()):
                await self._slots.acquire()
        except TimeoutError as exc:
            raise TransientError(f"{self._api} is busy with other calls from Usher") from exc
        try:
            yield
        finally:
            self._slots.release()

    @contextmanager
    def _through_breaker(self) -> Iterator[None]:
        ticket = self._breaker.enter()
        if ticket is None:
            raise self._circuit_open()
        outcome: Outcome = "abandoned"
        try:
            yield
            outcome = "answered"
        except UnreachableError:
            outcome = "unreachable"
            raise
        except FailingError:
            outcome = "failed"
            raise
        except (RefusedError, RateLimitedError):
            outcome = "answered"
            raise
        finally:
            self._breaker.leave(ticket, outcome)

    @asynccontextmanager
    async def _within_deadline(self) -> AsyncIterator[None]:
        scope = asyncio.timeout(self._deadline.total_seconds())
        try:
            async with scope:
                yield
        except TimeoutError as exc:
            if not scope.expired():
                raise
            raise FailingError(out_of_reach(self._api)) from exc

    def _circuit_open(self) -> CircuitOpenError:
        return CircuitOpenError(
            f"{self._api} failed too often and is not called for now", retry_after=self._breaker.wait
        )


class Upstreams:
    """The servers of a process by name, so that all callers of one share its limit and its breaker."""

    def __init__(self, *, deadline: timedelta = DEADLINE) -> None:
        self._deadline = deadline
        self._known: dict[str, Upstream] = {}

    def of(self, server: str) -> Upstream:
        """Return the upstream of a server; the name is also what errors call it."""
        if server not in self._known:
            self._known[server] = Upstream(server, deadline=self._deadline)
        return self._known[server]

    def forget(self, server: str) -> None:
        """Start over with a server whose settings changed or that was removed."""
        self._known.pop(server, None)
