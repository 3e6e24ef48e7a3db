"""Carries secrets over the bus: each is sealed with the first encryption key, for one purpose, before it leaves.

A token in a message would be on the disks of NATS, in dead letters and in whatever is watched with `nats sub`.
"""

from typing import final

from shared.keyring import Keyring, Owner, Sealed, seal, unseal
from shared.schemas.identifiers import random_id
from shared.schemas.parcel import Parcel
from shared.schemas.secret import Secret


@final
class Courier:
    """Every service has one with the same keys. A key may go once nothing that it sealed is under way, after 7 days."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def pack(self, secret: Secret, *, purpose: str) -> Parcel:
        """Return a secret as it may travel; raise `InvalidError` for one that is too long."""
        parcel_id = random_id()
        sealed = seal(_owner(parcel_id, purpose), secret, self._keyring)
        return Parcel(parcel_id, sealed.key_id, sealed.data)

    def open(self, parcel: Parcel, *, purpose: str) -> Secret:
        """Return the secret; raise `MissingKeyError`, or `TamperedError` for one that is for something else."""
        return unseal(_owner(parcel.id, purpose), Sealed(parcel.key_id, parcel.sealed), self._keyring)


def _owner(parcel_id: str, purpose: str) -> Owner:
    return Owner(kind="parcel", id=parcel_id, provider="bus", purpose=purpose)
