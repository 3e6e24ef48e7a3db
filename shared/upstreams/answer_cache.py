"""Caches answers for minutes: concurrent asks become one, and old answers serve while the service is away."""

import asyncio
import copy
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, TypeVar

from shared.clients.errors import CredentialRefusedError
from shared.errors import PermanentError, UnavailableError, UsherError

KEPT_FOR: Final = timedelta(minutes=5)
REFUSALS_KEPT_FOR: Final = timedelta(seconds=10)
USED_FOR: Final = timedelta(hours=1)
"""How long an answer is used while the service is away."""
ASKED_AGAIN: Final = timedelta(seconds=5)
"""The time between asks while the service is away."""
MOST: Final = 1_000
_NEVER: Final = datetime.min.replace(tzinfo=UTC)

Q = TypeVar("Q", bound=Hashable)
A = TypeVar("A")
T = TypeVar("T")


class _Entry(Generic[A]):
    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.outcome: A | UsherError | None = None
        self.asks = 0
        self.fresh_until = _NEVER
        self.used_until = _NEVER
        self.is_confirmed = False
        """The credential was refused, and asking again gave the same answer."""

    def result(self) -> A:
        if isinstance(self.outcome, UsherError):
            raise copy.copy(self.outcome)
        if self.outcome is None:
            raise UnavailableError("the question was abandoned")
        return self.outcome


class AnswerCache(Generic[Q, A]):
    """Answers by question, least recently used out first; `expiry_of` says when an answer stops being useful."""

    def __init__(
        self,
        ask: Callable[[Q], Awaitable[A]],
        *,
        expiry_of: Callable[[A], datetime | None],
        now: Callable[[], datetime],
    ) -> None:
        self._ask = ask
        self._expiry_of = expiry_of
        self._now = now
        self._entries: OrderedDict[Q, _Entry[A]] = OrderedDict()

    async def get(self, question: Q) -> A:
        """Return the answer; raises what the service raises, and `UnavailableError` while it is away."""
        entry = self._entries.setdefault(question, _Entry())
        self._entries.move_to_end(question)
        if len(self._entries) > MOST:
            self._entries.popitem(last=False)
        asks = entry.asks
        if self._now() >= entry.fresh_until:
            async with entry.lock:
                if entry.asks == asks:  # no one else asked while we waited
                    await self._refresh(question, entry)
        return entry.result()

    async def use(self, question: Q, call: Callable[[A], Awaitable[T]]) -> T:
        """Make a call with an answer's credential; if it is refused, ask again, and repeat the call with a new one."""
        answer = await self.get(question)
        try:
            return await call(answer)
        except CredentialRefusedError:
            different = await self._different_answer(question, answer)
            if different is None:
                raise
        return await call(different)

    def forget(self, concerns: Callable[[Q, A], bool]) -> None:
        """Forget the answers that a change concerns; one under way serves only those who already wait for it."""
        for question, entry in list(self._entries.items()):
            known = None if isinstance(entry.outcome, UsherError) else entry.outcome
            if known is None or concerns(question, known):
                del self._entries[question]

    def expire(self) -> None:
        """Ask for every answer again when it is next needed; the old ones serve while the service is away."""
        for question, entry in list(self._entries.items()):
            entry.fresh_until = _NEVER
            if entry.lock.locked():
                del self._entries[question]

    async def _refresh(self, question: Q, entry: _Entry[A]) -> None:
        try:
            answer = await self._ask(question)
        except PermanentError as exc:
            self._keep(entry, exc, fresh_for=REFUSALS_KEPT_FOR)
        except UsherError as exc:
            if self._now() < entry.used_until:
                entry.fresh_until = min(self._now() + ASKED_AGAIN, entry.used_until)
            else:
                self._keep(entry, exc, fresh_for=timedelta())
        else:
            self._keep(entry, answer, fresh_for=KEPT_FOR, used_for=USED_FOR, expires_at=self._expiry_of(answer))
        entry.asks += 1

    def _keep(
        self,
        entry: _Entry[A],
        outcome: A | UsherError,
        *,
        fresh_for: timedelta,
        used_for: timedelta = timedelta(),
        expires_at: datetime | None = None,
    ) -> None:
        now = self._now()
        entry.is_confirmed = entry.is_confirmed and entry.outcome == outcome
        entry.outcome = outcome
        entry.fresh_until, entry.used_until = now + fresh_for, now + used_for
        if expires_at is not None:
            entry.fresh_until, entry.used_until = min(entry.fresh_until, expires_at), min(entry.used_until, expires_at)

    async def _different_answer(self, question: Q, refused: A) -> A | None:
        """Return a different answer than the one whose credential was refused, or None if there is none.

        An answer that stayed the same is not asked for again until it expires, so that a loop of calls with a wrong
        token does not become a loop of questions.
        """
        entry = self._entries.get(question)
        if entry is not None and entry.outcome == refused:
            if entry.is_confirmed:
                return None
            entry.fresh_until = entry.used_until = _NEVER
        answer = await self.get(question)
        if answer != refused:
            return answer
        if (entry := self._entries.get(question)) is not None:
            entry.is_confirmed = True
        return None
