"""A secret sent from one service to another, sealed so that neither NATS nor its files contain it."""

import msgspec


class SealedSecret(msgspec.Struct, frozen=True):
    """Sealed and unsealed by `shared.sealing`, each for one purpose."""

    id: str
    key_id: str
    sealed: bytes
