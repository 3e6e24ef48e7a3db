"""How many files and connections this process may have open at once: the system's limit `RLIMIT_NOFILE`.

Systems give programs a low limit that they may raise themselves, for the sake of old ones that cannot bear more.
"""

import resource
from contextlib import suppress
from typing import Final

ENOUGH: Final = 65_536


def raise_limit() -> None:
    """Raise it as far as this process may, for itself and for what it starts from now on."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if most == resource.RLIM_INFINITY else min(ENOUGH, most)
    if now != resource.RLIM_INFINITY and now < wanted:
        with suppress(ValueError, OSError):  # macOS says that there is no limit, and has one
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def limit() -> int:
    """Return how many this process may have."""
    now, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return ENOUGH if now == resource.RLIM_INFINITY else now
