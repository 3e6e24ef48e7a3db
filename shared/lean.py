"""Keeps out of a service's memory what its libraries load only because it is installed: to be imported first.

structlog loads rich for tracebacks in colours; httpx its command line, with click, pygments and rich. Both do without
where these cannot be imported, and no service uses them. They are 4 to 6 MiB of each process.
"""

import sys
from typing import Final

_UNWANTED: Final = ("rich", "httpx._main")

for _name in _UNWANTED:
    sys.modules.setdefault(_name, None)  # type: ignore[arg-type]  # importing it is an ImportError from now on
