"""Whether an interaction really comes from Discord. Discord sends wrong signatures on purpose, to see them refused.

https://docs.discord.com/developers/interactions/overview#setting-up-an-endpoint
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

OLDEST: Final = timedelta(minutes=5)
"""Also how far ahead the sender's clock may be."""

_KEY: Final = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
_SIGNATURE: Final = re.compile(r"[0-9a-fA-F]{128}", re.ASCII)
_TIMESTAMP: Final = re.compile(r"[0-9]{1,11}", re.ASCII)


def verify_signature(public_key: str, *, timestamp: str, body: bytes, signature: str, now: datetime) -> bool:
    """Return whether the bytes were signed by the application's key within `OLDEST` of `now`.

    Everything is as in the headers and settings: hex, hex, decimal. Whatever is not is False, and so is a public key
    that is none.
    """
    if not (_KEY.fullmatch(public_key) and _SIGNATURE.fullmatch(signature) and _TIMESTAMP.fullmatch(timestamp)):
        return False
    if abs(now - datetime.fromtimestamp(int(timestamp), tz=UTC)) > OLDEST:
        return False
    try:
        _key(public_key).verify(bytes.fromhex(signature), timestamp.encode() + body)
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=4)
def _key(public_key: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
