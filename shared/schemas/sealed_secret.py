"""A secret on its way from one service to another, sealed so that neither NATS nor its files see it."""

import msgspec


class SealedSecret(msgspec.Struct, frozen=True):
    """Made and opened by `shared.sealing`, and only for the purpose it was made for."""

    id: str
    key_id: str
    sealed: bytes
