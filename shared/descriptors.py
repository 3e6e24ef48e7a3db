"""How many files and connections this process may have open at once: the system's limit `RLIMIT_NOFILE`.

Systems start programs with a low limit, for old ones that cannot handle more, and let each raise its own.
"""

import resource
from contextlib import suppress
from typing import Final

ENOUGH: Final = 65_536


def raise_limit() -> None:
    """Raise the limit as far as allowed, for this process and for those it starts from now on."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if most == resource.RLIM_INFINITY else min(ENOUGH, most)
    if now != resource.RLIM_INFINITY and now < wanted:
        with suppress(ValueError, OSError):  # macOS says that there is no limit, and has one
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def limit() -> int:
    """Return the limit of this process."""
    now, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return ENOUGH if now == resource.RLIM_INFINITY else now
