"""Other people's words in a message: titles and names must not become formatting, links, or pages of text.

https://support.discord.com/hc/en-us/articles/210298617. Mentions alert nobody, whatever is written: see `Message`.
"""

import re
from datetime import datetime
from typing import Final

from shared.leniency import text

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:@])")
_CUT: Final = "…"


def escaped(value: object, *, limit: int = 100) -> str:
    """Return a text that shows just as it is, at most `limit` characters of it, on one line."""
    plain = text(value) or ""
    cut = plain if len(plain) <= limit else f"{plain[: limit - 1].rstrip()}{_CUT}"
    return _SPECIAL.sub(r"\\\1", cut)


def ago(moment: datetime) -> str:
    """Return a moment that readers see as "3 hours ago" in their language, and in full when they point at it."""
    return f"<t:{int(moment.timestamp())}:R>"
