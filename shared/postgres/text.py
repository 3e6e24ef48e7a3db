"""Text as Postgres takes it: what a column can keep, and what a search in one means."""


def storable(text: str) -> str:
    """Return the text with U+FFFD in place of what no `text` column takes: NUL and lone surrogates."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "\ufffd").encode("utf-8", errors="replace").decode("utf-8")


def containing(text: str | None) -> str | None:
    """Return the pattern of `like` for texts that contain this one, signs that mean something to it included."""
    if not text:
        return None
    escaped = storable(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
