"""How templates show values: moments, spans and sizes."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from markupsafe import Markup

_KIB: Final = 1024
_LONGEST: Final = 300
_TURNING: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")


def when(moment: datetime | None) -> Markup | str:
    """Return a moment that the script shows in the reader's time zone and language; in UTC without a script."""
    if moment is None:
        return "\N{EN DASH}"
    return Markup('<time datetime="{}">{} UTC</time>').format(
        moment.strftime("%Y-%m-%dT%H:%M:%SZ"), moment.strftime("%Y-%m-%d %H:%M")
    )


def size(count: int) -> str:
    """Return bytes for people: `3.2 MiB`."""
    value = float(count)
    for unit in ("B", "KiB", "MiB"):
        if value < _KIB:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= _KIB
    return f"{value:.1f} GiB"


def shorten(text: str | None, most: int = _LONGEST) -> str:
    """Return a text with an ellipsis in place of what is too much: titles come from outside, and may be endless.

    Characters that turn the text around are left out: they would turn what stands beside it too.
    """
    given = _TURNING.sub("", text or "")
    return given if len(given) <= most else f"{given[: most - 1]}…"


def sentence(text: str) -> str:
    """Return what went wrong, which begins small and without a full stop, as a sentence."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", ":")) or not text else ".")


FILTERS: Final[Mapping[str, Callable[..., object]]] = {
    "when": when,
    "size": size,
    "shorten": shorten,
    "sentence": sentence,
}
