"""Ids: random for what begins here, derived for what follows from a cause, so that a repeat gets the same id."""

import hashlib
import secrets
from datetime import datetime
from typing import Final

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"


def random_id() -> str:
    """Return 26 characters of 130 random bits."""
    bits = secrets.randbits(130)
    return "".join(_ALPHABET[bits >> shift & 31] for shift in range(0, 130, 5))


def derived_id(*causes: str | int | datetime | None) -> str:
    """Return 32 hex digits (128 bits) that depend only on the causes and their order."""
    digest = hashlib.blake2b(digest_size=16)
    for cause in causes:
        part = b"\x00" if cause is None else str(cause).encode(errors="surrogatepass")
        digest.update(len(part).to_bytes(4, "big"))
        digest.update(part)
    return digest.hexdigest()
