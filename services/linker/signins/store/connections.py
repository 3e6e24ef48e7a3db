"""The linker's SQL for the accounts that Usher holds a credential for."""

from datetime import datetime
from typing import Literal

import msgspec

from shared.schemas.media import Provider


class LinkedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account that Usher holds a credential for; `server` is a machine id."""

    provider: Provider
    server: str
    account_id: str
    person_id: str
    username: str
    linked_at: datetime
    state: Literal["ok", "dead"] = "ok"
    reason: str | None = None
    checked_at: datetime | None = None
