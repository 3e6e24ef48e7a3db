"""How often the linker asks about sign-ins, and for how long: a test gives shorter times, and waits for nothing."""

from datetime import timedelta
from typing import Final

import msgspec


class Intervals(msgspec.Struct, frozen=True, kw_only=True):
    """Times between two of a kind, and what a check may take."""

    plex_polls: timedelta = timedelta(seconds=2)
    """Between questions about one sign-in to Plex while nobody waits for it."""
    checks: timedelta = timedelta(seconds=1)
    """Between questions about one sign-in, whoever waits for it. Plex: "once per second" a PIN."""
    check_within: timedelta = timedelta(seconds=5)
    """How long whoever checks waits for the other system."""
    begin_within: timedelta = timedelta(seconds=6)
    """How long whoever begins waits for it; less than a gateway waits for us."""
    looks: timedelta = timedelta(seconds=0.5)
    """Between looks for a sign-in that is due."""


INTERVALS: Final = Intervals()
