"""How often and how long the linker polls sign-ins; tests use shorter times."""

from datetime import timedelta
from typing import Final

import msgspec


class Intervals(msgspec.Struct, frozen=True, kw_only=True):
    """Times between polls, and how long calls may take."""

    plex_polls: timedelta = timedelta(seconds=2)
    """Between polls of one sign-in to Plex while nobody waits for it."""
    checks: timedelta = timedelta(seconds=1)
    """Between polls of one sign-in at the most. Plex allows one a second for each PIN."""
    check_within: timedelta = timedelta(seconds=5)
    """How long a check waits for the other system."""
    begin_within: timedelta = timedelta(seconds=6)
    """How long beginning a sign-in waits for it; less than the gateway waits for the linker."""
    looks: timedelta = timedelta(seconds=0.5)
    """Between queries for sign-ins that are due."""


INTERVALS: Final = Intervals()
