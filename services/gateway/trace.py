"""The trace id that follows one webhook through everything it causes (W3C Trace Context)."""

import re
import secrets
from typing import Final

_VALID: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def traceparent(presented: str | None) -> str:
    """Return the sender's `traceparent` where it is valid, and a new random one else."""
    if presented is not None and _VALID.fullmatch(presented):
        return presented
    chance = secrets.token_hex(24)
    return f"00-{chance[:32]}-{chance[32:]}-01"


def trace_id(parent: str) -> str:
    """Return the 32 hex digits that all log lines of one causal chain share."""
    return parent.split("-")[1]
