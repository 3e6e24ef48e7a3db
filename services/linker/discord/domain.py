"""The values that the linker's messages in Discord show."""

import msgspec


class LinkedAccountState(msgspec.Struct, frozen=True):
    """An account that Usher holds a credential for; `server` is a machine id, or empty."""

    provider: str
    server: str
    account_id: str
    is_dead: bool
