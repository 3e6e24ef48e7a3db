"""Checks webhook secrets, in memory: receiving a webhook asks no database.

Only SHA-256 digests are kept. Each check compares with every one of them, so that its time says nothing about which
secret was close, for which source, or whether one came at all. A wrong secret ends here, with 401.
"""

import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import parse_qsl

import msgspec

from shared.errors import UnauthorizedError
from shared.schemas.webhook_senders import Source


class SecretEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One valid secret: for one source, or with None for all; of one configured server, or of none."""

    id: str
    digest: bytes
    source: Source | None = None
    server: str | None = None


class Match(msgspec.Struct, frozen=True):
    """The secret that came with a webhook, and the server that it belongs to."""

    secret_id: str
    server: str | None


class SecretMissingError(UnauthorizedError):
    """No secret came. The answer is the same as for a wrong one."""


class SecretOfAnotherSourceError(UnauthorizedError):
    """The secret is valid for another source only. The answer is the same as for a wrong one."""


def digest(secret: str) -> bytes:
    """Return what is kept of a secret; it needs no salt, because secrets are long and random."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()


def secret_in(query: bytes, path_secret: str | None, authorization: str | None) -> str | None:
    """Return a request's secret: of `?token=`, else the path's last part, else `Authorization`; None for none."""
    return _token(query) or path_secret or _bearer(authorization or "") or None


def _token(query: bytes) -> str:
    if b"token=" not in query:
        return ""
    pairs = parse_qsl(query.decode("latin-1"))
    return next((value for name, value in pairs if name == "token"), "")


def _bearer(authorization: str) -> str:
    scheme, _, value = authorization.strip().partition(" ")
    return value.strip() if scheme.lower() == "bearer" else authorization.strip()


class Secrets:
    """The set of valid secrets, replaced as a whole whenever it changes."""

    def __init__(self, entries: Iterable[SecretEntry] = ()) -> None:
        self._entries = tuple(entries)

    def replace(self, entries: Iterable[SecretEntry]) -> None:
        """Make these the valid secrets from now on."""
        self._entries = tuple(entries)

    def check(self, source: Source, secret: str | None) -> Match:
        """Return which secret this is; raises `UnauthorizedError`, with the same words for every reason."""
        candidate, found, is_anothers = digest(secret or ""), None, False
        for entry in self._entries:
            equal = hmac.compare_digest(candidate, entry.digest)
            if equal and entry.source in {None, source}:
                found = entry
            elif equal:
                is_anothers = True
        if found is None or not secret:
            raise _refusal(is_missing=not secret, is_anothers=is_anothers)
        return Match(found.id, found.server)


def _refusal(*, is_missing: bool, is_anothers: bool) -> UnauthorizedError:
    said = "no valid webhook secret came with the request"
    if is_missing:
        return SecretMissingError(said)
    return SecretOfAnotherSourceError(said) if is_anothers else UnauthorizedError(said)
