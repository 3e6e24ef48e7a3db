"""How often a system may be asked that publishes no limit and answers 429 to whoever asks too often."""

from datetime import timedelta
from typing import Final

PIN_EVERY: Final = timedelta(seconds=1)
"""Plex: "once per second" a PIN."""
PLEX_TV_EVERY: Final = timedelta(milliseconds=250)
"""All PINs together; ten a second were seen to be refused."""
