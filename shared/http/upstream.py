"""One server as seen from here: a few calls at a time, each with a deadline, none while it is known to fail."""

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
    """Holds up nobody else: a dead server costs its own callers a moment, then nothing at all."""

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
        """Make one call, request to decoded answer, inside; errors come out translated.

        Raises `CircuitOpenError` where the server failed too often, `TransientError` where other calls to it took
        all slots for too long, and what `translate_errors` raises. The deadline counts from the moment there is a slot.
        """
        if self._breaker.state == "open":
            raise self._left_alone()
        async with self._slot():
            with self._judged():
                async with self._in_time():
                    with translate_errors(self._api):
                        yield

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._patience.total_seconds()):
                await self._slots.acquire()
        except TimeoutError as exc:
            raise TransientError(f"{self._api} is busy with other calls of ours") from exc
        try:
            yield
        finally:
            self._slots.release()

    @contextmanager
    def _judged(self) -> Iterator[None]:
        ticket = self._breaker.enter()
        if ticket is None:
            raise self._left_alone()
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
    async def _in_time(self) -> AsyncIterator[None]:
        scope = asyncio.timeout(self._deadline.total_seconds())
        try:
            async with scope:
                yield
        except TimeoutError as exc:
            if not scope.expired():
                raise
            raise FailingError(out_of_reach(self._api)) from exc

    def _left_alone(self) -> CircuitOpenError:
        return CircuitOpenError(f"{self._api} failed too often and is left alone", retry_after=self._breaker.wait)


class Upstreams:
    """The servers of a process by name, so that all that call one share its limit and its breaker."""

    def __init__(self, *, deadline: timedelta = DEADLINE) -> None:
        self._deadline = deadline
        self._known: dict[str, Upstream] = {}

    def of(self, server: str) -> Upstream:
        """Return the upstream of a server; the name is also what errors call it."""
        if server not in self._known:
            self._known[server] = Upstream(server, deadline=self._deadline)
        return self._known[server]

    def forget(self, server: str) -> None:
        """Begin anew with a server whose settings changed or that is gone."""
        self._known.pop(server, None)
