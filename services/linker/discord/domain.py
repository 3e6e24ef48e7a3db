"""What the linker says in Discord is about, as values."""

import msgspec


class Standing(msgspec.Struct, frozen=True):
    """An account that Usher holds a credential for; `server` is a machine id, or empty."""

    provider: str
    server: str
    account_id: str
    is_dead: bool
