"""Keeps out of a service's memory what its libraries load only because it is installed: to be imported first.

structlog loads rich for tracebacks in colours; httpx its command line, with click, pygments and rich; Litestar both
versions of pydantic. All do without where these cannot be imported, and no service uses them. They are 4 to 15 MiB of
each process, and half a second of the gateway's start.
"""

import sys
from typing import Final

_UNWANTED: Final = ("rich", "httpx._main", "pydantic")

for _name in _UNWANTED:
    sys.modules.setdefault(_name, None)  # type: ignore[arg-type]  # importing it is an ImportError from now on
