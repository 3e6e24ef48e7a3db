"""A secret on its way from one service to another: sealed, so that neither NATS nor its files see it."""

import msgspec


class Parcel(msgspec.Struct, frozen=True):
    """Made and opened by `shared.courier`; opens only for the purpose that it was made for."""

    id: str
    key_id: str
    sealed: bytes
