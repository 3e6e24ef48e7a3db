"""Seals secrets that cross the bus with the first encryption key, each for one purpose.

In plain, a token in a message would be on the disks of NATS, in dead letters and in the output of `nats sub`.
"""

from typing import final

from shared.keyring import Keyring, Owner, Sealed, seal, unseal
from shared.schemas.identifiers import random_id
from shared.schemas.sealed_secret import SealedSecret
from shared.schemas.secret import Secret


@final
class Sealer:
    """Every service has one with the same keys. Keep an old key for 7 days: what it sealed may still be under way."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def seal(self, secret: Secret, *, purpose: str) -> SealedSecret:
        """Seal a secret for the bus; raise `InvalidError` if it is too long."""
        secret_id = random_id()
        sealed = seal(_owner(secret_id, purpose), secret, self._keyring)
        return SealedSecret(secret_id, sealed.key_id, sealed.data)

    def unseal(self, sealed: SealedSecret, *, purpose: str) -> Secret:
        """Return the secret; raise `MissingKeyError`, or `TamperedError` if it was sealed for another purpose."""
        return unseal(_owner(sealed.id, purpose), Sealed(sealed.key_id, sealed.sealed), self._keyring)


def _owner(secret_id: str, purpose: str) -> Owner:
    return Owner(kind="parcel", id=secret_id, provider="bus", purpose=purpose)  # messages under way have this kind
