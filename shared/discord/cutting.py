"""Cuts texts to Discord's limits, between characters and where possible between lines."""

from typing import Final

CUT: Final = "…"
INVISIBLE: Final = "\u200b"
"""Shows as nothing and is not empty."""


def length(text: str) -> int:
    """Return the length as Discord may count it at most: in UTF-16."""
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2


def cut(text: str, limit: int) -> str:
    """Return at most so much of a text, with a mark where it was cut; empty where it only has blanks."""
    whole = clean(text)
    if not whole.strip():
        return ""
    if length(whole) <= limit:
        return whole
    start = whole.encode("utf-16-le")[: 2 * max(limit - 1, 0)].decode("utf-16-le", errors="ignore")
    return f"{start.rstrip()}{CUT}" if limit > 0 else ""


def cut_lines(text: str, limit: int) -> str:
    """Cut a text between its lines, so that no formatting is torn apart; inside of one that is too long for itself."""
    if length(text) <= limit:
        return cut(text, limit)
    kept, used = "", length(CUT)
    for line in clean(text).splitlines(keepends=True):
        used += length(line)
        if used > limit:
            break
        kept += line
    return f"{kept}{CUT}" if kept.strip() else cut(text, limit)


class Room:
    """How many characters are left for texts that have a limit together."""

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, text: str | None, limit: int) -> str | None:
        """Return what fits of a text, and count it; None where that is nothing."""
        kept = cut_lines(text or "", min(limit, self.left))
        self.left -= length(kept)
        return kept or None


def clean(text: str) -> str:
    """Return the text without halves of characters, which no JSON can hold."""
    return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", errors="ignore")
