"""Raises the number of files and connections that this process may have open: the limit `RLIMIT_NOFILE`.

Systems start programs with a low limit, because old ones cannot handle more, and let each program raise its own.
"""

import resource
from contextlib import suppress
from typing import Final

ENOUGH: Final = 65_536


def raise_limit() -> None:
    """Raise the limit as far as allowed, for this process and those that it starts from now on."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if most == resource.RLIM_INFINITY else min(ENOUGH, most)
    if now != resource.RLIM_INFINITY and now < wanted:
        with suppress(ValueError, OSError):  # macOS reports no limit, but has one
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def limit() -> int:
    """Return the limit of this process."""
    now, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return ENOUGH if now == resource.RLIM_INFINITY else now
