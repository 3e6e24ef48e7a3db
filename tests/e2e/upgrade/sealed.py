"""Secrets as the last version sealed and digested them, with the keys that it generated."""

import base64
import hashlib
import os
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_ID: Final = "k20260901ab12"
KEY: Final = "KZ7i/BFkRN0UFmUNvpXXYQHmvrLVWxrqv7SluUaOPu0="
ENCRYPTION_KEYS: Final = f"{KEY_ID}:{KEY}\n"
LOCAL_API_KEY: Final = "usha_" + "l" * 43
SESSION: Final = "ushs_" + "o" * 43
WEBHOOK_SECRET: Final = "ushw_" + "o" * 43
PASSWORD_HASH: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$rPAFx/BuBqwuRLKOPm6d6g$RBexgN1CmoMIOuIMzgHH3ZDlvhBYHzWqFi6fRb80kf4"
)


def sealed(kind: str, number: str, provider: str, purpose: str, secret: str) -> bytes:
    """A version, a nonce, and AES-256-GCM over the secret, bound to the key and the owner."""
    parts = [part.encode() for part in (KEY_ID, kind, number, provider, purpose)]
    bound = b"\x01" + b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    nonce = os.urandom(12)
    return b"\x01" + nonce + AESGCM(base64.b64decode(KEY)).encrypt(nonce, secret.encode(), bound)


def parcel(number: str, secret: str, *, purpose: str) -> str:
    """The JSON of a sealed secret sent from one service to another."""
    packed = base64.b64encode(sealed("parcel", number, "bus", purpose, secret)).decode()
    return f'{{"id":"{number}","key_id":"{KEY_ID}","sealed":"{packed}"}}'


def digest(token: str) -> bytes:
    """The stored digest of a key, a session or a webhook secret."""
    return hashlib.sha256(token.encode()).digest()
