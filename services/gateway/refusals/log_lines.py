"""Limits the log lines of refusals: one a minute for each sender and reason, then a count, and few altogether."""

from collections.abc import Callable
from typing import Final

import structlog

from services.gateway.refusals.refused_senders import Key, RefusedSender

PERIOD_S: Final = 60.0
WINDOW_S: Final = 600.0
MOST: Final = 30
"""First lines of senders in ten minutes. Further ones are counted, and the count is logged at the end."""

_log = structlog.get_logger()


class LogLines:
    """One for a gateway process; `clock` counts seconds."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: dict[Key, tuple[RefusedSender, int]] = {}
        self._period_began = self._window_began = clock()
        self._room = MOST
        self._unwritten = 0

    def add(self, sender: RefusedSender) -> None:
        """Write a line for a refusal, or count it."""
        self.end_periods()
        if sender.key in self._since:
            self._since[sender.key] = (sender, self._since[sender.key][1] + 1)
        elif self._room:
            self._room -= 1
            self._since[sender.key] = (sender, 0)
            _write_line(sender, 1)
        else:
            self._unwritten += 1

    def end_periods(self) -> None:
        """Write what was counted in the periods that are over."""
        now = self._clock()
        if now - self._period_began >= PERIOD_S:
            self._period_began = now
            since, self._since = self._since, {}
            for sender, times in since.values():
                if times:
                    _write_line(sender, times)
        if now - self._window_began >= WINDOW_S:
            self._window_began, self._room = now, MOST
            if self._unwritten:
                _log.warning("webhooks_refused_without_a_line", times=self._unwritten)
            self._unwritten = 0


def _write_line(sender: RefusedSender, times: int) -> None:
    _log.warning(
        "webhook_refused",
        source=sender.source,
        reason=sender.reason,
        address=sender.address,
        detail=sender.detail,
        times=times,
    )
