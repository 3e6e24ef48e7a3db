"""Looks after the streams: shows how full they are, and takes out of one that fills up what everybody has handled.

Each replica does it; see `shared.bus.pruning` for why that is safe.
"""

from datetime import timedelta
from typing import Final

import structlog

from services.gateway import metrics
from shared.bus import pruning, storage
from shared.bus.client import Client
from shared.bus.connection import Bus
from shared.bus.pruning import Pruned
from shared.bus.storage import Problem, StreamState
from shared.errors import UnavailableError
from shared.loops import every

_EVERY: Final = timedelta(seconds=30)

log = structlog.get_logger()


class Upkeep:
    """Runs beside the consumers, with or without Postgres."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._problems: dict[str, Problem] = {}
        self._kept_for: dict[str, tuple[str, ...]] = {}

    async def run(self) -> None:
        """Look every half minute, until cancelled."""
        await self._bus.ready()
        await every(_EVERY, self.once, name="upkeep")

    async def once(self) -> None:
        """Look at all streams, and make room where one is too full; raises `UnavailableError`."""
        client = self._bus.client
        for state in await storage.look(client):
            now = state if state.failure is not None else await self._prune(client, state)
            metrics.show_stream(now)
            self._say_what_changed(now)

    async def _prune(self, client: Client, state: StreamState) -> StreamState:
        """Make room in a stream, and return how it is then; one that fails keeps nobody from the others."""
        try:
            pruned = await pruning.prune(client, state.name)
        except UnavailableError as exc:
            log.warning("stream_not_pruned", stream=state.name, reason=exc.detail)
            return state
        if pruned is None:
            self._kept_for.pop(state.name, None)
            return state
        self._tell(pruned)
        return await storage.look_at(client, state.name)

    def _say_what_changed(self, state: StreamState) -> None:
        known, found = self._problems.pop(state.name, None), storage.problem(state)
        if found is not None:
            self._problems[state.name] = found
            if known is None or known.mend != found.mend:
                log.error("stream_cannot_store", stream=state.name, reason=found.text, mend=found.mend)
        elif known is not None:
            log.info("stream_stores_again", stream=state.name)

    def _tell(self, pruned: Pruned) -> None:
        metrics.STREAM_PRUNED.labels(pruned.stream).inc(pruned.messages)
        if pruned.messages:
            log.info("stream_pruned", stream=pruned.stream, messages=pruned.messages, bytes=pruned.bytes)
        if pruned.kept_for and pruned.kept_for != self._kept_for.get(pruned.stream):
            log.warning("stream_fills_up", stream=pruned.stream, not_handled_by=list(pruned.kept_for))
        self._kept_for[pruned.stream] = pruned.kept_for
