"""Random tokens, and the digests that are kept of them.

A prefix tells people, and the redaction of logs, what a token is. The digest needs no salt: tokens are long and random.
"""

import hashlib
import secrets
from typing import Final

from shared.schemas.secret import Secret

API_KEY: Final = "usha_"
SESSION: Final = "ushs_"
WEBHOOK: Final = "ushw_"
LONGEST: Final = 512
_BYTES: Final = 32


def new(prefix: str) -> Secret:
    """Return 256 random bits, as text that needs no escaping in an address."""
    return Secret(prefix + secrets.token_urlsafe(_BYTES))


def digest(token: str) -> bytes:
    """Return the SHA-256 of a token."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
