"""What Postgres can keep as text: everything but the NUL character, which JSON and senders do know."""


def storable(text: str) -> str:
    """Return the text with U+FFFD in place of what no `text` column takes: NUL and lone surrogates."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "\ufffd").encode("utf-8", errors="replace").decode("utf-8")
