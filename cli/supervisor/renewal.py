"""Starts a server again that stopped writing when its disk was full, as soon as there is room.

nats-server never writes to a stream again after one write failed, until it is started anew.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

from cli.supervisor.child import Child
from cli.supervisor.disk import has_room
from cli.supervisor.readiness import has_stopped_writing

_NOT_AGAIN_FOR_S: Final = 30.0
"""A server that stops writing although there is room is not helped by ever more starts."""


class Renewal:
    """Looks at the servers every few seconds."""

    def __init__(self, servers: Sequence[Child], *, every_s: float, say: Callable[[str], None]) -> None:
        self._servers = [child for child in servers if child.program.health is not None]
        self._every_s = every_s
        self._say = say
        self._stopped: set[str] = set()
        self._renewed_at: dict[str, float] = {}
        self._due_at = time.monotonic() + every_s

    @property
    def due_at(self) -> float | None:
        """When to look next, in time.monotonic()'s seconds; None where there is nothing to look at."""
        return self._due_at if self._servers else None

    def look(self) -> None:
        """Look at all servers, if it is time."""
        now = time.monotonic()
        if now < self._due_at:
            return
        self._due_at = now + self._every_s
        for child in self._servers:
            self._look_at(child, now)

    def _look_at(self, child: Child, now: float) -> None:
        program = child.program
        if program.health is None or not child.is_alive or not has_stopped_writing(program.health):
            return
        if program.name not in self._stopped:
            self._stopped.add(program.name)
            self._say(
                f"{program.name} has stopped writing: the disk of {program.folder} is full, or fails; "
                "it is started again once there is room"
            )
        if now - self._renewed_at.get(program.name, -_NOT_AGAIN_FOR_S) >= _NOT_AGAIN_FOR_S and has_room(program.folder):
            self._renewed_at[program.name] = now
            self._stopped.discard(program.name)
            self._say(f"there is room in {program.folder}; {program.name} is started again")
            child.renew()
