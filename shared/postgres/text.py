"""Text for Postgres: what a column can store, and patterns for searches."""


def storable(text: str) -> str:
    """Return the text with U+FFFD in place of what no `text` column stores: NUL and lone surrogates."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "\ufffd").encode("utf-8", errors="replace").decode("utf-8")


def like_pattern(text: str | None) -> str | None:
    """Return the `like` pattern for texts that contain this one; special characters are escaped."""
    if not text:
        return None
    escaped = storable(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
