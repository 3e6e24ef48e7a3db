"""Seals secrets: AES-256-GCM with a named key, bound to the secret's owner, without I/O.

A key's id is stored beside each sealed secret, so keys can be changed while everything runs, and a missing one is an
error that names it. The owner is the associated data: what is sealed for one owner does not open for another.
"""

import base64
import binascii
import os
import re
import secrets
from datetime import date
from typing import Final, final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import InvalidError, PermanentError
from shared.schemas.secret import Secret
from shared.settings import SettingsError

VARIABLE: Final = "USHER_ENCRYPTION_KEYS"
LONGEST_SECRET: Final = 16 * 1024
"""Bytes; the longest tokens of the systems that Usher speaks to have some 4,000."""

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_VERSION: Final = b"\x01"
_LONGEST_NAME: Final = 200
_KEY_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,32}")


class MissingKeyError(PermanentError):
    """A secret is sealed with a key that is not in the keyring; the text has the key's id."""

    title = "An encryption key is missing"


class TamperedError(PermanentError):
    """What is stored is not what was sealed for this owner with this key."""

    title = "A credential was changed from outside"


class Owner(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """What a secret belongs to (`person`, an id), for which system (`trakt`) and for what purpose (`refresh_token`)."""

    kind: str
    id: str
    provider: str
    purpose: str

    def __post_init__(self) -> None:
        for part in msgspec.structs.astuple(self):
            if not part or len(part) > _LONGEST_NAME or not part.isprintable():
                raise InvalidError(f"A credential's owner is described by printable text, not by {part[:20]!r}")

    def __str__(self) -> str:
        return f"{self.purpose} of {self.kind} {self.id} for {self.provider}"


class Sealed(msgspec.Struct, frozen=True):
    """A secret as it is stored."""

    key_id: str
    data: bytes


@final
class Keyring:
    """The keys by id; the first one seals, all of them open. Its `repr` shows ids only."""

    __slots__ = ("_ciphers", "first")

    def __init__(self, keys: dict[str, bytes]) -> None:
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self.first: Final = next(iter(keys))

    @classmethod
    def parse(cls, text: Secret) -> "Keyring":
        """Read `id:base64-of-32-bytes[,older…]`; raise a `SettingsError` that says what is wrong without the value."""
        keys: dict[str, bytes] = {}
        for position, part in enumerate(text.reveal().split(","), start=1):
            key_id, key = _parse_key(part.strip(), position)
            if key_id in keys:
                raise SettingsError(f"{VARIABLE}: the id {key_id} appears twice")
            keys[key_id] = key
        return cls(keys)

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the ids in order."""
        return tuple(self._ciphers)

    def cipher(self, key_id: str) -> AESGCM:
        """Return the cipher of a key; raise `MissingKeyError` if there is no key with this id."""
        try:
            return self._ciphers[key_id]
        except KeyError:
            raise MissingKeyError(f"The encryption key {key_id} is in use but not in {VARIABLE}") from None

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._ciphers)})"


def new_key_id(today: date) -> str:
    """Return an id that shows the key's age."""
    return f"k{today:%Y%m%d}{secrets.token_hex(2)}"


def new_key(key_id: str) -> Secret:
    """Return `id:base64` of a new random key."""
    return Secret(f"{key_id}:{base64.b64encode(os.urandom(_KEY_BYTES)).decode()}")


def seal(owner: Owner, secret: Secret, keyring: Keyring) -> Sealed:
    """Seal with the first key and a random nonce; raise `InvalidError` for a secret over `LONGEST_SECRET`."""
    plain = secret.reveal().encode(errors="surrogatepass")
    if len(plain) > LONGEST_SECRET:
        raise InvalidError(f"A credential is longer than {LONGEST_SECRET} bytes")
    nonce = os.urandom(_NONCE_BYTES)
    packed = keyring.cipher(keyring.first).encrypt(nonce, plain, _associated_data(owner, keyring.first))
    return Sealed(keyring.first, _VERSION + nonce + packed)


def unseal(owner: Owner, sealed: Sealed, keyring: Keyring) -> Secret:
    """Open what was sealed for this owner; raise `MissingKeyError` or `TamperedError`."""
    cipher = keyring.cipher(sealed.key_id)
    version, nonce, packed = sealed.data[:1], sealed.data[1:13], sealed.data[13:]
    if version != _VERSION or len(nonce) != _NONCE_BYTES:
        raise _tampered_error(owner, sealed)
    try:
        plain = cipher.decrypt(nonce, packed, _associated_data(owner, sealed.key_id))
    except InvalidTag as exc:
        raise _tampered_error(owner, sealed) from exc
    return Secret(plain.decode(errors="surrogatepass"))


def _associated_data(owner: Owner, key_id: str) -> bytes:
    parts = [part.encode() for part in (key_id, owner.kind, owner.id, owner.provider, owner.purpose)]
    return _VERSION + b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _tampered_error(owner: Owner, sealed: Sealed) -> TamperedError:
    return TamperedError(f"The {owner} was not sealed for it with the key {sealed.key_id}")


def _parse_key(part: str, position: int) -> tuple[str, bytes]:
    key_id, colon, encoded = part.partition(":")
    if not part or not colon or not _KEY_ID.fullmatch(key_id):
        raise SettingsError(
            f"{VARIABLE}: key {position} is not id:base64, where the id is at most 32 letters, digits, '.', '_' or '-' "
            "(`usher keys generate` makes one)"
        )
    return key_id, _key(key_id, encoded)


def _key(key_id: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise SettingsError(f"{VARIABLE}: the key {key_id} is not valid base64") from exc
    if len(key) != _KEY_BYTES:
        raise SettingsError(f"{VARIABLE}: the key {key_id} has {len(key)} bytes, expected {_KEY_BYTES}")
    if len(set(key)) == 1:
        raise SettingsError(f"{VARIABLE}: the key {key_id} is an example, not a random key (`usher keys generate`)")
    return key
