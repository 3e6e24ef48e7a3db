"""A duration in words."""

import math
from datetime import timedelta
from typing import Final

_UNITS: Final = (("hour", 3600), ("minute", 60), ("second", 1))
_EXACT_BELOW_S: Final = 3600
"""From an hour on nobody waits for the second."""


def in_words(span: timedelta) -> str:
    """Return a duration, rounded up, such as "2 minutes 23 seconds" or "1 hour 5 minutes"; at least a second."""
    seconds = max(1, math.ceil(span.total_seconds()))
    if seconds >= _EXACT_BELOW_S:
        seconds = math.ceil(seconds / 60) * 60
    said = []
    for unit, size in _UNITS:
        number, seconds = divmod(seconds, size)
        if number:
            said.append(f"{number} {unit}{'' if number == 1 else 's'}")
    return " ".join(said)
