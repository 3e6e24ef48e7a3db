"""Restarts a server that stopped writing when its disk was full, as soon as there is room.

After one failed write, nats-server never writes to that stream again until it is restarted.
"""

import math
import time
from collections.abc import Callable, Sequence

from cli.supervisor.child import Child
from cli.supervisor.disk import has_room
from cli.supervisor.program import Program
from cli.supervisor.readiness import has_stopped_writing


class Renewal:
    """Checks the servers every `every_s`.

    A server that has not ended `within_s` after it was told to is killed. No server is restarted sooner than that: if
    one stops writing although there is room, more restarts do not help.
    """

    def __init__(
        self, servers: Sequence[Child], *, every_s: float, within_s: float, say: Callable[[str], None]
    ) -> None:
        self._servers = [child for child in servers if child.program.health is not None]
        self._every_s = every_s
        self._within_s = within_s
        self._say = say
        self._stopped: set[str] = set()
        self._renewed_at: dict[str, float] = {}
        self._due_at = time.monotonic() + every_s

    @property
    def due_at(self) -> float | None:
        """When to check next, in time.monotonic()'s seconds; None if there is nothing to check."""
        return self._due_at if self._servers else None

    def look(self) -> None:
        """Check all servers, if it is time."""
        now = time.monotonic()
        if now < self._due_at:
            return
        self._due_at = now + self._every_s
        for child in self._servers:
            self._look_at(child, now)

    def _look_at(self, child: Child, now: float) -> None:
        is_over = now - self._renewed_at.get(child.program.name, -math.inf) >= self._within_s
        if child.is_renewed:
            if is_over and child.is_alive:
                self._say(f"{child.program.name} does not end; it is killed")
                child.kill()
        elif child.is_alive and child.program.health and has_stopped_writing(child.program.health):
            self._say_once(child.program)
            if is_over and has_room(child.program.folder):
                self._renew(child, now)

    def _say_once(self, program: Program) -> None:
        if program.name not in self._stopped:
            self._stopped.add(program.name)
            self._say(
                f"{program.name} has stopped writing: the disk of {program.folder} is full, or fails; "
                "it is started again once there is room"
            )

    def _renew(self, child: Child, now: float) -> None:
        self._renewed_at[child.program.name] = now
        self._stopped.discard(child.program.name)
        self._say(f"there is room in {child.program.folder}; {child.program.name} is started again")
        child.restart()
