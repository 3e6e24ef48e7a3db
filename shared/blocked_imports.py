"""Keeps unneeded libraries out of a service's memory; import it before anything else.

structlog imports rich for coloured tracebacks; httpx imports its command line with click, pygments and rich; Litestar
imports both versions of pydantic, and attrs. All work without these, and no service uses them. They would cost 4 to 15
MiB in each process, and half a second of the gateway's start.
"""

import sys
from typing import Final

_UNWANTED: Final = ("rich", "httpx._main", "pydantic", "attr")

for _name in _UNWANTED:
    sys.modules.setdefault(_name, None)  # type: ignore[arg-type]  # importing it is an ImportError from now on
